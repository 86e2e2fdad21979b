"""Handing tasks to workers and taking them back: leases, heartbeats, fences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import CursorResult, Text, func, literal, select, update
from sqlalchemy import cast as as_type

from service.tasks.ledger import Transaction, segment_of, task_of
from service.tasks.models import SegmentRow, TaskRow, TurnRow
from service.tasks.records import Kind, Segment, Status, Task
from service.tasks.store import TaskStore
from service.tasks.worker import surely_dead

ALONE_AFTER_DEATHS = 2
"""A task that was there when two workers died runs alone; from then on every death is its own doing and counts."""
_CLAIM_LOCK = 0x766F6963  # any number that nobody else in the database locks


@dataclass(frozen=True)
class Lease:
    """A task in a worker's hands.

    Attributes:
        task: As it is while the lease lasts.
        segments: What is known of its segments from earlier attempts.
    """

    task: Task
    segments: tuple[Segment, ...]

    @property
    def alone(self) -> bool:
        """Whether nothing else may run beside it."""
        return self.task.deaths >= ALONE_AFTER_DEATHS


class LeaseStore(TaskStore):
    """See the module. Every method is one transaction and blocks: call it off the event loop."""

    def claim(self, worker: str, lease_seconds: float, *, running: int = 0) -> Lease | None:
        """Give a worker the next task in fair order.

        Args:
            worker: Its name.
            lease_seconds: After so long without a heartbeat the task may be given to another.
            running: Tasks that the worker has under way; with any, tasks that must run alone are left waiting.
        """
        with self.transaction() as transaction:
            row = self._next(transaction, running)
            if row is None:
                return None
            row.status = Status.RUN.value
            row.lease_owner, row.lease_expires = worker, transaction.now + lease_seconds
            row.fence += 1
            row.attempts += 1
            transaction.tell(row, Kind.CLAIMED, attempt=row.attempts)
            self._take_turn(transaction, row.user_id)
            self.show_waiting(transaction, row)
            transaction.session.flush()
            return Lease(task_of(row), tuple(segment_of(segment) for segment in transaction.segments(row.key)))

    @staticmethod
    def _next(transaction: Transaction, running: int) -> TaskRow | None:
        session = transaction.session
        if session.get_bind().dialect.name == "postgresql":
            session.execute(select(as_type(func.pg_advisory_xact_lock(literal(_CLAIM_LOCK)), Text)))
        ready = [
            TaskRow.status == Status.WAIT.value,
            TaskRow.removed.is_(False),
            TaskRow.not_before <= transaction.now,
        ]
        if running:
            ready.append(TaskRow.deaths < ALONE_AFTER_DEATHS)
        turn = func.coalesce(func.max(TurnRow.turn), 0)
        user = session.scalar(
            select(TaskRow.user_id)
            .outerjoin(TurnRow, TurnRow.user_id == TaskRow.user_id)
            .where(*ready)
            .group_by(TaskRow.user_id)
            .order_by(turn, func.min(TaskRow.key))
            .limit(1)
        )
        if user is None:
            return None
        mine = select(TaskRow).where(*ready, TaskRow.user_id == user).order_by(TaskRow.priority, TaskRow.key)
        # Locked, so that nobody cancels it meanwhile; one that somebody is just cancelling is not waited for.
        return session.scalar(mine.limit(1).with_for_update(skip_locked=True))

    @staticmethod
    def _take_turn(transaction: Transaction, user_id: str) -> None:
        session = transaction.session
        turn = (session.scalar(select(func.max(TurnRow.turn))) or 0) + 1
        row = session.get(TurnRow, user_id)
        if row is None:
            session.add(TurnRow(user_id=user_id, turn=turn))
        else:
            row.turn = turn

    def heartbeat(self, worker: str, leases: Iterable[tuple[int, int]], lease_seconds: float) -> set[int]:
        """Say that a worker lives.

        Args:
            worker: Its name.
            leases: ``(key, fence)`` of the tasks that it has.
            lease_seconds: How long until the next heartbeat must have come.

        Returns:
            Keys of tasks that it has no more: cancelled, removed, or given to another.
        """
        lost: set[int] = set()
        with self.transaction() as transaction:
            for key, fence in leases:
                held = (TaskRow.key == key, TaskRow.fence == fence, TaskRow.status == Status.RUN.value)
                kept = transaction.session.execute(
                    update(TaskRow)
                    .where(*held, TaskRow.lease_owner == worker, TaskRow.removed.is_(False))
                    .values(lease_expires=transaction.now + lease_seconds)
                    .execution_options(synchronize_session=False)
                )
                if not cast("CursorResult[Any]", kept).rowcount:
                    lost.add(key)
        return lost

    def recover(self, is_dead: Callable[[str], bool] = surely_dead) -> Sequence[Task]:
        """Take back tasks whose worker is dead or silent for longer than its lease; return them.

        A task that has used up its attempts ends in an error.
        """
        now = self.clock()
        with self.reading() as session:
            running = (TaskRow.status == Status.RUN.value, TaskRow.removed.is_(False))
            held = session.execute(
                select(TaskRow.key, TaskRow.fence, TaskRow.lease_owner, TaskRow.lease_expires).where(*running)
            ).all()
        judged = {owner: is_dead(owner) for owner in {owner for _, _, owner, _ in held if owner}}
        lost = [
            (key, fence)
            for key, fence, owner, expires in held
            if owner is None or expires is None or expires < now or judged[owner]
        ]
        return [task for key, fence in lost if (task := self._take_back(key, fence)) is not None]

    def _take_back(self, key: int, fence: int) -> Task | None:
        with self.transaction() as transaction:
            row = transaction.session.scalar(select(TaskRow).where(TaskRow.key == key).with_for_update())
            if row is None or row.removed or row.fence != fence or row.status != Status.RUN.value:
                return None
            self.repeat(transaction, row, "its worker died or fell silent", death=True)
            transaction.session.flush()
            return task_of(row)

    def repeat(
        self, transaction: Transaction, row: TaskRow, reason: str, *, death: bool = False, delay: float = 0.0
    ) -> None:
        """Let a failed attempt be followed by another, or the task end in an error when it was the last."""
        if death:
            row.deaths += 1
            if row.deaths <= ALONE_AFTER_DEATHS:
                row.attempts = max(0, row.attempts - 1)  # others were there too: a suspicion, no proof
        if row.attempts >= self.max_attempts:
            self.end_in_error(transaction, row, f"given up after {row.attempts} attempts: {reason}")
            return
        row.status = Status.WAIT.value
        row.lease_owner = row.lease_expires = None
        row.fence += 1
        row.not_before = transaction.now + delay
        transaction.tell(row, Kind.REPEATED, reason=reason, attempt=row.attempts)
        self.show_waiting(transaction, row)

    def next_ready(self) -> float | None:
        """Return the moment at which the earliest waiting task may be claimed; None when none waits."""
        with self.reading() as session:
            waiting = (TaskRow.status == Status.WAIT.value, TaskRow.removed.is_(False))
            return session.scalar(select(func.min(TaskRow.not_before)).where(*waiting))

    def finished_segments(self, key: int) -> list[Segment]:
        """Return the segments of a task that are on disk, in order."""
        with self.reading() as session:
            found = select(SegmentRow).where(SegmentRow.task_key == key, SegmentRow.frames.is_not(None))
            return [segment_of(row) for row in session.scalars(found.order_by(SegmentRow.index))]
