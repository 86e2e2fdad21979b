"""How long it will take, from what was measured here; without a measurement there is no estimate."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from service.jobs.fairness import Place

_WINDOW_SECONDS = 300.0
_ENOUGH_SECONDS = 0.5


class SpeedMeter:
    """Work done per second in which anything was done, in a unit of the kind's own. Threads may share it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._running = 0
        self._busy = 0.0
        self._since = clock()
        self._done: deque[tuple[float, int]] = deque()

    def _advance(self) -> float:
        now = self._clock()
        if self._running:
            self._busy += now - self._since
        self._since = now
        return self._busy

    def begin(self) -> None:
        """A job has begun."""
        with self._lock:
            self._advance()
            self._running += 1

    def end(self) -> None:
        """A job has ended, well or not."""
        with self._lock:
            self._advance()
            self._running = max(0, self._running - 1)

    def done(self, size: int) -> None:
        """A step of this size is finished."""
        with self._lock:
            busy = self._advance()
            self._done.append((busy, size))
            while self._done and self._done[0][0] < busy - _WINDOW_SECONDS:
                self._done.popleft()

    def rate(self) -> float | None:
        """Work per busy second over the last five busy minutes; None while too little was seen."""
        with self._lock:
            busy = self._advance()
            if not self._done:
                return None
            span = min(busy, _WINDOW_SECONDS)
            return sum(count for _, count in self._done) / span if span >= _ENOUGH_SECONDS else None


@dataclass(frozen=True)
class Forecast:
    """Where the jobs of a kind stand, as of one moment.

    Attributes:
        position: job id -> how many jobs are claimed up to and including this one.
        ahead: job id -> work to be done before this job ends, running jobs included.
        running: job id -> work that a running job has left.
    """

    position: dict[str, int] = field(default_factory=dict)
    ahead: dict[str, int] = field(default_factory=dict)
    running: dict[str, int] = field(default_factory=dict)

    def seconds(self, job_id: str, rate: float | None) -> float | None:
        """Return the seconds until a job ends at a speed in work per second; None when nobody can know."""
        if not rate:
            return None
        if job_id in self.running:
            own, everything = self.running[job_id], sum(self.running.values())
            # Running jobs share the device evenly: nobody waits for more than all of it.
            return min(own * len(self.running), everything) / rate
        size = self.ahead.get(job_id)
        return None if size is None else size / rate


def forecast(order: Sequence[Place], running: Iterable[tuple[str, int]]) -> Forecast:
    """Return the forecast for jobs in claiming order and ``(job id, work left)`` of the running ones."""
    left = dict(running)
    total = sum(left.values())
    position: dict[str, int] = {}
    ahead: dict[str, int] = {}
    for number, place in enumerate(order, start=1):
        total += place.size
        position[place.job_id] = number
        ahead[place.job_id] = total
    return Forecast(position, ahead, left)
