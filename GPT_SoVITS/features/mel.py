"""Mel filterbanks on Slaney's scale, as ``librosa.filters.mel`` makes them, and mel spectrograms from magnitudes."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from GPT_SoVITS.features.errors import FeatureError

LOG_FLOOR = 1e-5
_HERTZ_PER_MEL = 200.0 / 3
_LOG_START_HERTZ = 1000.0
_LOG_START_MEL = _LOG_START_HERTZ / _HERTZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27.0
"""Above 1000 Hz each mel is this much in the logarithm of the frequency."""


def _to_mel(hertz: float) -> float:
    if hertz < _LOG_START_HERTZ:
        return hertz / _HERTZ_PER_MEL
    return _LOG_START_MEL + float(np.log(hertz / _LOG_START_HERTZ) / _LOG_STEP)


def _to_hertz(mels: np.ndarray) -> np.ndarray:
    logarithmic = _LOG_START_HERTZ * np.exp(_LOG_STEP * (mels - _LOG_START_MEL))
    return np.where(mels < _LOG_START_MEL, mels * _HERTZ_PER_MEL, logarithmic)


@lru_cache(maxsize=8)
def mel_filters(
    sample_rate: int, n_fft: int, bins: int, lowest: float = 0.0, highest: float | None = None
) -> np.ndarray:
    """Return triangular filters of equal area on Slaney's mel scale, (bins, n_fft // 2 + 1) float32, read-only.

    Args:
        sample_rate: Samples per second.
        n_fft: Size of the Fourier transform.
        bins: Number of filters.
        lowest: Lower edge of the first filter in Hz.
        highest: Upper edge of the last filter in Hz; None for half the sample rate.

    Raises:
        FeatureError: the edges are not in order.
    """
    top = sample_rate / 2 if highest is None else highest
    if not 0 <= lowest < top:
        raise FeatureError(f"mel filters from {lowest} Hz to {top} Hz; the lower edge has to be below the upper one")
    edges = _to_hertz(np.linspace(_to_mel(lowest), _to_mel(top), bins + 2))
    frequencies = np.fft.rfftfreq(n_fft, 1.0 / sample_rate)
    left, centre, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising, falling = (frequencies - left) / (centre - left), (right - frequencies) / (right - centre)
    filters = np.maximum(0.0, np.minimum(rising, falling)) * (2.0 / (right - left))
    result = filters.astype(np.float32)
    result.flags.writeable = False
    return result


def log_mel(magnitudes: np.ndarray, filters: np.ndarray) -> np.ndarray:
    """Return the natural logarithm of mel magnitudes, floored at 1e-5; (..., n_fft // 2 + 1, T) -> (..., bins, T)."""
    return np.log(np.maximum(filters @ magnitudes, np.float32(LOG_FLOOR)))
