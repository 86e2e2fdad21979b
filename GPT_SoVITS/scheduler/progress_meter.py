"""Progress events, not more often than is useful."""

from __future__ import annotations

import time
from collections.abc import Callable

PROGRESS_INTERVAL = 0.1
"""Seconds between two progress events of a segment."""


class ProgressMeter:
    """Decides which progress events of a segment are sent."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: float | None = None

    def due(self) -> bool:
        """Whether enough time has passed since the last event; counts as one when it has."""
        now = self._clock()
        if self._last is not None and now - self._last < PROGRESS_INTERVAL:
            return False
        self._last = now
        return True
