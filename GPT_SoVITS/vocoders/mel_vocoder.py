"""What makes audio from mel spectrograms, piece by piece, whatever computes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from GPT_SoVITS.sovits.vocoder import FramesToAudio, Vocoder
from GPT_SoVITS.sovits.windows import plan
from GPT_SoVITS.vocoders.config import BigVganConfig, HifiGanConfig

Array = np.ndarray[Any, np.dtype[Any]]
BIGVGAN_WINDOWS = (96, 128, 256, 512)
"""Frames of a run: what bounds memory, 33 kB for every frame and signal, and what graphs are compiled for."""
HIFIGAN_WINDOWS = (32, 64, 128, 256)
_NO_CONDITION = np.zeros(1, np.float32)


class MelVocoder(Protocol):
    """Mel (bins, T) of natural logarithms -> audio.

    Attributes:
        sampling_rate: Samples per second.
        samples_per_frame: Samples that a mel frame becomes.
        halo: Frames to a side that a frame's samples depend on.
        description: What computes it, in a few words.
        needs_compiling: Whether a graph computes it, which is compiled for every length.
        nbytes: Bytes of weights held.
    """

    sampling_rate: int
    samples_per_frame: int
    halo: int
    description: str
    needs_compiling: bool
    nbytes: int

    def stream(self, mel: Array) -> Iterator[Array]:
        """Yield the audio piece by piece, in order, without gap or overlap."""
        ...

    def __call__(self, mel: Array) -> Array:
        """Return all audio, (T * samples_per_frame,)."""
        ...


class HifiGan:
    """See :class:`MelVocoder`; v4's, 48 kHz.

    Args:
        config: Sizes.
        run: The generator in native code, or as a graph that runs in windows.
        description: What it is.
        nbytes: Bytes of weights that it holds.
    """

    def __init__(self, config: HifiGanConfig, run: FramesToAudio, description: str, nbytes: int = 0) -> None:
        self.nbytes = nbytes
        self.sampling_rate, self.halo, self.description = config.sampling_rate, config.halo, description
        self.samples_per_frame = config.generator.samples_per_frame
        self._vocoder = Vocoder(config.generator, run, HIFIGAN_WINDOWS)
        self.needs_compiling = self._vocoder.needs_compiling

    def stream(self, mel: Array) -> Iterator[Array]:
        """Yield the audio piece by piece; mel (bins, T)."""
        yield from self._vocoder.stream(np.asarray(mel, np.float32), _NO_CONDITION)

    def __call__(self, mel: Array) -> Array:
        """Return all audio, (T * samples_per_frame,)."""
        return np.concatenate(list(self.stream(mel)))


class BigVgan:
    """See :class:`MelVocoder`; v3's, 24 kHz.

    Args:
        config: Sizes.
        run: Mel (bins, T) -> audio (samples,), at once.
        description: What it is.
        flexible: Whether any length costs no more than its frames; graphs are compiled for a few lengths instead, and
            for those below the smallest of them.
        windows: Frames of a run.
        nbytes: Bytes of weights that it holds.
    """

    def __init__(
        self,
        config: BigVganConfig,
        run: Callable[[Array], Array],
        description: str,
        flexible: bool,
        windows: Sequence[int] = BIGVGAN_WINDOWS,
        nbytes: int = 0,
    ) -> None:
        self.nbytes = nbytes
        self.sampling_rate, self.halo, self.description = config.sampling_rate, config.halo, description
        self.samples_per_frame = config.generator.samples_per_frame
        self._run, self.needs_compiling = run, not flexible
        self._windows = tuple(size for size in windows if size > 2 * self.halo)
        if not self._windows:
            raise ValueError(f"windows of {tuple(windows)} frames: the largest must exceed two halos of {self.halo}")

    def stream(self, mel: Array) -> Iterator[Array]:
        """Yield the audio piece by piece; mel (bins, T)."""
        if mel.ndim != 2 or not mel.shape[1]:
            raise ValueError(f"a mel of shape {mel.shape}, expected (bins, at least 1)")
        frames, rate = mel.shape[1], self.samples_per_frame
        if frames < self._windows[0] or (not self.needs_compiling and frames <= self._windows[-1]):
            yield self._run(mel)
            return
        for window in plan(frames, self._windows, self.halo):
            audio = self._run(mel[:, window.start : window.start + window.size])
            yield audio[(window.first - window.start) * rate : (window.stop - window.start) * rate]

    def __call__(self, mel: Array) -> Array:
        """Return all audio, (T * samples_per_frame,)."""
        return np.concatenate(list(self.stream(mel)))
