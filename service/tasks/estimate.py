"""How long it will take, from what was measured here; without a measurement there is no estimate."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from service.tasks.fairness import Place

_WINDOW_SECONDS = 300.0
_ENOUGH_SECONDS = 0.5


class SpeedMeter:
    """Characters spoken per second in which anything was spoken. Threads may share it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._running = 0
        self._busy = 0.0
        self._since = clock()
        self._spoken: deque[tuple[float, int]] = deque()

    def _advance(self) -> float:
        now = self._clock()
        if self._running:
            self._busy += now - self._since
        self._since = now
        return self._busy

    def begin(self) -> None:
        """A task has begun."""
        with self._lock:
            self._advance()
            self._running += 1

    def end(self) -> None:
        """A task has ended, well or not."""
        with self._lock:
            self._advance()
            self._running = max(0, self._running - 1)

    def spoken(self, characters: int) -> None:
        """A segment of so many characters is finished."""
        with self._lock:
            busy = self._advance()
            self._spoken.append((busy, characters))
            while self._spoken and self._spoken[0][0] < busy - _WINDOW_SECONDS:
                self._spoken.popleft()

    def rate(self) -> float | None:
        """Characters per busy second over the last five busy minutes; None while too little was seen."""
        with self._lock:
            busy = self._advance()
            if not self._spoken:
                return None
            span = min(busy, _WINDOW_SECONDS)
            return sum(count for _, count in self._spoken) / span if span >= _ENOUGH_SECONDS else None


@dataclass(frozen=True)
class Forecast:
    """Where the tasks of the queue stand, as of one moment.

    Attributes:
        position: task id -> how many tasks are claimed up to and including this one.
        ahead: task id -> characters to be spoken before this task ends, running tasks included.
        running: task id -> characters that a running task has left.
    """

    position: dict[str, int] = field(default_factory=dict)
    ahead: dict[str, int] = field(default_factory=dict)
    running: dict[str, int] = field(default_factory=dict)

    def seconds(self, task_id: str, rate: float | None) -> float | None:
        """Return the seconds until a task ends at a speed in characters per second; None when nobody can know."""
        if not rate:
            return None
        if task_id in self.running:
            own, everything = self.running[task_id], sum(self.running.values())
            # Running tasks share the engine evenly: nobody waits for more than all of it.
            return min(own * len(self.running), everything) / rate
        characters = self.ahead.get(task_id)
        return None if characters is None else characters / rate


def forecast(order: Sequence[Place], running: Iterable[tuple[str, int]]) -> Forecast:
    """Return the forecast for tasks in claiming order and ``(task id, characters left)`` of the running ones."""
    left = dict(running)
    total = sum(left.values())
    position: dict[str, int] = {}
    ahead: dict[str, int] = {}
    for number, place in enumerate(order, start=1):
        total += place.characters
        position[place.task_id] = number
        ahead[place.task_id] = total
    return Forecast(position, ahead, left)
