"""Change of sample rate by band-limited interpolation, the numbers of ``torchaudio.functional.resample``.

Smith, "Digital audio resampling" (CCRMA): every output sample is a sum of input samples weighted with a sinc below the
lower of the two Nyquist frequencies, under a Hann window. With the rates reduced to ``old : new`` there are ``new``
different sets of weights, which repeat every ``old`` input samples.
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil, gcd

import numpy as np

from GPT_SoVITS.features.errors import FeatureError

ZERO_CROSSINGS = 6
"""Half width of the window in zero crossings of the sinc (``lowpass_filter_width``)."""
ROLLOFF = 0.99
"""Cut-off as a part of the lower Nyquist frequency."""


@lru_cache(maxsize=16)
def _weights(old: int, new: int) -> tuple[np.ndarray, int]:
    """Return the weights (reach + old + reach, new) and how many samples before the first one they reach."""
    cutoff = min(old, new) * ROLLOFF
    reach = ceil(ZERO_CROSSINGS * old / cutoff)
    # Time from output sample j of a group to every input sample around the group, in units of zero crossings.
    inputs = np.arange(-reach, old + reach) / old
    outputs = (np.arange(new) / new).astype(np.float32)  # rounded as in the original, which shows at 44.1 kHz
    time = (inputs[:, None] - outputs[None]) * cutoff
    time = np.clip(time, -ZERO_CROSSINGS, ZERO_CROSSINGS)
    window = np.cos(time * np.pi / (2 * ZERO_CROSSINGS)) ** 2
    return (np.sinc(time) * window * (cutoff / old)).astype(np.float32), reach


def resample(wave: np.ndarray, rate: int, new_rate: int) -> np.ndarray:
    """Return a wave at another sample rate, (ceil(n * new_rate / rate),) float32.

    Args:
        wave: Samples, (n,).
        rate: Its samples per second.
        new_rate: Samples per second wanted.

    Raises:
        FeatureError: a rate is not positive, or the wave has more than one axis.
    """
    if rate <= 0 or new_rate <= 0 or wave.ndim != 1:
        raise FeatureError(
            f"cannot resample a wave of shape {wave.shape} from {rate} to {new_rate} Hz; pass one channel"
        )
    samples = np.asarray(wave, np.float32)
    if rate == new_rate:
        return samples
    common = gcd(rate, new_rate)
    old, new = rate // common, new_rate // common
    weights, reach = _weights(old, new)
    groups = len(samples) // old + 1
    padded = np.pad(samples, (reach, reach + old))
    windows = np.lib.stride_tricks.sliding_window_view(padded, len(weights))[::old][:groups]
    return np.ascontiguousarray((windows @ weights).reshape(-1)[: ceil(len(samples) * new / old)])
