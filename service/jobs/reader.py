"""Finding jobs of one kind: by id, by page, all of them in turn; and what lies ahead of those that wait."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select

from service.jobs.estimate import Forecast, forecast
from service.jobs.fairness import Place, fair_order
from service.jobs.kinds import Kinds
from service.jobs.models import JobEventRow, JobRow, JobTurnRow
from service.jobs.records import ENDED, Job, Status
from service.jobs.rows import JobRows
from service.jobs.transactions import Sessions, missing

_IDS_PER_QUERY = 500
_ENDED = tuple(status.value for status in ENDED)


@dataclass(frozen=True)
class Choice:
    """Which jobs of a kind a page shows; fields that are None do not choose.

    Attributes:
        user_id: Of this user.
        job_ids: Of these ids.
        status: In this state.
        where: A further condition, on the kind's own table.
    """

    user_id: str | None = None
    job_ids: tuple[str, ...] | None = None
    status: Status | None = None
    where: ColumnElement[bool] | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the choice in terms of the tables, without the ids."""
        found: list[ColumnElement[bool]] = []
        if self.user_id is not None:
            found.append(JobRow.user_id == self.user_id)
        if self.status is not None:
            found.append(JobRow.status == self.status.value)
        if self.where is not None:
            found.append(self.where)
        return found


class JobReader:
    """Every method blocks: call it off the event loop.

    Args:
        reading: Opens a session for reading.
        kinds: The kinds whose jobs are found.
    """

    def __init__(self, reading: Sessions, kinds: Kinds) -> None:
        self._reading, self._kinds, self._rows = reading, kinds, JobRows(kinds)

    def find(self, kind: str, job_id: str) -> Job:
        """Return a job.

        Raises:
            JobMissingError: there is none.
        """
        with self._reading() as session:
            found = self._rows.read(session, kind, self._rows.query(kind, JobRow.job_id == job_id))
        if not found:
            raise missing(self._kinds[kind], job_id)
        return found[0]

    def snapshot(self, kind: str, job_id: str) -> tuple[Job, int]:
        """Return a job and the number of the latest event that it shows.

        Raises:
            JobMissingError: there is none.
        """
        with self._reading() as session:
            # The number first: should something happen in between (PostgreSQL), it is told again, not lost.
            number = session.scalar(select(func.max(JobEventRow.number)).where(JobEventRow.job_id == job_id))
            found = self._rows.read(session, kind, self._rows.query(kind, JobRow.job_id == job_id))
        if not found:
            raise missing(self._kinds[kind], job_id)
        return found[0], number or 0

    def page(self, kind: str, choice: Choice, page: int, page_size: int) -> tuple[list[Job], int]:
        """Return one page of the chosen jobs, and how many there are in all.

        They come newest first, or in the order of the ids where the choice has some.
        """
        if choice.job_ids is not None:
            found = self._named(kind, choice)
            return found[(page - 1) * page_size : page * page_size], len(found)
        query = self._rows.query(kind, *choice.conditions())
        counted = query.with_only_columns(func.count(), maintain_column_froms=True)
        ordered = query.order_by(JobRow.key.desc()).limit(page_size).offset((page - 1) * page_size)
        with self._reading() as session:
            return self._rows.read(session, kind, ordered), session.scalar(counted) or 0

    def _named(self, kind: str, choice: Choice) -> list[Job]:
        """Return the chosen jobs among thousands of ids, in the order of the ids."""
        ids = list(dict.fromkeys(choice.job_ids or ()))
        found: list[Job] = []
        with self._reading() as session:
            for first in range(0, len(ids), _IDS_PER_QUERY):
                some = JobRow.job_id.in_(ids[first : first + _IDS_PER_QUERY])
                found += self._rows.read(session, kind, self._rows.query(kind, some, *choice.conditions()))
        named = {job.job_id: job for job in found}
        return [named[name] for name in ids if name in named]

    def after(self, kind: str, key: int, most: int) -> list[Job]:
        """Return jobs accepted after one, oldest first, at most so many: for walking over all of them."""
        with self._reading() as session:
            return self._rows.read(
                session, kind, self._rows.query(kind, JobRow.key > key).order_by(JobRow.key).limit(most)
            )

    def steps(self, job: Job) -> list[Job]:
        """Return the jobs that a job consists of, in the order in which they were named."""
        with self._reading() as session:
            kinds = session.scalars(select(JobRow.kind).where(JobRow.parent == job.key).distinct()).all()
            found = [
                step
                for kind in kinds
                for step in self._rows.read(session, kind, self._rows.query(kind, JobRow.parent == job.key))
            ]
        return sorted(found, key=lambda step: step.key)

    def existing(self, job_ids: Iterable[str]) -> set[str]:
        """Return those of many ids that are jobs, of whatever kind; also those that are being removed."""
        ids = list(job_ids)
        with self._reading() as session:
            parts = (ids[first : first + _IDS_PER_QUERY] for first in range(0, len(ids), _IDS_PER_QUERY))
            found = (session.scalars(select(JobRow.job_id).where(JobRow.job_id.in_(part))) for part in parts)
            return {name for some in found for name in some}

    def unreadable(self) -> list[int]:
        """Return the keys of rows that cannot be read and have not ended, or are being removed."""
        with self._reading() as session:
            return self._rows.unreadable(session, JobRow.status.not_in(_ENDED) | JobRow.removed.is_(True))

    def any_under_way(self, kind: str, where: ColumnElement[bool]) -> bool:
        """Whether a kind's job that fulfils a condition has not ended."""
        with self._reading() as session:
            query = self._rows.query(kind, JobRow.status.not_in(_ENDED), where)
            return session.scalar(query.with_only_columns(JobRow.key, maintain_column_froms=True).limit(1)) is not None

    def forecast(self, kind: str) -> Forecast:
        """Return positions and what lies ahead of every job of a kind that has not ended."""
        columns = (
            JobRow.status,
            JobRow.priority,
            JobRow.key,
            JobRow.job_id,
            JobRow.user_id,
            JobRow.size,
            JobRow.steps_done,
            JobRow.steps_total,
        )
        under_way = (JobRow.kind == kind, JobRow.status.not_in(_ENDED), JobRow.removed.is_(False), JobRow.blocked == 0)
        waiting: list[Place] = []
        running: list[tuple[str, int]] = []
        with self._reading() as session:
            for status, priority, key, job_id, user_id, size, done, total in session.execute(
                select(*columns).where(*under_way)
            ):
                left = size * (total - done) // total if total else size
                if status == Status.WAIT.value:
                    waiting.append(Place(priority, key, job_id, user_id, left))
                else:
                    running.append((job_id, left))
            turns = {
                row.user_id: row.turn for row in session.scalars(select(JobTurnRow).where(JobTurnRow.kind == kind))
            }
        return forecast(fair_order(waiting, turns), running)
