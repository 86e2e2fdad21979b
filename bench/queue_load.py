"""A kind of job that does nothing, for measuring and simulating the queue alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from service.database import Database
from service.jobs.kinds import Kinds, Need, NoFiles, Result
from service.jobs.manager import JobManager
from service.jobs.records import Change, Job, Lease, NewJob
from service.jobs.running import Run


class IdleKind:
    """Jobs without rows, files or work of their own."""

    name, noun = "idle", "job"
    side = None

    def __init__(self) -> None:
        self.need = Need(device=True)
        self.files = NoFiles()

    def validate(self, new: NewJob) -> NewJob:
        """Everything is right."""
        return new

    def describe(self, job: Job) -> dict[str, Any]:
        """Return its name."""
        return {"id": job.job_id}

    def announced(self, change: Change) -> None:
        """Nobody asks."""

    def ready(self) -> bool:
        """Always."""
        return True

    async def run(self, lease: Lease, run: Run) -> Result:
        """Be done at once."""
        return Result()


def idle_queue(database: Database, clock: Callable[[], float] = time.time) -> JobManager:
    """Return a queue of such jobs.

    Args:
        database: Has all tables.
        clock: Unix seconds.
    """
    return JobManager(database, Kinds(IdleKind()), lambda _change: None, clock)
