"""What all transactions of the queue share: sessions, the story, and announcing only what is committed."""

from __future__ import annotations

import errno
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from service.database import CommitUnknownError, make_certain
from service.tasks.entries import entry_of
from service.tasks.errors import LeaseLostError, StorageFullError, TaskMissingError
from service.tasks.files import TaskFiles
from service.tasks.mending import Mended, mend
from service.tasks.models import HappeningRow, SegmentRow, TaskRow
from service.tasks.records import Change, Happening, Kind, Segment, Status, Task

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
Sessions = Callable[[], AbstractContextManager[Session]]
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_TASK_FIELDS = tuple(name for name in Task.__dataclass_fields__ if name != "status")
_SEGMENT_FIELDS = tuple(Segment.__dataclass_fields__)


def task_of(row: TaskRow) -> Task:
    """Return a row as a value that outlives its session."""
    return Task(status=Status(row.status), **{name: getattr(row, name) for name in _TASK_FIELDS})


def segment_of(row: SegmentRow) -> Segment:
    """Return a row as a value that outlives its session."""
    return Segment(**{name: getattr(row, name) for name in _SEGMENT_FIELDS})


def happening_of(row: HappeningRow) -> Happening:
    """Return a row as a value that outlives its session."""
    return Happening(row.number, row.task_id, row.user_id, row.at, Kind(row.kind), row.detail)


def is_full(error: BaseException) -> bool:
    """Whether an error of the file system or of the database says that the disk is full."""
    if isinstance(error, OSError):
        return error.errno in _FULL
    text = str(error)
    return isinstance(error, OperationalError) and ("is full" in text or "No space left" in text)


@contextmanager
def storage() -> Iterator[None]:
    """Turn "disk full", from wherever it comes, into :class:`StorageFullError`."""
    try:
        yield
    except (OSError, OperationalError) as error:
        if is_full(error):
            raise StorageFullError("the disk is full: free some space, then try again") from error
        raise


class Transaction:
    """One transaction: its session, what happened in it, and what to undo on disk should it fail."""

    def __init__(self, session: Session, now: float) -> None:
        self.session = session
        self.now = now
        self._happenings: list[tuple[HappeningRow, TaskRow]] = []
        self.undo: list[Callable[[], None]] = []
        self.afterwards: list[Callable[[], None]] = []

    def tell(self, row: TaskRow, kind: Kind, **detail: Any) -> None:
        """Add a line to a task's story."""
        row.updated_at = self.now
        happening = HappeningRow(task_id=row.task_id, user_id=row.user_id, at=self.now, kind=kind.value, detail=detail)
        self.session.add(happening)
        self._happenings.append((happening, row))

    def changes(self) -> list[Change]:
        """Return what happened, as values; the session is flushed."""
        return [
            Change(happening_of(happening), None if row.removed else task_of(row))
            for happening, row in self._happenings
        ]

    def held(self, key: int, fence: int) -> TaskRow:
        """Return the row of a task that the caller holds the lease of.

        Raises:
            LeaseLostError: somebody else has it, or it was cancelled or removed.
        """
        row = self.session.scalar(select(TaskRow).where(TaskRow.key == key).with_for_update())
        if row is None or row.removed or row.fence != fence or row.status != Status.RUN.value:
            raise LeaseLostError(f"the lease with fence {fence} of task number {key} is lost")
        return row

    def named(self, task_id: str) -> TaskRow:
        """Return the row of a task.

        Raises:
            TaskMissingError: there is none.
        """
        row = self.session.scalar(select(TaskRow).where(TaskRow.task_id == task_id).with_for_update())
        if row is None or row.removed:
            raise TaskMissingError(f"there is no task {task_id}")
        return row

    def segments(self, key: int) -> list[SegmentRow]:
        """Return a task's segments, in order."""
        found = select(SegmentRow).where(SegmentRow.task_key == key).order_by(SegmentRow.index)
        return list(self.session.scalars(found))


class Ledger:
    """Opens transactions and announces what they did. Threads may share it.

    Args:
        writing: Opens a session whose block is one transaction, committed at its end.
        reading: Opens a session for reading.
        files: The folders.
        announce: Called after a commit, on the thread that committed; must not fail.
        clock: Unix seconds.
        max_attempts: Attempts at a task without a finished segment before it ends in an error.
    """

    def __init__(
        self,
        writing: Sessions,
        reading: Sessions,
        files: TaskFiles,
        announce: Callable[[Change], None],
        clock: Callable[[], float] = time.time,
        max_attempts: int = MAX_ATTEMPTS,
    ) -> None:
        self._writing, self.reading = writing, reading
        self.files = files
        self._announce = announce
        self.clock = clock
        self.max_attempts = max_attempts

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """One transaction: all of it or nothing, on disk too; announced once it is committed.

        Raises:
            StorageFullError: the disk is full.
            CommitUnknownError: the database was lost at the commit; files stay until it is known what holds.
        """
        changes: list[Change] = []
        begun: Transaction | None = None
        try:
            with storage(), self._writing() as session:
                begun = Transaction(session, self.clock())
                yield begun
                session.flush()
                changes = begun.changes()
                if changes:
                    make_certain(session)
        except CommitUnknownError as unknown:
            unknown.when_known(lambda holds: self._known_late(changes, holds))
            raise
        except BaseException:
            for undo in reversed(begun.undo) if begun else ():
                undo()
            raise
        # Told first: dropping files takes its time, and until then others would be told what is over.
        for change in changes:
            self._announce(change)
        for action in begun.afterwards:
            action()

    def _known_late(self, changes: Sequence[Change], holds: bool) -> None:
        """Put right what was left as it was at a commit that nobody knew about. Others may have gone on since."""
        for task_id in {change.happening.task_id for change in changes}:
            self.mend(task_id)
        if holds:
            for change in changes:
                self._announce(change)

    def mend(self, task_id: str, mended: Mended | None = None) -> None:
        """Let the files of a task agree with its row, which nobody else can change meanwhile.

        Args:
            task_id: Which.
            mended: Takes note of what was done.
        """
        with self._writing() as session:
            row = session.scalar(select(TaskRow).where(TaskRow.task_id == task_id).with_for_update())
            if row is not None and not row.removed:
                mend(self.files, task_of(row), mended or Mended())

    def show_waiting(self, transaction: Transaction, row: TaskRow) -> None:
        """Write the entry of a task that waits or runs; it appears before the commit."""
        self.files.write_entry(self.files.waiting_json(row.task_id), entry_of(task_of(row)))
