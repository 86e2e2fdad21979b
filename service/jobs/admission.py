"""Accepting jobs and letting failed ones wait again; the only place that knows the limit of waiting jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from graphlib import CycleError, TopologicalSorter

from sqlalchemy import Text, delete, func, literal, select
from sqlalchemy import cast as as_type
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.jobs.errors import JobConflictError, TooManyJobsError
from service.jobs.models import JobDependencyRow, JobRow
from service.jobs.reader import Choice, JobReader
from service.jobs.records import ENDED, EventType, Job, NewJob, NewStep, Status
from service.jobs.transactions import Transaction, Transactions

_ENDED = tuple(status.value for status in ENDED)
_LIMIT_LOCK = 0x6C696D69  # with a number for the user: any that nobody else in the database locks

Within = Callable[[Session, Job], None]
"""Called in the transaction that accepts a job, or finds that it was accepted before; what it raises undoes it."""


class Admission:
    """Every method blocks: call it off the event loop.

    Args:
        transactions: Where jobs are changed.
        reader: Finds jobs that were accepted before.
    """

    def __init__(self, transactions: Transactions, reader: JobReader) -> None:
        self._transactions, self._reader = transactions, reader

    def accept(self, new: NewJob, limit: int, within: Within | None = None) -> tuple[Job, bool]:
        """Let a job's kind check it, then :meth:`submit` it; what was accepted before is not checked again.

        One that the kind refuses takes no job's place. Arguments as of :meth:`submit`.

        Raises:
            ServiceError: the kind refuses it.
        """
        known, _ = self._reader.page(new.kind, Choice(job_ids=(new.job_id,)), 1, 1)
        if known and known[0].body_hash == new.body_hash:
            return (known[0], False) if within is None else self.submit(new, limit, within)
        if known and not known[0].ended:
            raise self._other_content(new)
        return self.submit(self._transactions.kinds[new.kind].validate(new), limit, within)

    def submit(self, new: NewJob, limit: int, within: Within | None = None) -> tuple[Job, bool]:
        """Accept a job that its kind has checked: once this returns, it is on disk.

        It takes the place of a job of the same name, with another content, that has ended.

        Args:
            new: The job.
            limit: Waiting jobs that its user may have.
            within: See :data:`Within`.

        Returns:
            The job, and whether this call made it (False: the same was submitted before).

        Raises:
            JobConflictError: the id belongs to another job, which has not ended.
            TooManyJobsError: the user has ``limit`` waiting jobs.
            StorageFullError: the disk is full.
            ValueError: steps need each other in a circle, or one that is not there.
        """
        try:
            return self._submit(new, limit, within)
        except IntegrityError:
            # Two servers accepted the same id at once; the other was first.
            return self._submit(new, limit, within)

    def _submit(self, new: NewJob, limit: int, within: Within | None) -> tuple[Job, bool]:
        ordered = _ordered(new.steps)
        with self._transactions.begin() as transaction:
            row = transaction.session.scalar(select(JobRow).where(JobRow.job_id == new.job_id))
            if row is not None and not self._replaceable(row, new):
                job = self._same(transaction, row, new)
                if within is not None:
                    within(transaction.session, job)
                return job, False
            self._check_limit(transaction, new.kind, new.user_id, limit)
            if row is not None:
                self._make_room(transaction, row, new.user_id)
            row = self._inserted(transaction, new)
            if ordered:
                self._insert_steps(transaction, row, ordered)
            job = transaction.value(row)
            if within is not None:
                within(transaction.session, job)
        return job, True

    @staticmethod
    def _replaceable(row: JobRow, new: NewJob) -> bool:
        """Whether another job may take a job's place and name: it has ended and is no part of others."""
        ended = row.status in _ENDED and not row.removed and row.parent is None and not row.composed
        return ended and row.kind == new.kind and row.body_hash != new.body_hash

    def _make_room(self, transaction: Transaction, row: JobRow, new_user: str) -> None:
        """Let a job that has ended go, so that another has its name; its events stay.

        What it kept for a retry goes at once, since the other must not find it. What its readers know goes when the
        other is accepted, and under that one's lock: it may be done by then.
        """
        old, files = transaction.value(row), transaction.kind(row).files
        files.forget_steps(old)
        transaction.session.execute(delete(JobRow).where(JobRow.key == row.key))
        transaction.session.expunge(row)
        transaction.afterwards.append(lambda: self._transactions.repair(old.job_id))
        transaction.afterwards.append(lambda: files.leave(old, new_user))

    def _same(self, transaction: Transaction, row: JobRow, new: NewJob) -> Job:
        if row.removed:
            noun = self._transactions.kinds[new.kind].noun
            raise JobConflictError("job_being_removed", noun=noun, job_id=new.job_id)
        if row.kind != new.kind or row.body_hash != new.body_hash:
            raise self._other_content(new)
        return transaction.value(row)

    def _other_content(self, new: NewJob) -> JobConflictError:
        noun = self._transactions.kinds[new.kind].noun
        return JobConflictError("job_id_taken", noun=noun, job_id=new.job_id)

    def _check_limit(self, transaction: Transaction, kind: str, user_id: str, limit: int) -> None:
        """Refuse one waiting job more than the limit; a user's acceptances come one after the other.

        SQLite has one writer at a time. On PostgreSQL a lock of the user's is held until the transaction ends.
        """
        session = transaction.session
        if session.get_bind().dialect.name == "postgresql":
            turn = func.pg_advisory_xact_lock(literal(_LIMIT_LOCK), func.hashtext(literal(user_id)))
            session.execute(select(as_type(turn, Text)))
        mine = (
            JobRow.user_id == user_id,
            JobRow.kind == kind,
            JobRow.status == Status.WAIT.value,
            JobRow.removed.is_(False),
            JobRow.parent.is_(None),
        )
        waiting = session.scalar(select(func.count()).select_from(JobRow).where(*mine)) or 0
        if waiting >= limit:
            noun = self._transactions.kinds[kind].noun
            raise TooManyJobsError("jobs_too_many", noun=noun, user_id=user_id, found=waiting, limit=limit)

    def _inserted(self, transaction: Transaction, new: NewJob, parent: int | None = None, blocked: int = 0) -> JobRow:
        row = JobRow(
            job_id=new.job_id,
            kind=new.kind,
            user_id=new.user_id,
            body_hash=new.body_hash,
            request=new.request,
            status=Status.WAIT.value,
            priority=new.priority,
            created_at=transaction.now,
            size=new.size,
            steps_total=len(new.steps) or new.expected_steps,
            parent=parent,
            blocked=blocked or len(new.steps),
            composed=bool(new.steps),
        )
        transaction.session.add(row)
        transaction.record(row, EventType.SUBMITTED)
        transaction.session.flush()
        if (side := transaction.kind(row).side) is not None:
            first = side.first(new)
            first.key = row.key
            transaction.session.add(first)
        transaction.enter(row)
        return row

    def _insert_steps(self, transaction: Transaction, whole: JobRow, steps: list[NewStep]) -> None:
        rows: dict[str, JobRow] = {}
        for step in steps:
            new = NewJob(
                step.kind, f"{whole.job_id}.{step.name}", whole.user_id, step.request, step.size, 0, whole.priority
            )
            rows[step.name] = self._inserted(transaction, new, whole.key, len(step.needs))
            needed = [(rows[step.name].key, rows[name].key) for name in step.needs]
            for key, needs in (*needed, (whole.key, rows[step.name].key)):
                transaction.session.add(JobDependencyRow(key=key, needs=needs))

    def retry(self, kind: str, job_id: str, limit: int) -> Job:
        """Let a job that ended in an error wait again; finished steps are kept, failed ones wait again with it.

        Raises:
            JobMissingError: there is no such job.
            JobConflictError: it did not end in an error, or belongs to a job that did.
            TooManyJobsError: its user has ``limit`` waiting jobs.
        """
        with self._transactions.begin() as transaction:
            row = transaction.named(kind, job_id)
            noun = transaction.kind(row).noun
            if row.status != Status.ERROR.value:
                raise JobConflictError("job_not_in_error", noun=noun, job_id=job_id, status=row.status)
            if row.parent is not None:
                raise JobConflictError("job_is_step", noun=noun, job_id=job_id)
            self._check_limit(transaction, kind, row.user_id, limit)
            for each in (row, *transaction.steps(row, JobRow.status == Status.ERROR.value)):
                each.status, each.error, each.error_said = Status.WAIT.value, None, None
                each.attempts = each.deaths = 0
                each.not_before = 0.0
                transaction.record(each, EventType.RETRIED)
                transaction.enter(each)
            transaction.session.flush()
            job = transaction.value(row)
        return job


def _ordered(steps: tuple[NewStep, ...]) -> list[NewStep]:
    """Return steps so that each comes after those that it needs.

    Raises:
        ValueError: they need each other in a circle, or one that is not there.
    """
    by_name = {step.name: step for step in steps}
    needs: Mapping[str, tuple[str, ...]] = {step.name: step.needs for step in steps}
    unknown = {name for names in needs.values() for name in names} - by_name.keys()
    if unknown or len(by_name) != len(steps):
        raise ValueError(f"steps need {sorted(unknown)}, which are none of them, or two have one name")
    try:
        return [by_name[name] for name in TopologicalSorter(needs).static_order()]
    except CycleError as error:
        raise ValueError(f"steps need each other in a circle: {error.args[1]}") from error
