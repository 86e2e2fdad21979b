"""Ending jobs from outside: cancelling, removing, sweeping out what is old."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from sqlalchemy import delete, select

from service.jobs.errors import JobConflictError, JobMissingError
from service.jobs.models import JobEventRow, JobRow
from service.jobs.records import CANCELLED, ENDED, EventType, Job, Status
from service.jobs.rows import JobRows
from service.jobs.transactions import Sessions, Transaction, Transactions
from service.words import Said, as_said, said

_ENDED = tuple(status.value for status in ENDED)


class Endings:
    """Every method blocks: call it off the event loop.

    Args:
        transactions: Where jobs are changed.
        reading: Opens a session for reading.
    """

    def __init__(self, transactions: Transactions, reading: Sessions) -> None:
        self._transactions, self._reading = transactions, reading
        self._kinds, self._rows = transactions.kinds, JobRows(transactions.kinds)

    def cancel(self, kind: str, job_id: str) -> Job:
        """End a job that has not ended, as ``error`` with ``cancelled``; its worker may not write any more.

        Raises:
            JobMissingError: there is no such job.
            JobConflictError: it has ended.
        """
        with self._transactions.begin() as transaction:
            row = transaction.named(kind, job_id)
            if row.status in _ENDED:
                noun = transaction.kind(row).noun
                raise JobConflictError("job_ended", noun=noun, job_id=job_id, status=row.status)
            self.end_in_error(transaction, row, said("cancelled"))
            transaction.session.flush()
            job = transaction.value(row)
        return job

    def end_in_error(self, transaction: Transaction, row: JobRow, reason: str | Said, before: str = "") -> None:
        """Let a job end in an error within a transaction, on disk too. Finished steps stay for a retry.

        With a step ends the job that it belongs to, and with a job its steps. ``before`` stands before the English
        text alone.
        """
        what = as_said(reason)
        row.status, row.error, row.error_said = Status.ERROR.value, before + what.text(), what.kept
        row.lease_owner = row.lease_expires = None
        row.fence += 1
        transaction.record(row, EventType.FAILED, reason=row.error, **what.kept)
        transaction.enter(row)
        if row.parent is not None:
            whole = transaction.session.get_one(JobRow, row.parent)
            if whole.status not in _ENDED:
                self.end_in_error(transaction, whole, what, f"{row.job_id}: {before}")
        for step in transaction.steps(row, JobRow.status.not_in(_ENDED)):
            if step.status not in _ENDED:
                self.end_in_error(transaction, step, what, before)

    def remove(self, kind: str, job_id: str) -> Job:
        """Remove a job with its files, cancelling it first if it has not ended; return it as it was.

        Raises:
            JobMissingError: there is no such job.
        """
        before = self.hide(kind, job_id)
        self.forget(before)
        return before

    def hide(self, kind: str, job_id: str) -> Job:
        """Take a job from all readers and from its worker; :meth:`forget` then removes what is left of it.

        Raises:
            JobMissingError: there is no such job.
        """
        with self._transactions.begin() as transaction:
            row = transaction.named(kind, job_id)
            before = transaction.value(row)
            for each in (row, *transaction.steps(row)):
                if each.status not in _ENDED:
                    each.status, each.error, each.error_said = Status.ERROR.value, CANCELLED, said("cancelled").kept
                    each.fence += 1
                    transaction.record(each, EventType.FAILED, reason=CANCELLED, **said("cancelled").kept)
                self._bury(transaction, each)
        return before

    @staticmethod
    def _bury(transaction: Transaction, row: JobRow) -> None:
        """Hide a job from all readers; its files go next, its row last, so that nothing is left behind by a crash."""
        row.removed = True
        row.lease_owner = row.lease_expires = None
        transaction.session.execute(delete(JobEventRow).where(JobEventRow.job_id == row.job_id))
        transaction.record(row, EventType.REMOVED)

    def forget(self, job: Job) -> None:
        """Remove the files and then the rows of a job that is hidden already, and of its steps.

        The kind's own rows, which hang on the job's, go with it.
        """
        if job.composed:
            for step in self.hidden(JobRow.parent == job.key):
                self._kinds[step.kind].files.drop(step)
        self._kinds[job.kind].files.drop(job)
        with self._transactions.begin() as transaction:
            transaction.session.execute(delete(JobRow).where(JobRow.key == job.key, JobRow.removed.is_(True)))

    def hidden(self, *conditions: object) -> Sequence[Job]:
        """Return jobs whose removal was interrupted; of them those that fulfil further conditions on the row."""
        chosen = select(JobRow).where(JobRow.removed.is_(True), JobRow.kind.in_(self._kinds), *conditions)  # type: ignore[arg-type]
        with self._reading() as session:
            return self._rows.values(session, session.scalars(chosen).all())

    def sweep(self, ended_before: float, most: int = 200) -> list[Job]:
        """Remove jobs that ended before a moment, with their files, at most so many; return them.

        Steps go with the job that they belong to.
        """
        old = select(JobRow.kind, JobRow.job_id).where(
            JobRow.status.in_(_ENDED),
            JobRow.updated_at < ended_before,
            JobRow.removed.is_(False),
            JobRow.parent.is_(None),
            JobRow.kind.in_(self._kinds),
        )
        with self._reading() as session:
            found = session.execute(old.limit(most)).tuples().all()
        removed: list[Job] = []
        for kind, job_id in found:
            # A row that no version has written cannot be read, and stays.
            with contextlib.suppress(JobMissingError, ValueError, TypeError):
                removed.append(self.remove(kind, job_id))
        with self._transactions.begin() as transaction:
            gone = (JobEventRow.type == EventType.REMOVED.value, JobEventRow.at < ended_before)
            transaction.session.execute(delete(JobEventRow).where(*gone))
        return removed
