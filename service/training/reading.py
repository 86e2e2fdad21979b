"""Finding trainings by session, whatever their kinds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select

from service.jobs.errors import JobMissingError
from service.jobs.models import JobRow
from service.jobs.records import NEVER, Job, Status
from service.jobs.rows import job_of
from service.jobs.transactions import Sessions
from service.training.models import TrainingRow
from service.training.names import KINDS, NOUN
from service.training.records import facts_of

_MOST_OF_SESSION = 200


@dataclass(frozen=True)
class Wanted:
    """Which trainings a page shows; fields that are None do not choose.

    Attributes:
        user_id: Of this user.
        kind: Of this kind.
        exp_name: Of this experiment.
        state: In this state: wait, run, paused, done, error or cancelled.
    """

    user_id: str | None = None
    kind: str | None = None
    exp_name: str | None = None
    state: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the choice in terms of the tables."""
        named = ((JobRow.user_id, self.user_id), (JobRow.kind, self.kind), (TrainingRow.exp_name, self.exp_name))
        return [column == value for column, value in named if value is not None] + _in_state(self.state)


def _in_state(state: str | None) -> list[ColumnElement[bool]]:
    if state is None:
        return []
    if state in ("paused", "wait"):
        paused = JobRow.not_before >= NEVER
        return [JobRow.status == Status.WAIT.value, paused if state == "paused" else ~paused]
    if state in ("error", "cancelled"):
        cancelled = JobRow.error == "cancelled"
        return [JobRow.status == Status.ERROR.value, cancelled if state == "cancelled" else ~cancelled]
    return [JobRow.status == state]


class TrainingReader:
    """Every method blocks: call it off the event loop.

    Args:
        reading: Opens a session of the database for reading.
    """

    def __init__(self, reading: Sessions) -> None:
        self._reading = reading

    def page(self, wanted: Wanted, page: int, page_size: int) -> tuple[list[Job], int]:
        """Return one page of the jobs that are no steps of others, newest first, and how many there are."""
        chosen = (*_TRAINING, JobRow.parent.is_(None), *wanted.conditions())
        with self._reading() as session:
            found = select(JobRow, TrainingRow).join(TrainingRow, TrainingRow.key == JobRow.key).where(*chosen)
            shown = found.order_by(JobRow.key.desc()).limit(page_size).offset((page - 1) * page_size)
            total = session.scalar(found.with_only_columns(func.count(), maintain_column_froms=True)) or 0
            return [job_of(row, facts_of(own)) for row, own in session.execute(shown).tuples()], total

    def session(self, session_id: str) -> list[Job]:
        """Return the jobs of a session, newest first; steps of one-click trainings among them.

        Raises:
            JobMissingError: there are none.
        """
        jobs = self._jobs(TrainingRow.session_id == session_id)
        if not jobs:
            raise JobMissingError("job_missing", noun=NOUN, job_id=session_id)
        return jobs

    def _jobs(self, *conditions: ColumnElement[bool]) -> list[Job]:
        found = select(JobRow, TrainingRow).join(TrainingRow, TrainingRow.key == JobRow.key)
        found = found.where(*_TRAINING, *conditions).order_by(JobRow.key.desc()).limit(_MOST_OF_SESSION)
        with self._reading() as session:
            return [job_of(row, facts_of(own)) for row, own in session.execute(found).tuples()]

    def of_experiment(self, exp_name: str) -> list[Job]:
        """Return the jobs of an experiment, newest first."""
        return self._jobs(TrainingRow.exp_name == exp_name)


_TRAINING: Sequence[ColumnElement[bool]] = (JobRow.kind.in_(KINDS), JobRow.removed.is_(False))
