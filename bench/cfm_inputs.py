"""What both engines of :mod:`bench.cfm` compute: weights by their keys, inputs by seeds."""

from __future__ import annotations

import os
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
STEPS = int(os.environ.get("GPT_SOVITS_BENCH_STEPS", "8"))
"""Of the sampler for that sentence."""
VERSION = "v4"
CASE_FRAMES, CASE_PROMPT = 600, 200
"""Of :func:`sampling_case`: 4 s after 2 s."""
ESTIMATOR = "cfm.estimator."


def sovits(fixtures: str, depth: int = DEPTH, version: str = VERSION) -> tuple[dict[str, Array], dict[str, Any]]:
    """Arrays of v3 or v4 at a depth, numbers that float16 holds, and the configuration."""
    folder = Path(fixtures) / f"s2_{version}"
    config = load_config(folder)
    config["model"] |= {"version": version, "dit_depth": depth}
    arrays = deepened(generate(folder / "manifest.json"), depth)
    return {key: rounded(array) for key, array in arrays.items()}, config


def sampling_case(fixtures: str, version: str, depth: int) -> dict[str, Array]:
    """Everything that a sampler needs: random weights in float16, ``condition``, ``prompt`` and ``noise`` by frames."""
    arrays, _ = sovits(fixtures, depth, version)
    case = {key: array.astype(np.float16) for key, array in arrays.items() if key.startswith(ESTIMATOR)}
    return case | {
        "depth": np.array(depth), "condition": normal(CASE_FRAMES, 512, seed=2),
        "prompt": normal(CASE_PROMPT, 100, seed=10) * np.float32(0.3), "noise": normal(CASE_FRAMES, 100, seed=11),
    }  # fmt: skip


def estimator_of(case: dict[str, Array]) -> dict[str, Array]:
    """Official arrays of a case's estimator, float32."""
    return {key: array.astype(np.float32) for key, array in case.items() if key.startswith(ESTIMATOR)}


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
