"""What all transactions of the queue share: sessions, the event log, files, and announcing only what is committed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from service.database import CommitUnknownError, make_certain
from service.jobs.errors import JobMissingError, LeaseLostError
from service.jobs.kinds import Kind, Kinds, RepairReport
from service.jobs.models import JobEventRow, JobRow
from service.jobs.records import Change, EventType, Job, Status
from service.jobs.rows import JobRows, event_of, job_of
from service.storage import storage

Sessions = Callable[[], AbstractContextManager[Session]]
Witness = Callable[[Session, Sequence[Change]], None]
"""Writes rows of its own about changes of jobs, in their transaction; must not commit."""


class Transaction:
    """One transaction: its session, what happened in it, and what to undo on disk should it fail.

    A job's row is locked after that of the job that it is a step of, never before: so nobody waits in a circle.
    """

    def __init__(self, session: Session, now: float, kinds: Kinds) -> None:
        self.session = session
        self.now = now
        self.undo: list[Callable[[], None]] = []
        self.afterwards: list[Callable[[], None]] = []
        self._kinds = kinds
        self._sides: dict[int, object] = {}
        self._recorded: list[tuple[JobEventRow, JobRow]] = []

    def kind(self, row: JobRow) -> Kind:
        """Return the kind of a row."""
        return self._kinds[row.kind]

    def value(self, row: JobRow) -> Job:
        """Return a row as a value. Its side row is read once: the session alone would let go of it."""
        side = self.kind(row).side
        if side is None:
            return job_of(row)
        if row.key not in self._sides:
            self._sides[row.key] = self.session.get(side.row, row.key)
        return job_of(row, side.facts(self._sides[row.key]))

    def record(self, row: JobRow, type: str, **detail: object) -> None:
        """Add a line to the event log."""
        row.updated_at = self.now
        event = JobEventRow(
            job_id=row.job_id, kind=row.kind, user_id=row.user_id, at=self.now, type=str_of(type), detail=detail
        )
        self.session.add(event)
        self._recorded.append((event, row))

    def changes(self) -> list[Change]:
        """Return what happened, as values; the session is flushed."""
        return [Change(event_of(event), None if row.removed else self.value(row)) for event, row in self._recorded]

    # --- rows, locked ---

    def held(self, job: Job) -> JobRow:
        """Return the row of a job whose lease the caller holds.

        Raises:
            LeaseLostError: somebody else has it, or it was cancelled or removed.
        """
        row = self.locked(job.key, job.parent)
        if row is None or row.removed or row.fence != job.fence or row.status != Status.RUN.value:
            raise LeaseLostError(f"the lease with fence {job.fence} of {job.job_id} is lost")
        return row

    def locked(self, key: int, parent: int | None) -> JobRow | None:
        """Return a row by its key, locked; None when there is none."""
        if parent is not None:
            self.session.execute(select(JobRow.key).where(JobRow.key == parent).with_for_update())
        return self.session.scalar(select(JobRow).where(JobRow.key == key).with_for_update())

    def named(self, kind: str, job_id: str) -> JobRow:
        """Return the row of a job, locked.

        Raises:
            JobMissingError: there is none.
        """
        chosen = (JobRow.job_id == job_id, JobRow.kind == kind)
        row = self.session.scalar(select(JobRow).where(*chosen, JobRow.parent.is_(None)).with_for_update())
        if row is None:
            found = self.session.execute(select(JobRow.key, JobRow.parent).where(*chosen)).one_or_none()
            row = None if found is None else self.locked(found.key, found.parent)
        if row is None or row.removed:
            raise missing(self._kinds[kind], job_id)
        return row

    def steps(self, row: JobRow, *conditions: ColumnElement[bool]) -> Sequence[JobRow]:
        """Return the jobs that a job consists of, locked."""
        if not row.composed:
            return ()
        found = select(JobRow).where(JobRow.parent == row.key, *conditions).order_by(JobRow.key).with_for_update()
        return self.session.scalars(found).all()

    # --- files ---

    def show(self, row: JobRow) -> None:
        """Let the files of a job say what its row says, before the commit; its state is the one it had."""
        self.kind(row).files.show(self.value(row))

    def enter(self, row: JobRow) -> None:
        """As :meth:`show`, for a state that the job did not have: undone when the commit fails."""
        self.session.flush()
        files, job = self.kind(row).files, self.value(row)
        self.undo.append(lambda: files.hide(job))
        files.show(job)
        self.afterwards.append(lambda: files.settle(job))


def str_of(type: str) -> str:
    """Return an event's type as the plain text that the database keeps."""
    return type.value if isinstance(type, EventType) else str(type)


def missing(kind: Kind, job_id: str) -> JobMissingError:
    """Return the error of a job that is not there."""
    return JobMissingError("job_missing", noun=kind.noun, job_id=job_id)


class Transactions:
    """Opens transactions and announces what they did. Threads may share it.

    Args:
        writing: Opens a session whose block is one transaction, committed at its end.
        kinds: The kinds whose jobs are changed.
        announce: Called after a commit, on the thread that committed; must not fail.
        clock: Unix seconds.
        witnesses: A list that several share; None for one of its own.

    Attributes:
        witnesses: Called within each transaction that changes jobs, with what happened in it: what they write is
            committed with it, or not at all.
    """

    def __init__(
        self,
        writing: Sessions,
        kinds: Kinds,
        announce: Callable[[Change], None],
        clock: Callable[[], float],
        witnesses: list[Witness] | None = None,
    ) -> None:
        self.kinds, self.clock = kinds, clock
        self.witnesses: list[Witness] = [] if witnesses is None else witnesses
        self._writing, self._announce = writing, announce

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        """One transaction: all of it or nothing, on disk too; announced once it is committed.

        Raises:
            StorageFullError: the disk is full.
            CommitUnknownError: the database was lost at the commit; files stay until it is known what holds.
        """
        changes: list[Change] = []
        begun: Transaction | None = None
        try:
            with storage(), self._writing() as session:
                begun = Transaction(session, self.clock(), self.kinds)
                yield begun
                session.flush()
                changes = begun.changes()
                if changes:
                    for witness in self.witnesses:
                        witness(session, changes)
                    make_certain(session)
        except CommitUnknownError as unknown:
            undo = list(begun.undo) if begun else []
            unknown.when_known(lambda holds: self._known_late(changes, undo, holds))
            raise
        except BaseException:
            for step in reversed(begun.undo) if begun else ():
                step()
            raise
        # Told first: dropping files takes its time, and until then others would be told what is over.
        for change in changes:
            self._announce(change)
        for action in begun.afterwards:
            action()

    def _known_late(self, changes: Sequence[Change], undo: Sequence[Callable[[], None]], holds: bool) -> None:
        """Put right what was left as it was at a commit that nobody knew about.

        Others may have gone on since: what is taken back of theirs comes again with the repair.
        """
        for take_back in () if holds else reversed(undo):
            take_back()
        for job_id in {change.event.job_id for change in changes}:
            self.repair(job_id)
        if holds:
            for change in changes:
                self._announce(change)

    def repair(self, job_id: str, report: RepairReport | None = None) -> None:
        """Let the files of a job agree with its row, which nobody else can change meanwhile.

        Args:
            job_id: Which.
            report: Takes note of what was done.
        """
        with self._writing() as session:
            row = session.scalar(select(JobRow).where(JobRow.job_id == job_id).with_for_update())
            if row is not None and not row.removed:
                job = JobRows(self.kinds).value(session, row)
                self.kinds[row.kind].files.repair(job, RepairReport() if report is None else report)
