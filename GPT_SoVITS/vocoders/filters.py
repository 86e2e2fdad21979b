"""The low-pass filter of BigVGAN's activations: a sinc at a quarter of the doubled rate under a Kaiser window."""

from __future__ import annotations

from functools import lru_cache
from math import pi
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
TAPS = 12
CUTOFF, HALF_WIDTH = 0.25, 0.3
EDGE = 5
"""Samples by which the signal's first and last value are repeated before it is raised."""
GAIN = 2.0
"""Of the filter that raises: every other of its inputs is zero."""


@lru_cache(maxsize=1)
def low_pass() -> Array:
    """Return the taps (12,) float32, which sum to 1; read-only."""
    attenuation = 2.285 * (TAPS // 2 - 1) * pi * 4 * HALF_WIDTH + 7.95  # 51 dB: Kaiser's formula for above 50
    window = np.kaiser(TAPS, 0.1102 * (attenuation - 8.7))
    time = np.arange(-(TAPS // 2), TAPS // 2) + 0.5
    taps = 2 * CUTOFF * window * np.sinc(2 * CUTOFF * time)
    result = (taps / taps.sum()).astype(np.float32)
    result.flags.writeable = False
    return result
