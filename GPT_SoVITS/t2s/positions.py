"""Positions of a sequence as the decoder adds them to its embeddings."""

from __future__ import annotations

import numpy as np

MASKED = -1e4
"""Added to the scores of hidden positions: exp gives exactly 0 in float32, and float16 can hold it."""


def sine_table(count: int, dim: int) -> np.ndarray:
    """Sine positions (count, dim) float32: sines in the even columns, cosines in the odd ones."""
    position = np.arange(count, dtype=np.float32)[:, None]
    step = np.float32(-np.log(10000.0) / dim)
    frequency = np.exp(np.arange(0, dim, 2, dtype=np.float32) * step)
    table = np.empty((count, dim), np.float32)
    table[:, 0::2] = np.sin(position * frequency)
    table[:, 1::2] = np.cos(position * frequency)
    return table
