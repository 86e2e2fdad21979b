"""Removing files that belong to no job: wherever a machine has folders of its own, also without a worker."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from service.jobs.recovery import Recovery
from service.threads import Offload

logger = logging.getLogger(__name__)

BETWEEN_SECONDS = 60.0


class Cleaning:
    """All methods are used on one event loop.

    Args:
        recovery: Knows which files belong to no job.
        offload: Runs blocking work in a thread.
        expired_before: Which moment, in Unix seconds, lies so many seconds back.
        retention_seconds: Files are kept so long; 0 keeps them for ever.
    """

    def __init__(
        self, recovery: Recovery, offload: Offload, expired_before: Callable[[float], float], retention_seconds: float
    ) -> None:
        self._recovery, self._offload = recovery, offload
        self._expired_before, self._retention_seconds = expired_before, retention_seconds
        self._loop: asyncio.Task[None] | None = None

    async def clean(self) -> None:
        """Remove what was never accepted, and what is older than it is kept."""
        await self._offload(self._recovery.tidy)
        if self._retention_seconds:
            before = await self._offload(self._expired_before, self._retention_seconds)
            await self._offload(self._recovery.expire, before)

    async def start(self) -> None:
        """Clean now and then from now on, in a process that has no worker to do it."""
        await self._offload(self._expired_before, self._retention_seconds)  # readings of the clock begin with the start
        self._loop = asyncio.create_task(self._clean_for_ever(), name="cleaning")

    async def stop(self) -> None:
        """End what :meth:`start` began."""
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.gather(self._loop, return_exceptions=True)

    async def _clean_for_ever(self) -> None:
        while True:
            await asyncio.sleep(BETWEEN_SECONDS)
            try:
                await self.clean()
            except Exception:
                logger.exception("removing old files failed, it will be tried again")
