"""From rows to values, together with what a kind keeps about a job in its own table: one query for both."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from service.jobs.kinds import Kinds, SideTable
from service.jobs.models import JobEventRow, JobRow
from service.jobs.records import Job, JobEvent, Status

logger = logging.getLogger(__name__)

_JOB_FIELDS = tuple(name for name in Job.__dataclass_fields__ if name not in ("status", "facts"))


def job_of(row: JobRow, facts: Any = None) -> Job:
    """Return a row as a value that outlives its session."""
    return Job(status=Status(row.status), facts=facts, **{name: getattr(row, name) for name in _JOB_FIELDS})


def _sound(row: JobRow, side: SideTable | None, own: Sequence[Any]) -> Job | None:
    """Return a row as a value; None for one whose content no version has written."""
    try:
        _check(row)
        return job_of(row, None if side is None else side.facts(own[0]))
    except (ValueError, TypeError) as error:
        logger.warning("the job %.200r cannot be read, and is passed over: %.200s", row.job_id, error)
        return None


def _check(row: JobRow) -> None:
    """Raise ValueError or TypeError for a row that no version has written: SQLite takes anything."""
    Status(row.status)
    if not isinstance(row.created_at + row.updated_at, float | int) or not isinstance(row.request, dict):
        raise TypeError(
            f"times {row.created_at!r} and {row.updated_at!r}, request of type {type(row.request).__name__}"
        )


def _can_be_read(session: Session, key: int) -> bool:
    try:
        if (row := session.scalar(select(JobRow).where(JobRow.key == key))) is not None:
            _check(row)
    except (ValueError, TypeError):
        return False
    return True


def event_of(row: JobEventRow) -> JobEvent:
    """Return a row as a value that outlives its session."""
    return JobEvent(row.number, row.job_id, row.kind, row.user_id, row.at, row.type, row.detail)


class JobRows:
    """Reads jobs of one kind at a time.

    Args:
        kinds: Know their tables.
    """

    def __init__(self, kinds: Kinds) -> None:
        self._kinds = kinds

    def query(self, kind: str, *conditions: ColumnElement[bool]) -> Select[Any]:
        """Return the query of a kind's jobs that are not removed, with their side rows."""
        chosen = (JobRow.kind == kind, JobRow.removed.is_(False), *conditions)
        side = self._kinds[kind].side
        if side is None:
            return select(JobRow).where(*chosen)
        key = side.row.__table__.c.key
        return select(JobRow, side.row).outerjoin(side.row, key == JobRow.key).where(*chosen)

    def read(self, session: Session, kind: str, query: Select[Any]) -> list[Job]:
        """Return the jobs that a query of :meth:`query` finds."""
        side = self._kinds[kind].side
        try:
            found = session.execute(query).all()
        except ValueError as error:  # one of them cannot be read: find out which
            logger.warning("a row of the database cannot be read: %.200s", error)
            found = self._readable(session, query)
        return [job for row in found if (job := _sound(row[0], side, row[1:])) is not None]

    @staticmethod
    def unreadable(session: Session, *conditions: ColumnElement[bool]) -> list[int]:
        """Return the keys of rows whose content no version has written."""
        try:
            for row in session.scalars(select(JobRow).where(*conditions)).all():
                _check(row)
            return []
        except (ValueError, TypeError):
            keys = session.scalars(select(JobRow.key).where(*conditions)).all()
        return [key for key in keys if not _can_be_read(session, key)]

    @staticmethod
    def _readable(session: Session, query: Select[Any]) -> list[Any]:
        """Return the rows of a query that can be read, asking for each of them alone."""
        keys = session.scalars(query.with_only_columns(JobRow.key, maintain_column_froms=True)).all()
        sound = [key for key in keys if _can_be_read(session, key)]
        logger.warning("passed over rows that cannot be read: %s", [key for key in keys if key not in sound])
        return list(session.execute(query.where(JobRow.key.in_(sound)).limit(None).offset(None)).all())

    def value(self, session: Session, row: JobRow) -> Job:
        """Return a row that a session holds as a value."""
        side = self._kinds[row.kind].side
        return job_of(row, None if side is None else side.facts(session.get(side.row, row.key)))

    def values(self, session: Session, rows: Sequence[JobRow]) -> list[Job]:
        """Return rows that a session holds as values."""
        return [self.value(session, row) for row in rows]
