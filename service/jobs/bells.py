"""What wakes a worker. A job's row is all that counts: a bell that is not heard costs a second, never a job."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import threading
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager
from typing import Any, Protocol

logger = logging.getLogger(__name__)


IDLE_SECONDS = 1.0


class Bell(Protocol):
    """Tells workers that something may be there to claim."""

    @property
    def idle_seconds(self) -> float:
        """How long a worker may go without a look of its own, as well as the bell works now."""

    def ring(self, kind: str = "") -> None:
        """Something was committed that a worker may want; from any thread, returns at once.

        Args:
            kind: A job of this kind; empty is any.
        """

    def wake(self) -> None:
        """Something changed that only this process's worker need know; from any thread."""

    async def heard(self, seconds: float, kinds: Collection[str] = ()) -> None:
        """Return as soon as somebody rings, at the latest after so many seconds.

        Args:
            seconds: How long.
            kinds: Of which the listener could begin a job.
        """

    def close(self) -> None:
        """Ring no more."""


class LocalBell:
    """Within one process. Made anywhere, heard on one event loop."""

    idle_seconds = IDLE_SECONDS

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def ring(self, kind: str = "") -> None:
        """Wake whoever listens; from any thread."""
        self.wake()

    def wake(self) -> None:
        """See :class:`Bell`."""
        if self._loop is None:  # nobody has listened yet: whoever does first finds that it rang
            self._event.set()
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._event.set)

    async def heard(self, seconds: float, kinds: Collection[str] = ()) -> None:
        """Return at a ring, or after so many seconds."""
        self._loop = asyncio.get_running_loop()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._event.wait(), seconds)
        self._event.clear()

    def close(self) -> None:
        """End; nothing is rung any more."""


class NotifyBell:
    """Between processes, by PostgreSQL's NOTIFY on a connection of its own, after and outside of all transactions.

    Args:
        address: Of the database, as psycopg reads it.
        local: Rung for whatever others ring; heard by this process's worker.
    """

    CHANNEL = "gpt_sovits_jobs"
    idle_seconds = IDLE_SECONDS

    def __init__(self, address: str, local: Bell) -> None:
        self._address, self._local = address, local
        self._closed = threading.Event()
        self._pending = threading.Event()
        self._threads = [
            threading.Thread(target=target, name=f"bell-{target.__name__.strip('_')}", daemon=True)
            for target in (self._listen, self._tell)
        ]
        for thread in self._threads:
            thread.start()

    def ring(self, kind: str = "") -> None:
        """Wake whoever listens here, and the others; many rings at once are one notification."""
        self._local.wake()
        self._pending.set()

    def wake(self) -> None:
        """See :class:`Bell`."""
        self._local.wake()

    async def heard(self, seconds: float, kinds: Collection[str] = ()) -> None:
        """Return at a ring, or after so many seconds."""
        await self._local.heard(seconds)

    def close(self) -> None:
        """End; nothing is rung any more."""
        self._closed.set()
        self._pending.set()
        for thread in self._threads:
            thread.join(timeout=5)

    def _listen(self) -> None:
        while not self._closed.is_set():
            with self._carrying_on(), self._connected() as connection:
                connection.execute(f"LISTEN {self.CHANNEL}")
                while not self._closed.is_set():
                    for _ in connection.notifies(timeout=0.5, stop_after=1):
                        self._local.wake()

    def _tell(self) -> None:
        while not self._closed.is_set():
            with self._carrying_on(), self._connected() as connection:
                while self._pending.wait() and not self._closed.is_set():
                    self._pending.clear()
                    connection.execute(f"NOTIFY {self.CHANNEL}")

    def _connected(self) -> AbstractContextManager[Any]:
        connected: AbstractContextManager[Any] = importlib.import_module("psycopg").connect(
            self._address, autocommit=True
        )
        return connected

    @contextlib.contextmanager
    def _carrying_on(self) -> Iterator[None]:
        """The database may go away and come back; polling goes on meanwhile."""
        try:
            yield
        except Exception as error:
            if not self._closed.wait(2.0):
                logger.warning("the bell between processes does not ring: %s", error)
