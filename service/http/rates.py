"""Limits of rate, by client."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

_MAX_CLIENTS = 10_000


class RateLimit:
    """A bucket of tokens for each client: ``burst`` at once, refilled with ``rate`` a second; for one thread.

    Args:
        rate: Tokens a second; 0 never refuses.
        burst: Tokens of a full bucket.
        clock: Seconds, growing.
    """

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, float(burst), clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, client: str) -> float:
        """Return seconds until the client has a token; 0 where it has one."""
        if not self._rate:
            return 0.0
        return max(0.0, (1.0 - self._level(client)) / self._rate)

    def take(self, client: str) -> float:
        """Take a token if there is one; return as :meth:`wait`."""
        if not self._rate:
            return 0.0
        level = self._level(client)
        if level < 1.0:
            return (1.0 - level) / self._rate
        self._buckets[client] = (level - 1.0, self._clock())
        self._buckets.move_to_end(client)
        # Forgetting the client that was quiet longest: its bucket is the fullest.
        if len(self._buckets) > _MAX_CLIENTS:
            self._buckets.popitem(last=False)
        return 0.0

    def _level(self, client: str) -> float:
        level, at = self._buckets.get(client, (self._burst, 0.0))
        return min(self._burst, level + (self._clock() - at) * self._rate)
