"""Letting jobs wait until somebody says so: whoever has one loses its lease, and what is on disk stays."""

from __future__ import annotations

from service.jobs.errors import JobConflictError
from service.jobs.models import JobRow
from service.jobs.records import ENDED, NEVER, EventType, Job, Status
from service.jobs.transactions import Transaction, Transactions

_ENDED = tuple(status.value for status in ENDED)


class Pausing:
    """Every method blocks: call it off the event loop.

    Args:
        transactions: Where jobs are changed.
    """

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def pause(self, kind: str, job_id: str) -> Job:
        """Let a job that has not ended wait, with its steps; its worker may not write any more.

        Raises:
            JobMissingError: there is no such job.
            JobConflictError: it has ended.
        """
        with self._transactions.begin() as transaction:
            row = transaction.named(kind, job_id)
            if row.status in _ENDED:
                noun = transaction.kind(row).noun
                raise JobConflictError("job_over", noun=noun, job_id=job_id, status=row.status)
            for each in (row, *transaction.steps(row, JobRow.status.not_in(_ENDED))):
                self._stop(transaction, each)
            transaction.session.flush()
            return transaction.value(row)

    @staticmethod
    def _stop(transaction: Transaction, row: JobRow) -> None:
        if row.status == Status.RUN.value:
            row.status = Status.WAIT.value
            row.lease_owner = row.lease_expires = None
            row.fence += 1
            row.attempts = max(0, row.attempts - 1)
        row.not_before = NEVER
        transaction.record(row, EventType.PAUSED)
        transaction.show(row)

    def resume(self, kind: str, job_id: str) -> Job:
        """Let a paused job be claimed again, with its steps; one that is not paused stays as it is.

        Raises:
            JobMissingError: there is no such job.
        """
        with self._transactions.begin() as transaction:
            row = transaction.named(kind, job_id)
            for each in (row, *transaction.steps(row)):
                if each.status == Status.WAIT.value and each.not_before >= NEVER:
                    each.not_before = 0.0
                    transaction.record(each, EventType.RESUMED)
                    transaction.show(each)
            transaction.session.flush()
            return transaction.value(row)
