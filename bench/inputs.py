"""Inputs of the benchmark cases: the same numbers for every engine, at the lengths of everyday sentences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.parity.weights import load_config

Array = npt.NDArray[np.float32]

GENERATOR_FRAMES = 400
"""Eight seconds of audio: 20 ms a frame."""
REFERENCE_FRAMES = 256
"""A reference clip of 5.1 s."""
TEXT, PROMPT, CONTEXT = 120, 130, 350
"""Phonemes (prompt's and target's), prompt tokens of 5.2 s, and the context of the decode step."""
HUBERT_SAMPLES = 16000 * 5 + 9600
CHARACTERS = 60
VERIFIER_SAMPLES = 16000 * 5


def normal(*shape: int, scale: float = 1.0, seed: int = 0) -> Array:
    """Standard normal float32 numbers, always the same."""
    return np.random.default_rng(seed).standard_normal(shape, np.float32) * np.float32(scale)


def model_config(fixtures: str, folder: str) -> dict[str, Any]:
    """The ``model`` section of a fixture's configuration."""
    section: dict[str, Any] = load_config(Path(fixtures) / folder)["model"]
    return section


def prefill_mask(text: int, prompt: int) -> npt.NDArray[np.bool_]:
    """True where attention is allowed: text sees text, the prompt sees all text and its own past."""
    mask = np.zeros((text + prompt, text + prompt), np.bool_)
    mask[:, :text] = True
    mask[text:, text:] = np.tril(np.ones((prompt, prompt), np.bool_))
    return mask


def sequence(prompt: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Array]:
    """Phoneme ids (TEXT,), prompt tokens (prompt,) and text features (1024, TEXT)."""
    rng = np.random.default_rng(3)
    return rng.integers(0, 300, TEXT), rng.integers(0, 1024, prompt), normal(1024, TEXT, scale=0.3)
