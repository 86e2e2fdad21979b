"""A second kind of job, which counts: it proves that the queue knows no kind. Nothing of the service names it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from service.database import Database
from service.errors import ParameterError
from service.jobs.bells import Bell, LocalBell
from service.jobs.device import Sharing
from service.jobs.errors import AttemptFailedError
from service.jobs.kinds import Kinds, Need, NoFiles, Result, SideTable
from service.jobs.manager import JobManager
from service.jobs.models import NUMBER, JobRow
from service.jobs.records import Change, Job, Lease, NewJob
from service.jobs.running import Run, WorkingKind
from service.jobs.worker import Worker, WorkerSettings
from service.threads import Offload


class CountingBase(DeclarativeBase):
    """Tables of the test, apart from those of the service."""


class CountRow(CountingBase):
    """How far a job has counted."""

    __tablename__ = "counting_jobs"

    key: Mapped[int] = mapped_column(
        NUMBER, ForeignKey(JobRow.__table__.c.key, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    counted: Mapped[list[int]] = mapped_column(JSON, default=list)


def _facts(row: CountRow | None) -> tuple[int, ...]:
    return () if row is None else tuple(row.counted)


class CountingKind:
    """Counts to ``upto``, one step after the other, each committed; ``fail_at`` fails there every time."""

    noun = "count"

    def __init__(self, name: str = "counting", need: Need | None = None, seconds_per_step: float = 0.0) -> None:
        self.name, self.need = name, need or Need(parallel=2)
        self.files = NoFiles()
        self.side = SideTable(CountRow, lambda new: CountRow(counted=[]), _facts)
        self.seconds_per_step = seconds_per_step
        self.active = 0
        self.most_active = 0
        self.announcements: list[Change] = []

    def validate(self, new: NewJob) -> NewJob:
        """Refuse what cannot be counted to."""
        if new.request["upto"] < 0:
            raise ParameterError("value_out_of_range")
        return new

    def describe(self, job: Job) -> dict[str, Any]:
        """Return what has been counted."""
        return {"id": job.job_id, "counted": list(job.facts), "status": job.status.value}

    def announced(self, change: Change) -> None:
        """Remember a change."""
        self.announcements.append(change)

    def ready(self) -> bool:
        """Counting needs nothing."""
        return True

    async def run(self, lease: Lease, run: Run) -> Result:
        """Count on from where the last attempt ended."""
        self.active += 1
        self.most_active = max(self.most_active, self.active)
        try:
            done, upto = len(lease.job.facts), lease.job.request["upto"]
            for number in range(done, upto):
                if number == lease.job.request.get("fail_at"):
                    raise AttemptFailedError(f"cannot count {number}", repeat=True)
                await asyncio.sleep(self.seconds_per_step)
                await run.offload(self._keep, run.jobs, lease.job, number)
                run.proven()
                if number + 1 < upto:
                    run.check()
            return Result(lambda _session, _row: {"counted": upto})
        finally:
            self.active -= 1

    @staticmethod
    def _keep(jobs: JobManager, job: Job, number: int) -> None:
        with jobs.attempts.writing(job) as (transaction, row):
            own = transaction.session.get_one(CountRow, row.key)
            own.counted = [*own.counted, number]
            row.steps_done, row.steps_total = len(own.counted), job.request["upto"]
            jobs.attempts.progressed(transaction, row, number=number)


def counting_queue(database: Database, *kinds: CountingKind, **given: Any) -> JobManager:
    """Return a queue that knows counting alone; the tables are made."""
    CountingBase.metadata.create_all(database.engine)
    known = Kinds(*kinds)
    return JobManager(database, known, lambda change: known[change.event.kind].announced(change), **given)


def worker_on(
    jobs: JobManager,
    root: Path,
    offload: Offload,
    *kinds: WorkingKind,
    bell: Bell | None = None,
    sharing: Sharing | None = None,
    **settings: float,
) -> Worker:
    """Return a worker that looks often; not started."""
    given = {"heartbeat_seconds": 0.1, "sweep_seconds": 0.2, **settings}
    how = WorkerSettings((root,), sharing=sharing or Sharing(), **given)  # type: ignore[arg-type]
    return Worker(jobs, {kind.name: kind for kind in kinds}, bell or LocalBell(), offload, how)


def count(job_id: str, upto: int, kind: str = "counting", user_id: str = "u", **request: Any) -> NewJob:
    """Return a new job."""
    return NewJob(kind, job_id, user_id, {"upto": upto, **request}, size=upto, expected_steps=upto)
