"""Who writes next to a SQLite file, which has one writer at a time, and what is known of others who hold it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from service.errors import UnavailableError

LOOK_S = 0.1
"""So long a writer waits for a file in which the one before waited in vain."""
NOTICED_S = 1.0
"""Waiting for longer than this means that another process holds the file: a transaction of ours is shorter."""


class DatabaseBusyError(UnavailableError):
    """Another transaction held the database for too long."""


class Turns:
    """One turn after another among the threads of this process. Threads may share it.

    A writer that waits for another process holds the turn meanwhile. Once one has waited in vain, the following ones
    only look: so a file that is locked costs few threads, however many requests come.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._held = False
        self._troubled: float | None = None

    @contextmanager
    def next(self, patience: float, *, only_look: bool) -> Iterator[float]:
        """Wait for the turn, hold it while the block runs; yields how many seconds of the patience are left.

        Args:
            patience: Seconds to wait, for the turn and for the file.
            only_look: Whether to wait for :data:`LOOK_S` where another process is known to hold the file.

        Raises:
            DatabaseBusyError: it did not come.
        """
        until = time.monotonic() + (LOOK_S if only_look and self._held else patience)
        if not self._turn.acquire(timeout=until - time.monotonic()):
            self.waited_in_vain()  # whoever has the turn waits for the file
            raise busy()
        try:
            yield max(LOOK_S, until - time.monotonic())
        finally:
            self._turn.release()

    def waited(self, seconds: float) -> None:
        """A writer waited so long for the file, and had it."""
        self._held = False
        if seconds > NOTICED_S:
            self.trouble()

    def waited_in_vain(self) -> None:
        """Another process holds the file."""
        self._held = True
        self.trouble()

    def trouble(self) -> None:
        """Something could not be written: the file is held, the server is lost, or the disk is full."""
        self._troubled = time.monotonic()

    def troubled(self, seconds: float) -> bool:
        """Whether writing was held up within the last so many seconds."""
        return self._troubled is not None and time.monotonic() - self._troubled < seconds


def busy() -> DatabaseBusyError:
    """Return the error of a writer that waited in vain."""
    return DatabaseBusyError("database_busy", retry_after=5)
