"""Jobs as the database has them, without asking it: for those who ask every second."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from service.jobs.records import Change, Job

_REMEMBERED = 4096
_FRESH_SECONDS = 2.0
_OVERLAP_SECONDS = 20.0


@dataclass(frozen=True)
class Seen:
    """A job as it was after a event (None: removed); ``at`` is when it was read or told, in monotonic seconds."""

    number: int
    job: Job | None
    at: float


class JobCache:
    """What this process has committed is known at once, from the thread that committed; what other servers have
    committed, by looking at the log of all events every half second. Nothing is taken for known when that look was
    more than two seconds ago. Threads may share it.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, Seen] = OrderedDict()
        self._looked: deque[tuple[float, int]] = deque()
        self._fresh_from = float("-inf")
        self._told: dict[str, int] = {}

    # --- what is told and read ---

    def heard(self, change: Change) -> None:
        """A change was committed here. Announcements of two threads may come in the wrong order: numbers decide."""
        number, job_id = change.event.number, change.event.job_id
        self._put(job_id, Seen(number, change.job, self._clock()))
        self.told({job_id: number})

    def read(self, job: Job, number: int, began: float) -> None:
        """A job was read from the database, with the number of the last event that it shows.

        Args:
            job: As read.
            number: Of its last event.
            began: :meth:`now` before the reading: what took long may be outdated by changes already looked at.
        """
        if self._clock() - began < _FRESH_SECONDS:
            self._put(job.job_id, Seen(number, job, began))

    def _put(self, job_id: str, seen: Seen) -> None:
        with self._lock:
            before = self._seen.get(job_id)
            if before is not None and before.number > seen.number:
                return
            if before is not None and before.number == seen.number and before.job == seen.job:
                seen = Seen(seen.number, before.job, max(seen.at, before.at))  # the same object: answers hang on it
            self._seen[job_id] = seen
            self._seen.move_to_end(job_id)
            while len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)

    # --- what others did ---

    def now(self) -> float:
        """Return the clock's time."""
        return self._clock()

    def look_after(self) -> int | None:
        """Return the number after which to look for events; None when nobody has looked before.

        It lies some seconds back: PostgreSQL gives numbers before transactions end, so a smaller one may appear later.
        """
        with self._lock:
            return self._looked[0][1] if self._looked else None

    def looked(self, began: float, last: int, latest: Mapping[str, int]) -> dict[str, int]:
        """Take note of a look at the event log; return the part of ``latest`` that nobody here was told of.

        Args:
            began: :meth:`now` before it.
            last: Number of the last event of all.
            latest: Job id -> number of its last event, for all after :meth:`look_after`.
        """
        with self._lock:
            for job_id, number in latest.items():
                seen = self._seen.get(job_id)
                if seen is not None and seen.number < number:
                    del self._seen[job_id]
            self._looked.append((began, last))
            while len(self._looked) > 1 and self._looked[1][0] < began - _OVERLAP_SECONDS:
                self._looked.popleft()
            self._fresh_from = began
            self._told = {name: number for name, number in self._told.items() if name in latest or number > last}
            return {name: number for name, number in latest.items() if number > self._told.get(name, 0)}

    def told(self, numbers: Mapping[str, int]) -> None:
        """Everybody here was told of events: job id -> number."""
        with self._lock:
            for job_id, number in numbers.items():
                self._told[job_id] = max(number, self._told.get(job_id, 0))

    # --- what is asked ---

    def get(self, job_id: str) -> Job | None:
        """Return a job as it is now; None when the database has to say."""
        seen = self._seen.get(job_id)
        if seen is None or max(seen.at, self._fresh_from) < self._clock() - _FRESH_SECONDS:
            return None
        return seen.job

    def last(self, job_id: str) -> Job | None:
        """Return a job as it was last seen, however long ago."""
        seen = self._seen.get(job_id)
        return None if seen is None else seen.job
