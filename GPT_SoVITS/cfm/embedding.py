"""Embeddings that are functions of a position or a moment alone (numpy)."""

from __future__ import annotations

from functools import lru_cache
from math import log
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
TIME_SCALE = 1000.0
THETA = 10000.0


def moments(times: Array, frequencies: int) -> Array:
    """Sines, then cosines, of moments (n,) in 0..1 at falling frequencies, (n, frequencies) float32."""
    half = frequencies // 2
    rates = np.exp(np.arange(half, dtype=np.float32) * np.float32(-log(THETA) / (half - 1)))
    angles = np.float32(TIME_SCALE) * np.asarray(times, np.float32)[:, None] * rates
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1)


def _angles(count: int, dim: int) -> Array:
    """(count, dim / 2) float32; the products are rounded to float32 once, as the official ones."""
    return np.outer(np.arange(count, dtype=np.float32), position_rates(dim)).astype(np.float32)


def position_rates(dim: int) -> Array:
    """Angle from position to position of every pair of channels, (dim / 2,) float32."""
    exponents = np.arange(0, dim, 2).astype(np.float32) / np.float32(dim)
    return np.asarray(1.0 / THETA ** exponents.astype(np.float64), np.float32)


@lru_cache(maxsize=4)
def text_positions(count: int, dim: int, most: int) -> Array:
    """What is added to the condition at each position, (count, dim) float32, read-only: cosines, then sines.

    Positions from ``most`` on have the embedding of the last one before.
    """
    angles = _angles(min(count, most), dim)[np.minimum(np.arange(count), most - 1)]
    table = np.concatenate([np.cos(angles), np.sin(angles)], axis=1)
    table.flags.writeable = False
    return table


@lru_cache(maxsize=4)
def rotations(count: int, head_dim: int) -> tuple[Array, Array]:
    """Cosine and sine, (count, head_dim / 2) float32 each, that rotate pairs of channels of the first head.

    The official code rotates before it splits the heads, so the other heads know no positions; the convolutions of
    the input tell them.
    """
    angles = _angles(count, head_dim)
    tables = np.cos(angles), np.sin(angles)
    for table in tables:
        table.flags.writeable = False
    return tables
