"""Telling listeners: progress not more often than is useful, and a listener's own failures kept out."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from GPT_SoVITS.engine.interface import Listener
from GPT_SoVITS.engine.messages import Event

logger = logging.getLogger(__name__)

PROGRESS_INTERVAL = 0.1
"""Seconds between two progress events of a segment."""


def tell(listener: Listener, event: Event) -> None:
    """Hand an event over; a listener that fails is its owner's trouble, not the engine's."""
    try:
        listener(event)
    except Exception:
        logger.exception("the listener of request %s failed", event.request_id)


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
