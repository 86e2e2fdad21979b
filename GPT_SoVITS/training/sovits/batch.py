"""Batches of the synthesizer's training: padding to official lengths and buckets, the random slice, noise.

Agrees with ``TextAudioSpeakerCollate`` of the official ``module/data_utils.py`` and with ``rand_slice_segments``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from GPT_SoVITS.features.spectrogram import SpectrogramConfig, spectrogram_to_mel

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Clip:
    """One recording.

    Attributes:
        ssl: (ssl_dim, T) HuBERT features, one frame per spectrogram frame.
        spectrogram: (bins, T).
        wave: (N,) samples.
        phonemes: (L,) ids.
        speaker: (speaker_embedding_dim,), Pro only.
    """

    ssl: Array
    spectrogram: Array
    wave: Array
    phonemes: Array
    speaker: Array | None = None


@dataclass(frozen=True)
class SovitsBatch:
    """Inputs of the synthesizer in their order, then the real slice's audio and mel spectrogram."""

    ssl: Array
    spectrogram: Array
    mask: Array
    batch_mask: Array
    text: Array
    text_mask: Array
    speaker: Array
    noise: Array
    selection: Array
    wave: Array
    mel: Array

    def synthesizer_inputs(self) -> tuple[Array, ...]:
        """Return the arrays in the order of the synthesizer's arguments."""
        return (
            *(self.ssl, self.spectrogram, self.mask, self.batch_mask, self.text, self.text_mask),
            *(self.speaker, self.noise, self.selection),
        )

    def inputs(self) -> tuple[Array, ...]:
        """Return the arrays in the order of the loss's arguments."""
        return (*self.synthesizer_inputs(), self.wave, self.mel)


def official_length(longest: int) -> int:
    """Return the length that the official batch pads to: even, and longer than the longest."""
    return 2 * (longest // 2 + 1)


def slice_starts(lengths: Sequence[int], draws: Array, segment: int) -> list[int]:
    """Return the first frame of each slice from draws in [0, 1), computed in float32 as officially."""
    rooms = np.asarray(lengths, np.float32) - np.float32(segment - 1)
    return [int(draw * room) for draw, room in zip(draws.astype(np.float32), rooms, strict=True)]


def collate(
    clips: Sequence[Clip],
    segment: int,
    config: SpectrogramConfig,
    noise: Callable[[tuple[int, ...]], Array],
    draws: Array,
    channels: int,
    fit: Callable[[int], int] = int,
    fit_text: Callable[[int], int] = int,
) -> SovitsBatch:
    """Make a batch.

    Args:
        clips: Recordings of at least ``segment`` frames, in the order of the batch.
        segment: Frames of a slice.
        config: Spectrogram of the recordings.
        noise: Standard normal numbers of a shape.
        draws: (B,) float32 in [0, 1), where each slice begins.
        channels: Latent channels.
        fit: Lengthens a number of frames to that of its bucket, an even one.
        fit_text: The same for phonemes.
    """
    B = len(clips)
    lengths = [clip.spectrogram.shape[1] for clip in clips]
    official = official_length(max(lengths))
    T, L = fit(official), fit_text(max(len(clip.phonemes) for clip in clips))
    ssl = np.zeros((B, clips[0].ssl.shape[0], T), np.float32)
    spectrogram = np.zeros((B, config.bins, T), np.float32)
    text, text_mask = np.zeros((B, L), np.int32), np.zeros((B, 1, L), np.float32)
    selection = np.zeros((B, T, segment), np.float32)
    wave = np.zeros((B, 1, segment * config.hop), np.float32)
    mel = np.zeros((B, config.mel_bins, segment), np.float32)
    for row, (clip, start) in enumerate(zip(clips, slice_starts(lengths, draws, segment), strict=True)):
        ssl[row, :, : clip.ssl.shape[1]] = clip.ssl
        spectrogram[row, :, : lengths[row]] = clip.spectrogram
        text[row, : len(clip.phonemes)], text_mask[row, :, : len(clip.phonemes)] = clip.phonemes, 1.0
        selection[row, start + np.arange(segment), np.arange(segment)] = 1.0
        samples = clip.wave[start * config.hop : (start + segment) * config.hop]
        wave[row, 0, : len(samples)] = samples
        mel[row] = spectrogram_to_mel(clip.spectrogram[:, start : start + segment], config)
    frames = np.arange(T)
    mask = (frames < np.asarray(lengths)[:, None])[:, None].astype(np.float32)
    return SovitsBatch(
        ssl=ssl,
        spectrogram=spectrogram,
        mask=mask,
        batch_mask=np.broadcast_to(frames < official, mask.shape).astype(np.float32),
        text=text,
        text_mask=text_mask,
        speaker=_speakers(clips),
        noise=noise((B, channels, T)),
        selection=selection,
        wave=wave,
        mel=mel,
    )


def _speakers(clips: Sequence[Clip]) -> Array:
    """Speaker embeddings (B, dim); a single zero each where the version has none."""
    return np.stack([np.zeros(1, np.float32) if clip.speaker is None else clip.speaker for clip in clips])
