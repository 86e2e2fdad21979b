"""Batches of the training of v3 and v4: padding to official lengths and buckets, where each flow is, and what it wants.

Agrees with ``TextAudioSpeakerCollateV3``, ``TextAudioSpeakerCollateV4`` and ``CFM.forward`` of the official program.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from GPT_SoVITS.cfm.condition import nearest_before
from GPT_SoVITS.cfm.config import CfmConfig
from GPT_SoVITS.cfm.embedding import moments, rotations, text_positions
from GPT_SoVITS.training.sovits.batch import official_length

Array = np.ndarray[Any, np.dtype[Any]]
LONGEST_PROMPT = np.float32(2.0 / 3.0)
"""Part of a recording that may be its own prompt."""
BOOTSTRAPPED = 0.3
"""Part of the steps that learn a long step from two short ones."""
EXPONENTS = (2, 8)
"""Lengths of these short steps: 1 / 2^n, n from the first on and below the second."""
LEAST_LENGTH = 1e-2
"""A shorter step is told to the network as none."""


@dataclass(frozen=True)
class MelClip:
    """One recording.

    Attributes:
        ssl: (ssl_dim, T) HuBERT features, one frame per spectrogram frame.
        spectrogram: (bins, T).
        mel: (mel_bins, F) normalised.
        phonemes: (L,) ids.
    """

    ssl: Array
    spectrogram: Array
    mel: Array
    phonemes: Array


@dataclass(frozen=True)
class MelBatch:
    """Recordings of a batch, padded; B rows, T frames of content, F mel frames.

    Attributes:
        ssl: (B, ssl_dim, T).
        spectrogram: (B, bins, T).
        mask: (B, 1, T), 1 within each recording.
        batch_mask: (B, 1, T), 1 up to the end of the official batch.
        text: (B, L) int32.
        text_mask: (B, 1, L).
        mel: (B, F, mel_bins).
        lengths: (B,) mel frames of each recording.
        exists: (B, F), 1 up to the end of the official batch.
        places: (T, F), which frame of content each mel frame stands in.
    """

    ssl: Array
    spectrogram: Array
    mask: Array
    batch_mask: Array
    text: Array
    text_mask: Array
    mel: Array
    lengths: Array
    exists: Array
    places: Array

    def content_inputs(self) -> tuple[Array, ...]:
        """Return the arrays in the order of :class:`GPT_SoVITS.training.cfm.network.Content`'s arguments."""
        return self.ssl, self.spectrogram, self.mask, self.batch_mask, self.text, self.text_mask

    @property
    def keys(self) -> Array:
        """(B, F), 1 within each recording."""
        return _up_to(self.lengths, self.mel.shape[1])


def _up_to(lengths: Array, count: int) -> Array:
    return np.asarray(np.arange(count) < np.asarray(lengths)[:, None], np.float32)


def collate(
    clips: Sequence[MelClip],
    sizes: CfmConfig,
    fit: Callable[[int], int] = int,
    fit_text: Callable[[int], int] = int,
) -> MelBatch:
    """Make a batch.

    Args:
        clips: Recordings in the order of the batch.
        sizes: Of the network.
        fit: Lengthens a number of frames to that of its bucket, an even one.
        fit_text: The same for phonemes.
    """
    B, rate = len(clips), sizes.frames.per_content_frame
    lengths = np.array([clip.spectrogram.shape[1] for clip in clips])
    official = official_length(int(lengths.max()))
    T, L = fit(official), fit_text(max(len(clip.phonemes) for clip in clips))
    F, official_mel = int(T * rate), int(official * rate)
    ssl = np.zeros((B, clips[0].ssl.shape[0], T), np.float32)
    spectrogram = np.zeros((B, clips[0].spectrogram.shape[0], T), np.float32)
    text, text_mask = np.zeros((B, L), np.int32), np.zeros((B, 1, L), np.float32)
    mel = np.zeros((B, F, sizes.mel), np.float32)
    mel_lengths = np.array([min(clip.mel.shape[1], official_mel) for clip in clips])
    for row, (clip, frames) in enumerate(zip(clips, mel_lengths, strict=True)):
        ssl[row, :, : clip.ssl.shape[1]] = clip.ssl
        spectrogram[row, :, : lengths[row]] = clip.spectrogram
        text[row, : len(clip.phonemes)], text_mask[row, :, : len(clip.phonemes)] = clip.phonemes, 1.0
        mel[row, :frames] = clip.mel.T[:frames]
    places = np.zeros((T, F), np.float32)
    places[nearest_before(F, rate), np.arange(F)] = 1.0
    return MelBatch(
        ssl=ssl,
        spectrogram=spectrogram,
        mask=_up_to(lengths, T)[:, None],
        batch_mask=_up_to(np.full(B, official), T)[:, None],
        text=text,
        text_mask=text_mask,
        mel=mel,
        lengths=mel_lengths,
        exists=_up_to(np.full(B, official_mel), F),
        places=places,
    )


@dataclass(frozen=True)
class Draws:
    """Random numbers of one step.

    Attributes:
        prompts: (B,) float32 in [0, 1), which part of each recording may be its prompt.
        times: (B,) float32 in [0, 1), where on its way each flow is.
        noise: (B, F, mel_bins) standard normal, where the flows begin.
        exponents: (B,) whole numbers where a long step is learnt from two short ones; None for a plain step.
    """

    prompts: Array
    times: Array
    noise: Array
    exponents: Array | None = None


def draw(batch: MelBatch, prompts: np.random.Generator, flow: np.random.Generator) -> Draws:
    """Draw the numbers of a step from two generators."""
    B = len(batch.mel)
    times, kind = flow.random(B, np.float32), flow.random()
    exponents = flow.integers(*EXPONENTS, B) if kind < BOOTSTRAPPED else None
    # Frame by frame, so that what belongs to a frame does not depend on the bucket.
    noise = np.stack([flow.standard_normal(batch.mel.shape[1:], np.float32) for _ in range(B)])
    return Draws(prompts.random(B, np.float32), times, noise, exponents)


class FlowStep:
    """Where the flows of a batch are, and what is wanted of the network there.

    Args:
        batch: Recordings.
        draws: Random numbers.
        sizes: Of the network.
    """

    def __init__(self, batch: MelBatch, draws: Draws, sizes: CfmConfig) -> None:
        self._batch, self._sizes = batch, sizes
        self.times = np.asarray(draws.times, np.float32)
        longest = batch.lengths.astype(np.float32) * 2 / 3
        self.prompts = np.floor(np.asarray(draws.prompts, np.float32) * longest.astype(np.float32)).astype(np.int64)
        known = _up_to(self.prompts, batch.mel.shape[1])[:, :, None] > 0
        velocity = batch.mel - draws.noise
        x = draws.noise + self.times[:, None, None] * velocity
        self.x, self.prompt = np.where(known, np.float32(0.0), x), np.where(known, batch.mel, np.float32(0.0))
        self.velocity = velocity
        self.short = None if draws.exponents is None else (0.5**draws.exponents).astype(np.float32)
        self._fixed = self._constants()

    def _constants(self) -> tuple[Array, ...]:
        batch, sizes = self._batch, self._sizes
        B, F, _ = batch.mel.shape
        tables = (text_positions(F, sizes.text, sizes.most_positions), *rotations(F, sizes.head_dim))
        return batch.exists, batch.keys, *(np.repeat(table[None], B, axis=0) for table in tables)

    def weights(self) -> Array:
        """(B, F, mel_bins): what each number of a frame counts for in the loss."""
        B, F, bins = self._batch.mel.shape
        counted = self._batch.keys - _up_to(self.prompts, F)
        shares = counted / (np.maximum(counted.sum(1, keepdims=True), 1.0) * bins * B)
        return np.repeat(shares[:, :, None], bins, axis=2).astype(np.float32)

    def inputs(self) -> tuple[Array, ...]:
        """Return where the network learns: the arguments of ``Velocity`` behind the condition."""
        long = np.zeros_like(self.times) if self.short is None else 2 * self.short
        return self._at(self.x, self.times, long)

    def first_half(self) -> tuple[Array, ...]:
        """Return the same for the first short step."""
        assert self.short is not None  # noqa: S101  (asked of bootstrapped steps alone)
        return self._at(self.x, self.times, self._told(self.short))

    def second_half(self, first: Array) -> tuple[Array, ...]:
        """Return the same for the second short step, given the velocity (B, F, mel_bins) of the first."""
        assert self.short is not None  # noqa: S101
        moved = self.x + self.short[:, None, None] * first
        return self._at(moved, self.times + self.short, self._told(self.short))

    @staticmethod
    def _told(short: Array) -> Array:
        return np.where(short < LEAST_LENGTH, np.float32(0.0), short)

    def _at(self, x: Array, times: Array, lengths: Array) -> tuple[Array, ...]:
        count = self._sizes.frequencies
        return x, self.prompt, moments(times, count), moments(lengths, count), *self._fixed
