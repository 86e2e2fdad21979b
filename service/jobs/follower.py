"""Keeping up with what other processes on the same database do to jobs, by a look at the event log."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping

from service.jobs.event_log import EventLog
from service.jobs.job_cache import JobCache
from service.threads import Offload

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 0.5
_GATHER_SECONDS = 0.03

Listener = Callable[[Mapping[str, int]], Awaitable[None]]
"""Told of what others did: job id -> number of the latest event."""


class EventFollower:
    """Looks twice a second. Used on one event loop.

    Args:
        events: The log.
        cache: Forgets what is outdated.
        offload: Runs blocking work in a thread.
    """

    def __init__(self, events: EventLog, cache: JobCache, offload: Offload) -> None:
        self._events, self._cache, self._offload = events, cache, offload
        self.listeners: list[Listener] = []
        self._soon = asyncio.Event()

    def look(self) -> None:
        """Look at once: something has happened elsewhere."""
        self._soon.set()

    async def follow(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                began, after = self._cache.now(), self._cache.look_after()
                last, latest = await self._offload(self._events.latest, after)
                changed = self._cache.looked(began, last, latest)
                for listener in self.listeners:
                    await listener(changed)
                self._cache.told(changed)
            except Exception:  # until it works again, jobs are read from the database
                logger.exception("the event log could not be read, it will be tried again")
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._soon.wait(), _LOOK_SECONDS)
                await asyncio.sleep(_GATHER_SECONDS)
            self._soon.clear()
