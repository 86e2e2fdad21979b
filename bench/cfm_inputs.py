"""What both engines of :mod:`bench.cfm` compute: weights by their keys, inputs by seeds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.make_weights import DEPTH, deepened
from tests.parity.weights import generate, load_config

Array = npt.NDArray[Any]
FRAMES, PROMPT = 1000, 500
"""A whole chunk of v4, half of it reference."""
MEL_FRAMES = 100
TOKENS, PHONEMES, PROMPT_TOKENS = 100, 60, 125
"""A sentence of 4 s after a reference of 5 s."""
STEPS = 8
VERSION = "v4"


def sovits(fixtures: str, depth: int = DEPTH) -> tuple[dict[str, Array], dict[str, Any]]:
    """Arrays of v4 at a depth, numbers that float16 holds, and the configuration."""
    folder = Path(fixtures) / f"s2_{VERSION}"
    config = load_config(folder)
    config["model"] |= {"version": VERSION, "dit_depth": depth}
    arrays = deepened(generate(folder / "manifest.json"), depth)
    return {key: rounded(array) for key, array in arrays.items()}, config


def vocoder(fixtures: str, name: str) -> tuple[dict[str, Array], dict[str, Any]]:
    """Arrays and configuration of a vocoder."""
    folder = Path(fixtures) / name
    return generate(folder / "manifest.json"), load_config(folder)


def rounded(array: Array) -> Array:
    """Float32 numbers that are float16's."""
    return array.astype(np.float16).astype(np.float32) if array.dtype == np.float32 else array


def normal(*shape: int, seed: int = 0) -> Array:
    """Standard normal float32 numbers."""
    return np.random.default_rng(seed).standard_normal(shape, np.float32)


def mel(frames: int = MEL_FRAMES) -> Array:
    """A mel spectrogram (bins, frames) of natural logarithms."""
    return normal(100, frames, seed=3) * np.float32(2.0) - np.float32(5.0)


def numbers(count: int, below: int, seed: int) -> npt.NDArray[np.int64]:
    """Token or phoneme ids."""
    return np.random.default_rng(seed).integers(1, below, count)
