"""Change of sample rate by band-limited interpolation.

The official program has two resamplers, and a network hears which of them made its wave: ``torchaudio``'s for timbre
(:func:`resample`, our own code), and the ``soxr`` library, by way of librosa, for the semantic prompt
(:func:`prompt_wave`). With the other one, a tenth of the prompt's tokens come out different.

:func:`resample` has the numbers of ``torchaudio.functional.resample``.

Smith, "Digital audio resampling" (CCRMA): every output sample is a sum of input samples weighted with a sinc below the
lower of the two Nyquist frequencies, under a Hann window. With the rates reduced to ``old : new`` there are ``new``
different sets of weights, which repeat every ``old`` input samples.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import ceil

import numpy as np
import soxr

from GPT_SoVITS.features.errors import FeatureError

ZERO_CROSSINGS = 6
"""Half width of the window in zero crossings of the sinc (``lowpass_filter_width``)."""
ROLLOFF = 0.99
"""Cut-off as a part of the lower Nyquist frequency."""


LARGEST_TABLE = 1 << 22
"""Weights that are tabulated (16 MB). Rates that nearly no common divisor has would need gigabytes."""


def _ratio(rate: int, new_rate: int) -> tuple[int, int]:
    """Reduce the rates, to a ratio that differs by less than 1e-4 where the exact one would need too large a table."""
    exact = Fraction(rate, new_rate)
    for largest in (new_rate, 640, 320, 160, 80, 40):
        ratio = exact.limit_denominator(largest)
        old, new = ratio.numerator, ratio.denominator
        if old and (old + 2 * ceil(ZERO_CROSSINGS * old / (min(old, new) * ROLLOFF))) * new <= LARGEST_TABLE:
            return old, new
    raise FeatureError(f"cannot resample from {rate} to {new_rate} Hz; save the recording at a usual rate")


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
    old, new = _ratio(rate, new_rate)
    weights, reach = _weights(old, new)
    groups = len(samples) // old + 1
    padded = np.pad(samples, (reach, reach + old))
    windows = np.lib.stride_tricks.sliding_window_view(padded, len(weights))[::old][:groups]
    return np.ascontiguousarray((windows @ weights).reshape(-1)[: ceil(len(samples) * new / old)])


PROMPT_RATE = 16000
"""Samples per second that the network hears that the semantic prompt is made with."""


def prompt_wave(wave: np.ndarray, rate: int) -> np.ndarray:
    """Return a wave at 16 kHz, (ceil(n * 16000 / rate),) float32: the numbers of ``librosa.load(path, sr=16000)``.

    Args:
        wave: Samples of one channel (the mean of all), (n,).
        rate: Its samples per second.

    Raises:
        FeatureError: the rate is not positive, the wave has more than one axis, or soxr cannot change this rate.
    """
    if rate <= 0 or wave.ndim != 1:
        raise FeatureError(f"cannot resample a wave of shape {wave.shape} from {rate} Hz; pass one channel")
    samples = np.ascontiguousarray(wave, np.float32)
    if rate == PROMPT_RATE or not len(samples):
        return samples
    try:
        resampled = soxr.resample(samples, rate, PROMPT_RATE, quality="HQ")
    except (RuntimeError, ValueError) as error:
        raise FeatureError(f"cannot resample from {rate} to {PROMPT_RATE} Hz: {error}") from error
    length = ceil(len(samples) * (PROMPT_RATE / rate))
    return np.pad(resampled[:length], (0, max(0, length - len(resampled))))
