"""Reading what happened to jobs."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import func, select

from service.jobs.kinds import Kinds
from service.jobs.models import JobEventRow, JobRow
from service.jobs.records import Change, JobEvent
from service.jobs.rows import JobRows, event_of
from service.jobs.transactions import Sessions


class EventLog:
    """Every method blocks: call it off the event loop.

    Args:
        reading: Opens a session for reading.
        kinds: The kinds whose jobs are shown with their events.
    """

    def __init__(self, reading: Sessions, kinds: Kinds) -> None:
        self._reading, self._kinds, self._rows = reading, kinds, JobRows(kinds)

    def of_job(self, job_id: str, after: int = 0) -> list[JobEvent]:
        """Return what happened to a job after a number, in order; of a removed job its end alone."""
        with self._reading() as session:
            found = select(JobEventRow).where(JobEventRow.job_id == job_id, JobEventRow.number > after)
            return [event_of(row) for row in session.scalars(found.order_by(JobEventRow.number))]

    def after(self, kind: str, number: int, most: int, user_id: str | None = None) -> list[JobEvent]:
        """Return what happened to a kind's jobs (of a user) after a number, at most so many, in order."""
        chosen = [JobEventRow.number > number, JobEventRow.kind == kind]
        if user_id is not None:
            chosen.append(JobEventRow.user_id == user_id)
        with self._reading() as session:
            found = select(JobEventRow).where(*chosen).order_by(JobEventRow.number).limit(most)
            return [event_of(row) for row in session.scalars(found)]

    def last_number(self) -> int:
        """Return the number of the latest event."""
        with self._reading() as session:
            return session.scalar(select(func.max(JobEventRow.number))) or 0

    def latest(self, after: int | None) -> tuple[int, dict[str, int]]:
        """Return the number of the latest event, and that of every job to which something happened after a number.

        None is where looking begins: nobody is told of what happened before.
        """
        with self._reading() as session:
            last = session.scalar(select(func.max(JobEventRow.number))) or 0
            if after is None or after >= last:
                return last, {}
            of_each = select(JobEventRow.job_id, func.max(JobEventRow.number)).where(JobEventRow.number > after)
            found = session.execute(of_each.group_by(JobEventRow.job_id)).tuples()
            return last, dict(found.all())

    def changes(self, numbers: Mapping[str, int]) -> list[Change]:
        """Return events, by job id and number, in order; each with the job as it is now.

        Events of kinds that this process does not know are left out.
        """
        with self._reading() as session:
            found = select(JobEventRow).where(
                JobEventRow.number.in_(numbers.values()), JobEventRow.kind.in_(self._kinds)
            )
            happened = session.scalars(found.order_by(JobEventRow.number)).all()
            jobs = {}
            for kind in {row.kind for row in happened}:
                some = JobRow.job_id.in_([row.job_id for row in happened if row.kind == kind])
                jobs.update({job.job_id: job for job in self._rows.read(session, kind, self._rows.query(kind, some))})
            return [Change(event_of(row), jobs.get(row.job_id)) for row in happened]
