"""Learning rates of both trainings, step by step and epoch by epoch.

The official warm-up and cosine of the text-to-semantic training end locked: whatever their settings, the optimiser's
first step is taken at its own rate, all others at 0.002. The synthesizer's rate decays by a factor per epoch.
"""

from __future__ import annotations

from dataclasses import dataclass

FIRST_RATE, LOCKED_RATE = 0.01, 0.002


def gpt_rate(step: int) -> float:
    """Return the learning rate of optimiser step ``step``, counted from 0 (``WarmupCosineLRSchedule``)."""
    return LOCKED_RATE if step else FIRST_RATE


@dataclass(frozen=True)
class EpochDecay:
    """``ExponentialLR`` as ``s2_train.py`` drives it.

    Attributes:
        base: Rate of the configuration.
        factor: What an epoch multiplies it by.
    """

    base: float
    factor: float

    def rate(self, epoch: int) -> float:
        """Return the rate of epoch ``epoch``, counted from 1; the first epoch is decayed once already."""
        return self._decayed(self.base, epoch)

    def rate_resumed(self, epoch: int, first: int) -> float:
        """Return the rate where the official program was started again and began at epoch ``first``.

        It loads the rate of the epoch that was saved and decays that once more for every epoch since the first one.
        """
        return self._decayed(self.rate(first - 1), epoch)

    def _decayed(self, rate: float, times: int) -> float:
        for _ in range(times):  # not a power: the official scheduler multiplies epoch by epoch
            rate *= self.factor
        return rate
