"""SIGTERM and SIGINT end the work on the file in hand, and nothing else is interrupted."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


class Cancelled(BaseException):
    """The user wants the step to end."""


class Cancellation:
    """Whether the user wants an end; raises where that is safe.

    Attributes:
        wanted: Whether a signal has come.
    """

    def __init__(self) -> None:
        self.wanted = False
        self._interruptible = False

    @contextmanager
    def listening(self, interrupts: bool = True) -> Iterator[None]:
        """Take SIGTERM as the wish within the block, and SIGINT too or else ignore it; main thread only."""
        wanted = {signal.SIGTERM: self._hear, signal.SIGINT: self._hear if interrupts else signal.SIG_IGN}
        before = {number: signal.signal(number, handler) for number, handler in wanted.items()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _hear(self, *_: object) -> None:
        self.wanted = True
        if self._interruptible:
            self._interruptible = False
            raise Cancelled

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Raise Cancelled within the block, at once if the signal has come before."""
        self._interruptible = True
        try:
            if self.wanted:
                raise Cancelled
            yield
        finally:
            self._interruptible = False
