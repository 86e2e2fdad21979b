"""Waiting for what another thread, process or browser does: one helper instead of sleeping loops."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

T = TypeVar("T")
PATIENCE = 60.0
"""Seconds. Long: only a test that fails waits for so long, and machines may be busy."""
_SHORTEST, _LONGEST = 0.001, 0.05


def eventually(look: Callable[[], T], seconds: float = PATIENCE) -> T:
    """Look until the result counts as true, and return it.

    Args:
        look: Called in this thread; what it raises ends the wait.
        seconds: How long to go on.

    Raises:
        AssertionError: the time is over; the message holds what was seen last.
    """
    pauses = _pauses(seconds)
    while not (found := look()):
        time.sleep(next(pauses, 0.0) or _give_up(found, seconds))
    return found


async def eventually_async(look: Callable[[], T], seconds: float = PATIENCE) -> T:
    """Do the same within an event loop, which goes on in between."""
    pauses = _pauses(seconds)
    while not (found := look()):
        await asyncio.sleep(next(pauses, 0.0) or _give_up(found, seconds))
    return found


def _pauses(seconds: float) -> Iterator[float]:
    """Give the pauses between two looks, longer and longer, until the time is over."""
    until, pause = time.monotonic() + seconds, _SHORTEST
    while time.monotonic() < until:
        yield pause
        pause = min(2 * pause, _LONGEST)


def _give_up(found: object, seconds: float) -> float:
    raise AssertionError(f"not within {seconds:g} s; seen last: {found!r}")
