"""How long a worker has had work, by kind: the growth of these seconds is the use of its device."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable


class UseMeter:
    """Used on one event loop; read from any thread.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._running: Counter[str] = Counter()
        self._since: dict[str, float] = {}
        self._seconds: dict[str, float] = defaultdict(float)

    def begin(self, kind: str) -> None:
        """A job of a kind begins."""
        if not self._running[kind]:
            self._since[kind] = self._clock()
        self._running[kind] += 1

    def end(self, kind: str) -> None:
        """A job of a kind ends."""
        self._running[kind] -= 1
        if not self._running[kind]:
            self._seconds[kind] += self._clock() - self._since.pop(kind)

    def running(self) -> dict[str, int]:
        """Return how many jobs of each kind are under way."""
        return dict(self._running)

    def seconds(self) -> dict[str, float]:
        """Return for how long there was at least one job of each kind."""
        now = self._clock()
        return {kind: self._seconds[kind] + now - self._since.get(kind, now) for kind in list(self._running)}
