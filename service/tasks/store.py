"""Accepting, finding, cancelling and removing tasks."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, Text, delete, func, literal, select
from sqlalchemy import cast as as_type
from sqlalchemy.exc import IntegrityError

from service.tasks.entries import entry_of
from service.tasks.errors import TaskConflictError, TaskMissingError, TooManyTasksError
from service.tasks.estimate import Forecast, forecast
from service.tasks.fairness import Place, fair_order
from service.tasks.ledger import Transaction, segment_of, task_of
from service.tasks.models import HappeningRow, SegmentRow, TaskRow, TurnRow
from service.tasks.records import CANCELLED, ENDED, Kind, NewTask, Segment, Status, Task
from service.tasks.stories import StoryStore

_IDS_PER_QUERY = 500
_LIMIT_LOCK = 0x6C696D69  # with a number for the user: any that nobody else in the database locks
_ENDED = tuple(status.value for status in ENDED)


@dataclass(frozen=True)
class Choice:
    """Which tasks a page shows; fields that are None do not choose.

    Attributes:
        user_id: Of this user.
        task_ids: Of these ids.
        status: In this state.
        model_id: In this voice.
    """

    user_id: str | None = None
    task_ids: tuple[str, ...] | None = None
    status: Status | None = None
    model_id: str | None = None


def _conditions(choice: Choice) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [TaskRow.removed.is_(False)]
    if choice.user_id is not None:
        found.append(TaskRow.user_id == choice.user_id)
    if choice.status is not None:
        found.append(TaskRow.status == choice.status.value)
    if choice.model_id is not None:
        found.append(TaskRow.model_id == choice.model_id)
    return found


class TaskStore(StoryStore):
    """See the module. Every method is one transaction and blocks: call it off the event loop."""

    def submit(self, new: NewTask, limit: int) -> tuple[Task, bool]:
        """Accept a task: once this returns, it is on disk.

        Args:
            new: The task.
            limit: Waiting tasks that its user may have.

        Returns:
            The task, and whether this call made it (False: the same was submitted before).

        Raises:
            TaskConflictError: the id belongs to another task.
            TooManyTasksError: the user has ``limit`` waiting tasks.
            StorageFullError: the disk is full.
        """
        try:
            return self._submit(new, limit)
        except IntegrityError:
            # Two servers accepted the same id at once; the other was first.
            return self._submit(new, limit)

    def _submit(self, new: NewTask, limit: int) -> tuple[Task, bool]:
        with self.transaction() as transaction:
            session = transaction.session
            row = session.scalar(select(TaskRow).where(TaskRow.task_id == new.task_id))
            if row is not None:
                return self._same(row, new), False
            self._check_limit(transaction, new.user_id, limit)
            row = self._inserted(transaction, new)
            path = self.files.waiting_json(new.task_id)
            transaction.undo.append(lambda: self.files.drop(path))
            self.show_waiting(transaction, row)
            task = task_of(row)
        return task, True

    @staticmethod
    def _check_limit(transaction: Transaction, user_id: str, limit: int) -> None:
        session = transaction.session
        if session.get_bind().dialect.name == "postgresql":  # a user's submissions one after the other, as on SQLite
            turn = func.pg_advisory_xact_lock(literal(_LIMIT_LOCK), func.hashtext(literal(user_id)))
            session.execute(select(as_type(turn, Text)))
        mine = (TaskRow.user_id == user_id, TaskRow.status == Status.WAIT.value, TaskRow.removed.is_(False))
        waiting = session.scalar(select(func.count()).select_from(TaskRow).where(*mine)) or 0
        if waiting >= limit:
            raise TooManyTasksError(
                f"user {user_id} has {waiting} waiting tasks, the limit is {limit}: wait for some to end"
            )

    @staticmethod
    def _same(row: TaskRow, new: NewTask) -> Task:
        if row.removed:
            raise TaskConflictError(f"task {new.task_id} is being removed: try again")
        if row.body_hash != new.body_hash:
            raise TaskConflictError(f"task id {new.task_id} belongs to a task with another content: choose another id")
        return task_of(row)

    @staticmethod
    def _inserted(transaction: Transaction, new: NewTask) -> TaskRow:
        row = TaskRow(
            task_id=new.task_id,
            user_id=new.user_id,
            body_hash=new.body_hash,
            request=new.request,
            model_id=new.request.get("model_id"),
            characters=len(str(new.request.get("text", ""))),
            status=Status.WAIT.value,
            priority=new.priority,
            created_at=transaction.now,
            total_segments=new.expected_segments,
        )
        transaction.session.add(row)
        transaction.tell(row, Kind.SUBMITTED)
        transaction.session.flush()
        return row

    def find(self, task_id: str) -> Task:
        """Return a task.

        Raises:
            TaskMissingError: there is none.
        """
        with self.reading() as session:
            row = session.scalar(select(TaskRow).where(TaskRow.task_id == task_id, TaskRow.removed.is_(False)))
            if row is None:
                raise TaskMissingError(f"there is no task {task_id}")
            return task_of(row)

    def snapshot(self, task_id: str) -> tuple[Task, int]:
        """Return a task and the number of the latest happening that it shows.

        Raises:
            TaskMissingError: there is none.
        """
        with self.reading() as session:
            # The number first: should something happen in between (PostgreSQL), it is told again, not lost.
            number = session.scalar(select(func.max(HappeningRow.number)).where(HappeningRow.task_id == task_id))
            row = session.scalar(select(TaskRow).where(TaskRow.task_id == task_id, TaskRow.removed.is_(False)))
            if row is None:
                raise TaskMissingError(f"there is no task {task_id}")
            return task_of(row), number or 0

    def page(self, choice: Choice, page: int, page_size: int) -> tuple[list[Task], int]:
        """Return one page of the chosen tasks, newest first, and how many there are in all."""
        if choice.task_ids is not None:
            found = self._named(choice)
            return found[(page - 1) * page_size : page * page_size], len(found)
        chosen = _conditions(choice)
        with self.reading() as session:
            total = session.scalar(select(func.count()).select_from(TaskRow).where(*chosen)) or 0
            rows = session.scalars(
                select(TaskRow)
                .where(*chosen)
                .order_by(TaskRow.key.desc())
                .limit(page_size)
                .offset((page - 1) * page_size)
            )
            return [task_of(row) for row in rows], total

    def _named(self, choice: Choice) -> list[Task]:
        """Return the chosen tasks among thousands of ids, newest first."""
        ids = list(dict.fromkeys(choice.task_ids or ()))
        found: list[Task] = []
        with self.reading() as session:
            for first in range(0, len(ids), _IDS_PER_QUERY):
                some = TaskRow.task_id.in_(ids[first : first + _IDS_PER_QUERY])
                query: Select[tuple[TaskRow]] = select(TaskRow).where(some, *_conditions(choice))
                found += [task_of(row) for row in session.scalars(query)]
        return sorted(found, key=lambda task: task.key, reverse=True)

    def after(self, key: int, most: int) -> list[Task]:
        """Return tasks accepted after one, oldest first, at most so many: for walking over all of them."""
        with self.reading() as session:
            found = select(TaskRow).where(TaskRow.key > key, TaskRow.removed.is_(False)).order_by(TaskRow.key)
            return [task_of(row) for row in session.scalars(found.limit(most))]

    def existing(self, task_ids: Iterable[str]) -> set[str]:
        """Return those of many ids that are tasks."""
        ids = list(task_ids)
        with self.reading() as session:
            parts = (ids[first : first + _IDS_PER_QUERY] for first in range(0, len(ids), _IDS_PER_QUERY))
            found = (session.scalars(select(TaskRow.task_id).where(TaskRow.task_id.in_(part))) for part in parts)
            return {name for some in found for name in some}

    def segments(self, task_id: str) -> tuple[Task, list[Segment]]:
        """Return a task and the segments it is known to have, in order.

        Raises:
            TaskMissingError: there is no such task.
        """
        with self.reading() as session:
            row = session.scalar(select(TaskRow).where(TaskRow.task_id == task_id, TaskRow.removed.is_(False)))
            if row is None:
                raise TaskMissingError(f"there is no task {task_id}")
            found = select(SegmentRow).where(SegmentRow.task_key == row.key).order_by(SegmentRow.index)
            return task_of(row), [segment_of(segment) for segment in session.scalars(found)]

    def uses_voice(self, model_id: str) -> bool:
        """Whether a task that has not ended speaks in a voice."""
        with self.reading() as session:
            under_way = (TaskRow.status.not_in(_ENDED), TaskRow.removed.is_(False), TaskRow.model_id == model_id)
            return session.scalar(select(TaskRow.key).where(*under_way).limit(1)) is not None

    def forecast(self) -> Forecast:
        """Return positions and what lies ahead of every task that has not ended."""
        columns = (
            TaskRow.status,
            TaskRow.priority,
            TaskRow.key,
            TaskRow.task_id,
            TaskRow.user_id,
            TaskRow.characters,
            TaskRow.segments_done,
            TaskRow.total_segments,
        )
        waiting: list[Place] = []
        running: list[tuple[str, int]] = []
        with self.reading() as session:
            under_way = select(*columns).where(TaskRow.status.not_in(_ENDED), TaskRow.removed.is_(False))
            for status, priority, key, task_id, user_id, characters, done, total in session.execute(under_way):
                left = characters * (total - done) // total if total else characters
                if status == Status.WAIT.value:
                    waiting.append(Place(priority, key, task_id, user_id, left))
                else:
                    running.append((task_id, left))
            turns = {row.user_id: row.turn for row in session.scalars(select(TurnRow))}
        return forecast(fair_order(waiting, turns), running)

    def counts(self) -> dict[Status, int]:
        """Return how many tasks are in each state."""
        with self.reading() as session:
            grouped = select(TaskRow.status, func.count()).where(TaskRow.removed.is_(False)).group_by(TaskRow.status)
            found = {Status(status): count for status, count in session.execute(grouped)}
        return {status: found.get(status, 0) for status in Status}

    # --- ending tasks from outside ---

    def cancel(self, task_id: str) -> Task:
        """End a task that has not ended, as ``error`` with ``cancelled``; its worker may not write any more.

        Raises:
            TaskMissingError: there is no such task.
            TaskConflictError: it has ended.
        """
        with self.transaction() as transaction:
            row = transaction.named(task_id)
            if row.status in _ENDED:
                raise TaskConflictError(f"task {task_id} has ended already ({row.status})")
            self.end_in_error(transaction, row, CANCELLED)
            transaction.session.flush()
            task = task_of(row)
        return task

    def end_in_error(self, transaction: Transaction, row: TaskRow, reason: str) -> None:
        """Let a task end in an error within a transaction, on disk too. Finished segments stay for a retry."""
        row.status, row.error = Status.ERROR.value, reason
        row.lease_owner = row.lease_expires = None
        row.fence += 1
        transaction.tell(row, Kind.FAILED, reason=reason)
        path = self.files.error_json(row.task_id)
        transaction.undo.append(lambda: self.files.drop(path))
        self.files.write_entry(path, entry_of(task_of(row)))
        task_id = row.task_id
        transaction.afterwards.append(lambda: self.files.drop_waiting(task_id))

    def remove(self, task_id: str) -> Task:
        """Remove a task with its files, cancelling it first if it has not ended; return it as it was.

        Raises:
            TaskMissingError: there is no such task.
        """
        before = self.hide(task_id)
        self.forget(before)
        return before

    def hide(self, task_id: str) -> Task:
        """Take a task from all readers and from its worker; :meth:`forget` then removes what is left of it.

        Raises:
            TaskMissingError: there is no such task.
        """
        with self.transaction() as transaction:
            row = transaction.named(task_id)
            before = task_of(row)
            if row.status not in _ENDED:
                row.status, row.error = Status.ERROR.value, CANCELLED
                row.fence += 1
                transaction.tell(row, Kind.FAILED, reason=CANCELLED)
            self._bury(transaction, row)
        return before

    @staticmethod
    def _bury(transaction: Transaction, row: TaskRow) -> None:
        """Hide a task from all readers; its files go next, its row last, so that nothing is left behind by a crash."""
        row.removed = True
        row.lease_owner = row.lease_expires = None
        transaction.session.execute(delete(HappeningRow).where(HappeningRow.task_id == row.task_id))
        transaction.tell(row, Kind.REMOVED)

    def forget(self, task: Task) -> None:
        """Remove the files and then the row of a task that is hidden already."""
        self.files.drop_task(task.task_id, task.user_id, task.created_at)
        with self.transaction() as transaction:
            transaction.session.execute(delete(SegmentRow).where(SegmentRow.task_key == task.key))
            transaction.session.execute(delete(TaskRow).where(TaskRow.key == task.key, TaskRow.removed.is_(True)))

    def hidden(self) -> Sequence[Task]:
        """Return tasks whose removal was interrupted."""
        with self.reading() as session:
            return [task_of(row) for row in session.scalars(select(TaskRow).where(TaskRow.removed.is_(True)))]

    def retry(self, task_id: str, limit: int) -> Task:
        """Let a task that ended in an error wait again; what was spoken of it is kept.

        Raises:
            TaskMissingError: there is no such task.
            TaskConflictError: it did not end in an error.
            TooManyTasksError: its user has ``limit`` waiting tasks.
        """
        with self.transaction() as transaction:
            row = transaction.named(task_id)
            if row.status != Status.ERROR.value:
                raise TaskConflictError(f"task {task_id} is {row.status}, only a task in error can be tried again")
            mine = (TaskRow.user_id == row.user_id, TaskRow.status == Status.WAIT.value, TaskRow.removed.is_(False))
            if (transaction.session.scalar(select(func.count()).select_from(TaskRow).where(*mine)) or 0) >= limit:
                raise TooManyTasksError(
                    f"user {row.user_id} has {limit} waiting tasks, the limit: wait for some to end"
                )
            row.status, row.error = Status.WAIT.value, None
            row.attempts = row.deaths = 0
            row.not_before = 0.0
            transaction.tell(row, Kind.RETRIED)
            waiting = self.files.waiting_json(task_id)
            transaction.undo.append(lambda: self.files.drop(waiting))
            self.show_waiting(transaction, row)
            error = self.files.error_json(task_id)
            transaction.afterwards.append(lambda: self.files.drop(error))
            transaction.session.flush()
            task = task_of(row)
        return task

    def sweep(self, ended_before: float, most: int = 200) -> list[Task]:
        """Remove tasks that ended before a moment, with their files, at most so many; return them."""
        with self.reading() as session:
            old = select(TaskRow.task_id).where(
                TaskRow.status.in_(_ENDED), TaskRow.updated_at < ended_before, TaskRow.removed.is_(False)
            )
            names = list(session.scalars(old.limit(most)))
        removed: list[Task] = []
        for name in names:
            with contextlib.suppress(TaskMissingError):
                removed.append(self.remove(name))
        with self.transaction() as transaction:
            gone = (HappeningRow.kind == Kind.REMOVED.value, HappeningRow.at < ended_before)
            transaction.session.execute(delete(HappeningRow).where(*gone))
        return removed
