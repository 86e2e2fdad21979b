"""Change of sample rate for audio that comes in pieces."""

from __future__ import annotations

from math import ceil, gcd

import numpy as np
from numpy.typing import NDArray

from GPT_SoVITS.features.resample import ZERO_CROSSINGS, resample


class StreamResampler:
    """Gives, piece by piece, exactly what resampling the whole would give.

    An output sample depends on few input samples to either side; so every piece is resampled together with that much of
    its neighbours, on the grid on which the weights repeat, and the neighbours' share is thrown away.
    """

    def __init__(self, rate: int, new_rate: int) -> None:
        common = gcd(rate, new_rate)
        self._old, self._new = rate // common, new_rate // common
        reach = (ZERO_CROSSINGS + 1) * self._old / min(self._old, self._new) + 1
        self._margin = ceil(reach / self._old)  # in groups of `old` input and `new` output samples
        self._kept: NDArray[np.float32] = np.zeros(0, np.float32)
        self._before = 0
        """Groups at the beginning of what is kept whose output was given already."""

    def write(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take (N,) float32 samples, return those at the new rate that are certain."""
        samples = np.asarray(samples, np.float32).reshape(-1)
        if self._old == self._new:
            return samples
        self._kept = np.concatenate([self._kept, samples])
        ready = len(self._kept) // self._old - self._margin
        if ready <= self._before:
            return np.zeros(0, np.float32)
        output = resample(self._kept, self._old, self._new)[self._before * self._new : ready * self._new]
        drop = max(0, ready - self._margin)
        self._kept = self._kept[drop * self._old :]
        self._before = ready - drop
        return output

    def finish(self) -> NDArray[np.float32]:
        """Return the last samples."""
        if self._old == self._new:
            return np.zeros(0, np.float32)
        output = resample(self._kept, self._old, self._new)[self._before * self._new :]
        self._kept, self._before = np.zeros(0, np.float32), 0
        return output
