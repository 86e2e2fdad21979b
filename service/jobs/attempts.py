"""What a worker writes while it has a job: every write is fenced, so that one thought dead cannot write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import select

from service.jobs.endings import Endings
from service.jobs.kinds import Result
from service.jobs.models import JobDependencyRow, JobRow
from service.jobs.records import ALONE_AFTER_DEATHS, EventType, Job, Status
from service.jobs.transactions import Transaction, Transactions
from service.words import Said, as_said

MAX_ATTEMPTS = 3


class Attempts:
    """Every method blocks: call it off the event loop.

    Args:
        transactions: Where jobs are changed.
        endings: Ends those that are given up.
        most: Attempts at a job without a finished step before it ends in an error.
    """

    def __init__(self, transactions: Transactions, endings: Endings, most: int = MAX_ATTEMPTS) -> None:
        self._transactions, self._endings, self.most = transactions, endings, most

    @contextmanager
    def writing(self, job: Job) -> Iterator[tuple[Transaction, JobRow]]:
        """A transaction of whoever holds the lease of a job, and the job's row.

        Raises:
            LeaseLostError: the lease is lost.
            StorageFullError: the disk is full; nothing is changed.
        """
        with self._transactions.begin() as transaction:
            yield transaction, transaction.held(job)

    @staticmethod
    def progressed(transaction: Transaction, row: JobRow, type: str = EventType.STEP, **detail: object) -> None:
        """Note a finished step within a transaction. The count of attempts begins again with this one."""
        row.attempts, row.deaths = 1, 0
        transaction.record(row, type, **detail)
        transaction.show(row)

    def finish(self, job: Job, result: Result) -> Job:
        """Let a job end well: the kind's part appears whole, then the database says so.

        Raises:
            LeaseLostError: the lease is lost.
            StorageFullError: the disk is full; the job is as before.
        """
        with self._transactions.begin() as transaction:
            transaction.undo.append(result.discard)
            row = transaction.held(job)
            row.status, row.error, row.error_said = Status.DONE.value, None, None
            row.lease_owner = row.lease_expires = None
            row.fence += 1
            transaction.record(row, EventType.DONE, **result.within(transaction.session, row))
            transaction.enter(row)
            if row.parent is not None:
                self._unblock(transaction, row)
            transaction.session.flush()
            return transaction.value(row)

    @staticmethod
    def _unblock(transaction: Transaction, row: JobRow) -> None:
        """Tell the jobs that need a step, which is done now."""
        waiting = select(JobRow).join(JobDependencyRow, JobDependencyRow.key == JobRow.key)
        found = transaction.session.scalars(waiting.where(JobDependencyRow.needs == row.key).with_for_update())
        for each in found.all():
            each.blocked -= 1
            if each.key == row.parent:
                each.steps_done += 1
                transaction.record(each, EventType.STEP, step=row.job_id)
                transaction.show(each)

    def fail(self, job: Job, reason: str | Said, *, repeat: bool, death: bool = False, delay: float = 0.0) -> Job:
        """Let an attempt end in failure: another follows if it may and there are attempts left.

        Raises:
            LeaseLostError: the lease is lost.
        """
        with self.writing(job) as (transaction, row):
            if repeat:
                self.repeat(transaction, row, reason, death=death, delay=delay)
            else:
                self._endings.end_in_error(transaction, row, reason)
            transaction.session.flush()
            return transaction.value(row)

    def repeat(
        self, transaction: Transaction, row: JobRow, reason: str | Said, *, death: bool = False, delay: float = 0.0
    ) -> None:
        """Let a failed attempt be followed by another, or the job end in an error when it was the last."""
        if death:
            row.deaths += 1
            if row.deaths <= ALONE_AFTER_DEATHS and not transaction.kind(row).need.apart:
                row.attempts = max(0, row.attempts - 1)  # others were there too: a suspicion, no proof
        what = as_said(reason)
        if row.attempts >= self.most:
            self._endings.end_in_error(transaction, row, what, f"given up after {row.attempts} attempts: ")
            return
        _wait_again(transaction, row, delay)
        transaction.record(row, EventType.REPEATED, reason=what.text(), attempt=row.attempts, **what.kept)
        transaction.show(row)

    def hand_back(self, job: Job, reason: str | Said, *, delay: float = 0.0) -> Job:
        """Let a job wait again for no fault of its own; the attempt does not count.

        Raises:
            LeaseLostError: the lease is lost.
        """
        with self.writing(job) as (transaction, row):
            row.attempts = max(0, row.attempts - 1)
            _wait_again(transaction, row, delay)
            what = as_said(reason)
            transaction.record(row, EventType.HANDED_BACK, reason=what.text(), **what.kept)
            transaction.show(row)
            transaction.session.flush()
            return transaction.value(row)


def _wait_again(transaction: Transaction, row: JobRow, delay: float) -> None:
    row.status = Status.WAIT.value
    row.lease_owner = row.lease_expires = None
    row.fence += 1
    row.not_before = transaction.now + delay
