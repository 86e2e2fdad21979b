"""Weights and a recording that everybody can make again: what the recorded numbers were made with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias
from zlib import crc32

import numpy as np

Array: TypeAlias = np.ndarray[Any, Any]
TINY = {"aspp": (8, 0), "lstm": (8, 16)}
"""Family -> width and recurrent features of the small networks."""


def arrays_for(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Array]:
    """Return random weights for the official names and shapes; every name has its own numbers."""
    return {name: _values(name, shape) for name, shape in shapes.items()}


def _values(name: str, shape: tuple[int, ...]) -> Array:
    random = np.random.default_rng(crc32(name.encode()))
    if name.endswith("num_batches_tracked"):
        return np.array(1, np.int64)
    if name.endswith("running_var"):
        return random.uniform(0.5, 1.5, shape).astype(np.float32)
    if len(shape) == 1:
        centre = 1.0 if name.endswith(".weight") else 0.0
        return (centre + 0.1 * random.normal(size=shape)).astype(np.float32)
    fan_in = int(np.prod(shape[1:]))
    gain = 4.0 if name == "out.weight" else 1.4
    return np.asarray(random.normal(size=shape) * gain / np.sqrt(fan_in), np.float32)


def recording(seconds: float = 4.0) -> Array:
    """Return a stereo recording of gliding tones and noise at 44.1 kHz, (2, n) float32."""
    random = np.random.default_rng(7)
    time = np.arange(int(44100 * seconds)) / 44100
    voice = 0.3 * np.sin(2 * np.pi * (200 * time + 40 * time**2)) * (1 + np.sin(2 * np.pi * 3 * time)) / 2
    music = 0.2 * np.sin(2 * np.pi * 1760 * time) + 0.05 * np.sin(2 * np.pi * 9000 * time)
    noise = 0.02 * random.normal(size=(2, len(time)))
    return np.asarray(np.stack([voice + music, voice - 0.5 * music]) + noise, np.float32)


def echo(spectrum: Array) -> Array:
    """Return what a small "network" makes of (1, 4, bins, frames): neither linear nor the same for every bin."""
    gain = np.linspace(0.2, 0.9, spectrum.shape[2], dtype=np.float32)[None, None, :, None]
    return np.asarray(np.tanh(spectrum * gain) + 0.1 * np.roll(spectrum, 1, axis=3) + 0.05, np.float32)
