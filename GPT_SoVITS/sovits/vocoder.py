"""Runs the generator in windows: any number of frames, few compiled lengths, audio from the first window on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from GPT_SoVITS.sovits.buckets import WINDOWS
from GPT_SoVITS.sovits.config import GeneratorConfig
from GPT_SoVITS.sovits.windows import halo, plan

Array = np.ndarray[Any, np.dtype[Any]]


class FramesToAudio(Protocol):
    """What runs one window: frames (1, C, T), condition (1, gin, 1), optional mask (1, 1, T) -> (1, 1, samples)."""

    def __call__(self, frames: Array, condition: Array, mask: Array | None = None) -> Array: ...


@runtime_checkable
class AudioStream(Protocol):
    """A runner that needs no windows: frames (C, T), condition (gin,) -> audio (samples,) piece by piece."""

    def stream(self, frames: Array, condition: Array) -> Iterator[Array]: ...


class Vocoder:
    """Latent frames to audio, identical (up to rounding) to one run of the generator over all frames.

    A latent shorter than the smallest window runs padded to it in a graph with masks; masks make every convolution a
    little dearer, which does not matter there and spares a compilation for every short length.

    Args:
        config: Sizes of the generator.
        run: Computes one window; one that is an :class:`AudioStream` is given all frames instead.
        sizes: Window lengths in frames; the largest must exceed two halos.
    """

    def __init__(self, config: GeneratorConfig, run: FramesToAudio, sizes: Sequence[int] = WINDOWS) -> None:
        self.halo = halo(config)
        if max(sizes) <= 2 * self.halo:
            raise ValueError(f"windows of {tuple(sizes)} frames: the largest must exceed two halos of {self.halo}")
        self.sizes = tuple(sorted(size for size in sizes if size > 2 * self.halo))
        self.samples_per_frame = config.samples_per_frame
        self._run = run

    @property
    def needs_compiling(self) -> bool:
        """Whether every window length has a graph."""
        return not isinstance(self._run, AudioStream)

    @property
    def lengths_to_warm(self) -> tuple[int, ...]:
        """Numbers of frames after which every graph is compiled."""
        return (self.sizes[0] - 1, *self.sizes) if self.needs_compiling else (self.sizes[0],)

    def stream(self, frames: Array, condition: Array) -> Iterator[Array]:
        """Yield the audio piece by piece, in order, without gap or overlap.

        Args:
            frames: (C, T) latent frames.
            condition: (gin,) speaker condition.
        """
        if frames.ndim != 2 or not frames.shape[1]:
            raise ValueError(f"latent frames of shape {frames.shape}, expected (channels, at least 1)")
        if isinstance(self._run, AudioStream):
            yield from self._run.stream(frames, condition)
            return
        shaped = np.asarray(condition, frames.dtype)[None, :, None]
        if frames.shape[1] < self.sizes[0]:
            yield self._short(frames, shaped)
            return
        rate = self.samples_per_frame
        for window in plan(frames.shape[1], self.sizes, self.halo):
            part = np.ascontiguousarray(frames[None, :, window.start : window.start + window.size])
            audio = self._run(part, shaped)[0, 0]
            yield audio[(window.first - window.start) * rate : (window.stop - window.start) * rate]

    def __call__(self, frames: Array, condition: Array) -> Array:
        """Return all audio, (T * samples_per_frame,)."""
        return np.concatenate(list(self.stream(frames, condition)))

    def _short(self, frames: Array, condition: Array) -> Array:
        count, size = frames.shape[1], self.sizes[0]
        padded = np.zeros((1, frames.shape[0], size), frames.dtype)
        padded[0, :, :count] = frames
        mask = np.zeros((1, 1, size), frames.dtype)
        mask[0, 0, :count] = 1.0
        return self._run(padded, condition, mask)[0, 0, : count * self.samples_per_frame]
