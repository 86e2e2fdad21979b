"""What two decode backends are compared by: the same random input, and how far their logits are apart."""

from __future__ import annotations

import numpy as np

from GPT_SoVITS.t2s.backend import DecodeInput
from GPT_SoVITS.t2s.config import T2SConfig


def sample_sequence(config: T2SConfig, text: int, prompt: int) -> DecodeInput:
    """Return random phonemes, features and prompt tokens of these lengths."""
    rng = np.random.default_rng((text, prompt))
    bert = rng.standard_normal((config.bert_dim, text)).astype(np.float32)
    return DecodeInput(rng.integers(0, config.phoneme_vocab_size, text), bert, rng.integers(0, config.eos, prompt))


def relative_difference(found: np.ndarray, expected: np.ndarray) -> float:
    """Return the largest difference relative to the largest number, infinite where there are no numbers."""
    if not np.isfinite(found).all():
        return float("inf")
    return float(np.abs(found - expected).max() / np.abs(expected).max())
