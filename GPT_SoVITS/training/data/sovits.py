"""Recordings of the synthesizers' training (``TextAudioSpeakerLoader`` of the official ``module/data_utils.py``)."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import soundfile

from GPT_SoVITS.features.errors import FeatureError
from GPT_SoVITS.features.resample import resample
from GPT_SoVITS.features.spectrogram import SpectrogramConfig, spectrogram
from GPT_SoVITS.training.data.folder import Array, DatasetError, Folder
from GPT_SoVITS.training.data.sampling import SovitsOrder, repeated
from GPT_SoVITS.training.processes import Processes
from GPT_SoVITS.training.sovits.batch import Clip

SHORTEST, LONGEST = 0.6, 54.0
"""Seconds; outside, a recording is left out."""
_SHUFFLE_SEED = 1234
_BYTES_PER_SAMPLE = 2
C = TypeVar("C")


def spectrogram_config(config: Mapping[str, Any]) -> SpectrogramConfig:
    """Return the spectrogram of an official configuration's ``data`` section."""
    data = config["data"]
    return SpectrogramConfig(
        int(data["sampling_rate"]), int(data["filter_length"]), int(data["hop_length"]), int(data["n_mel_channels"])
    )


@dataclass(frozen=True)
class Heard:
    """What every synthesizer is told of a recording.

    Attributes:
        samples: (N,) at the rate of the file, mono.
        rate: Of the file, in Hz.
        wave: (M,) at the synthesizer's rate.
        spectrogram: (bins, T) of the wave.
        ssl: (ssl_dim, T) HuBERT features.
    """

    samples: Array
    rate: int
    wave: Array
    spectrogram: Array
    ssl: Array


class Recordings(ABC, Generic[C]):
    """What can be trained on, shuffled once, repeated where there is little.

    Lengths are told from the size of the files, which are 16-bit WAV, as officially.

    Args:
        folder: Training folder.
        config: Spectrogram of the synthesizer.
        with_speaker: Whether the version takes a speaker embedding.

    Raises:
        DatasetError: a part of the folder is missing, or fewer than two recordings can be trained on.
    """

    def __init__(self, folder: Folder, config: SpectrogramConfig, with_speaker: bool = False) -> None:
        self._folder, self._config = folder, config
        names = set(folder.phonemes) & folder.names_of("4-cnhubert", ".pt") & folder.names_of("5-wav32k")
        if with_speaker:
            names &= folder.names_of("7-sv_cn", ".pt")
        for name in set(folder.phonemes) - names:
            folder.skipped.add("phonemes without recording, HuBERT features or speaker embedding", name)
        ordered = sorted(names) * repeated(len(names))
        random.Random(_SHUFFLE_SEED).shuffle(ordered)  # noqa: S311  (an order, not a secret)
        sizes = {name: folder.wave_path(name).stat().st_size for name in names}
        self.names = [name for name in ordered if self._fits(name, sizes[name])]
        if len(self.names) < 2:
            raise DatasetError(f"{folder.root} has too few recordings to train on: {folder.skipped.summary()}")
        self.frames = [sizes[name] // (_BYTES_PER_SAMPLE * config.hop) for name in self.names]

    def _fits(self, name: str, size: int) -> bool:
        if SHORTEST < size / self._config.sample_rate / _BYTES_PER_SAMPLE < LONGEST:
            return True
        self._folder.skipped.add(f"not between {SHORTEST} and {LONGEST} seconds", name)
        return False

    def order(self, batch_size: int, boundaries: Sequence[int], group: Processes) -> SovitsOrder:
        """Return the order of training; what it leaves out is noted.

        Args:
            batch_size: Recordings of a process's batch.
            boundaries: See :class:`SovitsOrder`.
            group: The processes that share the batches.

        Raises:
            DatasetError: it leaves out everything.
        """
        order = SovitsOrder(self.frames, batch_size, boundaries, group)
        for index in order.left_out:
            self._folder.skipped.add(f"not of {boundaries[0] + 1} to {boundaries[-1]} frames", self.names[index])
        if not len(order):
            raise DatasetError(f"{self._folder.root} has no recording to train on: {self._folder.skipped.summary()}")
        return order

    def __len__(self) -> int:
        """Recordings of an epoch."""
        return len(self.names)

    def __getitem__(self, index: int) -> C:
        """Read one recording; one that cannot be read is noted, and the next that can is taken in its place.

        Raises:
            DatasetError: none can be read.
        """
        reason = ""
        for step in range(len(self.names)):
            name = self.names[(index + step) % len(self.names)]
            try:
                return self._clip(name, self._hear(name))
            except (DatasetError, FeatureError, soundfile.LibsndfileError) as error:
                reason = f"{name}: {error}"
                self._folder.skipped.add("cannot be read", reason)
        raise DatasetError(f"{self._folder.root}: no recording can be read ({reason})")

    def _hear(self, name: str) -> Heard:
        channels, rate = soundfile.read(self._folder.wave_path(name), dtype="float32", always_2d=True)
        samples = channels.mean(1)
        if not np.isfinite(samples).all():  # a WAV of floating point numbers may hold any
            raise DatasetError(f"5-wav32k/{name}: holds numbers that are infinite or none (NaN)")
        wave = resample(samples, rate, self._config.sample_rate)
        magnitudes = spectrogram(wave, self._config)[0]
        return Heard(samples, rate, wave, magnitudes, _as_long(self._folder.hubert(name), magnitudes.shape[1], name))

    @abstractmethod
    def _clip(self, name: str, heard: Heard) -> C:
        """Return what a synthesizer is trained on.

        Raises:
            DatasetError, FeatureError: it cannot be made.
        """


class SovitsRecordings(Recordings[Clip]):
    """Those of v1, v2 and the Pro versions; see :class:`Recordings`."""

    def __init__(self, folder: Folder, config: SpectrogramConfig, with_speaker: bool) -> None:
        super().__init__(folder, config, with_speaker)
        self._with_speaker = with_speaker

    def _clip(self, name: str, heard: Heard) -> Clip:
        return Clip(
            ssl=heard.ssl,
            spectrogram=heard.spectrogram,
            wave=heard.wave,
            phonemes=self._folder.phonemes[name],
            speaker=self._folder.speaker(name) if self._with_speaker else None,
        )


def _as_long(features: Array, frames: int, name: str) -> Array:
    """Features (ssl_dim, T) of as many frames as the spectrogram; the official program repeats the last one."""
    if abs(features.shape[1] - frames) > 2:
        raise DatasetError(f"4-cnhubert/{name}.pt: {features.shape[1]} frames, the recording has {frames}")
    missing = max(0, frames - features.shape[1])
    return np.pad(features, ((0, 0), (0, missing)), mode="edge")[:, :frames]
