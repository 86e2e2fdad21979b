"""Making the folders agree with the database when a service starts, and keeping them tidy: the database is right."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from sqlalchemy import update

from service.errors import StorageAwayError
from service.jobs.endings import Endings
from service.jobs.kinds import RepairReport
from service.jobs.leases import Leases
from service.jobs.models import JobRow
from service.jobs.reader import JobReader
from service.jobs.records import Job, Status
from service.jobs.transactions import Transactions

logger = logging.getLogger(__name__)

_PAGE = 500
_STUCK_SECONDS = 60.0


class Recovery:
    """Every method blocks: call it off the event loop.

    Args:
        transactions: Where jobs are changed.
        reader: Finds them.
        endings: Finishes removals.
        leases: Takes back what the dead had.
    """

    def __init__(self, transactions: Transactions, reader: JobReader, endings: Endings, leases: Leases) -> None:
        self._transactions, self._reader, self._endings, self._leases = transactions, reader, endings, leases

    def at_start(self) -> RepairReport:
        """Finish what a killed service left half done; about a second per ten thousand jobs."""
        report = RepairReport()
        report.note("set aside", self.set_aside())
        report.note("removed", self.finish_removals(older_than=0.0))
        report.note("taken back", len(self._leases.recover()))
        report.note("half-written", self._tidy(starting=True))
        for kind in self._transactions.kinds.values():
            for job in self._all(kind.name):
                if not kind.files.agree(job):
                    self._transactions.repair(job.job_id, report)
        self._tidy(starting=False)
        if report:
            logger.warning("after an interrupted run: %s", report)
        return report

    def set_aside(self) -> int:
        """Let rows that cannot be read count as ended, so that nobody claims or mends them; return how many.

        What they hold stays as it is, and lists pass them over.
        """
        keys = self._reader.unreadable()
        if keys:
            logger.warning("%d rows of the database cannot be read, and are set aside: %s", len(keys), keys[:20])
            with self._transactions.begin() as transaction:
                aside = {"status": Status.ERROR.value, "removed": False, "lease_owner": None}
                transaction.session.execute(update(JobRow).where(JobRow.key.in_(keys)).values(**aside))
        return len(keys)

    def finish_removals(self, older_than: float = _STUCK_SECONDS) -> int:
        """Remove what is left of jobs whose removal was begun so many seconds ago and interrupted; return how many."""
        until = self._transactions.clock() - older_than
        stuck = [job for job in self._endings.hidden() if job.updated_at <= until]
        return sum(self._forgotten(job) for job in stuck)

    def _forgotten(self, job: Job) -> bool:
        try:
            self._endings.forget(job)
        except StorageAwayError as error:  # the next look comes
            logger.warning("what is left of %s cannot be removed yet: %s", job.job_id, error)
            return False
        return True

    def _all(self, kind: str) -> Iterator[Job]:
        key = 0
        while found := self._reader.after(kind, key, _PAGE):
            yield from found
            key = found[-1].key

    def _tidy(self, *, starting: bool) -> int:
        kinds = self._transactions.kinds.values()
        return sum(kind.files.tidy(self._reader.existing, starting=starting) for kind in kinds)

    def tidy(self) -> None:
        """Remove what was never accepted, and what an interrupted removal left."""
        self._tidy(starting=False)
        self.finish_removals()

    def expire(self, before: float) -> int:
        """Remove files that belong to no job and are older than a moment, in Unix seconds; return how many."""
        kinds = self._transactions.kinds.values()
        return sum(kind.files.expire(self._reader.existing, before) for kind in kinds)
