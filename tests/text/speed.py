"""How long something takes, on whatever machine: bounds that catch what is not linear, and no busy neighbour."""

from __future__ import annotations

import time
from collections.abc import Callable

IDLE_SECONDS = 0.037  # what the loop of slowness takes on an idle core of the reference machine
_TRIES = 3


def slowness() -> float:
    """How many times slower than an idle core of the reference machine this one is at the moment, at least 1."""
    started = time.thread_time()
    counts: dict[int, int] = {}
    for number in range(400_000):
        counts[number % 1000] = counts.get(number % 997, 0) + 1
    return max(1.0, (time.thread_time() - started) / IDLE_SECONDS)


def within(seconds: float, run: Callable[[], object]) -> bool:
    """Whether something takes less processor time of this thread, in one of three tries, than an idle core may take."""
    for _ in range(_TRIES):
        started = time.thread_time()
        run()
        spent = time.thread_time() - started
        if spent < seconds or spent < seconds * slowness():
            return True
    return False
