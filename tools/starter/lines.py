"""Batches of sentences for the synthesizer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from GPT_SoVITS.features.spectrogram import reference_spectrogram
from tools.starter.dataset import RATE, SAMPLES_PER_CODE, Utterance, samples
from tools.starter.style import REFERENCE_BINS
from tools.starter.synthesizer import FRAMES_PER_CODE, Lines
from tools.starter.timing import centres_in_audio

HEARD = 0.2
"""Share of sentences with the codes that the content encoder hears, where it knows them."""
NOISE = 0.03
"""Share of true codes that are replaced, as the decoder errs too."""
_REFERENCE_FRAMES = 200


@dataclass
class Voices:
    """Reference spectrograms by voice."""

    pools: dict[str, list[np.ndarray]] = field(default_factory=dict)

    @classmethod
    def of(cls, items: Sequence[Utterance], count: int = 12) -> Voices:
        """Take the first sentences of three seconds and more of every voice."""
        result = cls()
        for item in items:
            pool = result.pools.setdefault(item.style, [])
            if len(pool) < count and len(item.wave) > 3 * RATE:
                pool.append(reference_spectrogram(samples(item), RATE)[0, :REFERENCE_BINS])
        return result

    def draw(self, style: str, rng: np.random.Generator) -> np.ndarray:
        """Return some seconds of one reference of a voice, (704, F)."""
        pool = self.pools[style]
        whole = pool[rng.integers(len(pool))]
        start = rng.integers(0, max(1, whole.shape[1] - _REFERENCE_FRAMES))
        return whole[:, start : start + _REFERENCE_FRAMES]


def drawn_codes(item: Utterance, heard: Mapping[str, np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Return the true codes with a little noise, or what the encoder hears."""
    codes, _ = item.codes()
    known = heard.get(f"{item.name} {item.style}")
    if known is not None and rng.random() < HEARD:
        return known[: len(codes)]
    return np.where(rng.random(len(codes)) < NOISE, rng.integers(0, item.spoken.CODES, len(codes)), codes)


def lines_of(codes: Sequence[np.ndarray], texts: Sequence[np.ndarray], references: Sequence[np.ndarray]) -> Lines:
    """Pad codes (N,), symbols (L,) and reference spectrograms (704, F) to one batch."""
    count = len(codes)
    result = Lines(
        torch.zeros(count, max(map(len, codes)), dtype=torch.long),
        torch.tensor([len(c) for c in codes]),
        torch.zeros(count, max(map(len, texts)), dtype=torch.long),
        torch.tensor([len(t) for t in texts]),
        torch.zeros(count, REFERENCE_BINS, max(r.shape[1] for r in references)),
        torch.tensor([r.shape[1] for r in references]),
    )
    for row, (c, t, r) in enumerate(zip(codes, texts, references, strict=True)):
        result.codes[row, : len(c)] = torch.from_numpy(c)
        result.text[row, : len(t)] = torch.from_numpy(t)
        result.references[row, :, : r.shape[1]] = torch.from_numpy(r)
    return result


def waves_of(items: Sequence[Utterance], lines: Lines) -> torch.Tensor:
    """Return the audio of a batch, (B, N * samples per code)."""
    waves = torch.zeros(len(items), lines.codes.shape[1] * SAMPLES_PER_CODE)
    for row, item in enumerate(items):
        wave = samples(item)[: int(lines.code_lengths[row]) * SAMPLES_PER_CODE]
        waves[row, : len(wave)] = torch.from_numpy(wave)
    return waves


def centres_of(items: Sequence[Utterance], lines: Lines) -> torch.Tensor:
    """Return where in the audio the middle of every latent frame lies, in samples, (B, T)."""
    centres = torch.zeros(len(items), lines.codes.shape[1] * FRAMES_PER_CODE, dtype=torch.long)
    for row, item in enumerate(items):
        own = centres_in_audio(item)[: centres.shape[1]]
        centres[row, : len(own)] = torch.from_numpy(own)
    return centres
