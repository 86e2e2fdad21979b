"""What both engines train on: one batch of each kind, and weights that are a function of their names."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from GPT_SoVITS.training.gpt.batch import Example, GptBatch, collate
from tests.parity.weights import forget, load_config, network_arrays

Array = np.ndarray[Any, np.dtype[Any]]
ROWS, PHONEMES, TOKENS = 4, 64, 192
SLICES, SLICE_FRAMES = 2, 32
SMALL_LAYERS, SMALL_SLICES, SMALL_FRAMES = 4, 1, 8
HOP = 640


def decoder(folder: Path, small: bool) -> tuple[dict[str, Any], dict[str, Array]]:
    """Configuration and weights of the decoder; a small one has fewer layers."""
    config, arrays = load_config(folder), network_arrays("t2s", folder / "manifest.json")
    forget()  # else both engines would be charged with a copy of all weights
    if not small:
        return config, arrays
    layer = re.compile(r"h\.layers\.(\d+)\.")
    kept = {k: v for k, v in arrays.items() if not (found := layer.match(k)) or int(found[1]) < SMALL_LAYERS}
    return {**config, "model": {**config["model"], "n_layer": SMALL_LAYERS}}, kept


def gpt_batch(eos: int, bert_dim: int) -> GptBatch:
    """Four recordings of 7.7 s, without rejected sequences."""
    rng = np.random.default_rng(0)
    bert = rng.standard_normal((ROWS, PHONEMES, bert_dim)).astype(np.float32)
    examples = [Example(rng.integers(0, 300, PHONEMES), rng.integers(0, eos, TOKENS), bert[i]) for i in range(ROWS)]
    return collate(examples, eos, bert_dim, None)


def slices(channels: int, condition: int, small: bool) -> tuple[Array, Array, Array]:
    """Latent frames (B, channels, T), condition (B, condition, 1) and real audio (B, 1, N); small ones are shorter."""
    rng = np.random.default_rng(1)
    count, frames_each = (SMALL_SLICES, SMALL_FRAMES) if small else (SLICES, SLICE_FRAMES)
    shapes = ((count, channels, frames_each), (count, condition, 1), (count, 1, frames_each * HOP))
    frames, timbre, wave = (rng.standard_normal(shape).astype(np.float32) for shape in shapes)
    return frames, timbre, wave * np.float32(0.1)


def weights(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Array]:
    """Weights of moderate size for names and shapes; magnitudes of weight norm near 1."""
    made = {}
    for name, shape in shapes.items():
        rng = np.random.default_rng(zlib.crc32(name.encode()))
        spread = 0.05 if len(shape) < 2 or name.endswith("_g") else 1 / np.sqrt(np.prod(shape[1:]))
        made[name] = (name.endswith("_g") + spread * rng.standard_normal(shape)).astype(np.float32)
    return made
