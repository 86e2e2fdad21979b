"""Handing jobs to workers and taking them back: leases, heartbeats, fences."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import CursorResult, Text, func, literal, select, update
from sqlalchemy import cast as as_type

from service.jobs.attempts import Attempts
from service.jobs.models import JobRow, JobTurnRow
from service.jobs.records import ALONE_AFTER_DEATHS, EventType, Job, Lease, Status
from service.jobs.transactions import Sessions, Transaction, Transactions
from service.jobs.worker_names import surely_dead
from service.words import said

TROUBLE_S = 15.0
"""So long after a database was locked or lost, workers have had the time to say that they live."""
_CLAIM_LOCK = 0x766F6963  # any number that nobody else in the database locks


class Leases:
    """Every method blocks: call it off the event loop.

    Args:
        transactions: Where jobs are changed.
        reading: Opens a session for reading.
        attempts: Repeats what a dead worker had.
        troubled: Whether writing was held up within the last so many seconds.
    """

    def __init__(
        self,
        transactions: Transactions,
        reading: Sessions,
        attempts: Attempts,
        troubled: Callable[[float], bool] = lambda seconds: False,
    ) -> None:
        self._transactions, self._reading, self._attempts = transactions, reading, attempts
        self._troubled = troubled

    def claim(self, kind: str, worker: str, lease_seconds: float, *, running: int = 0) -> Lease | None:
        """Give a worker the next job of a kind in fair order.

        Args:
            kind: Of this kind.
            worker: Its name.
            lease_seconds: After so long without a heartbeat the job may be given to another.
            running: Jobs that the worker has under way; with any, jobs that must run alone are left waiting.
        """
        with self._transactions.begin() as transaction:
            row = self._next(transaction, kind, running)
            if row is None:
                return None
            row.status = Status.RUN.value
            row.lease_owner, row.lease_expires = worker, transaction.now + lease_seconds
            row.fence += 1
            row.attempts += 1
            transaction.record(row, EventType.CLAIMED, attempt=row.attempts)
            self._take_turn(transaction, kind, row.user_id)
            transaction.show(row)
            transaction.session.flush()
            return Lease(transaction.value(row))

    @staticmethod
    def _next(transaction: Transaction, kind: str, running: int) -> JobRow | None:
        session = transaction.session
        if session.get_bind().dialect.name == "postgresql":
            # One claim after another: two at once would look for the same turn. Kinds do not wait for each other.
            lock = func.pg_advisory_xact_lock(literal(_CLAIM_LOCK), func.hashtext(kind))
            session.execute(select(as_type(lock, Text)))
        ready = [
            JobRow.status == Status.WAIT.value,
            JobRow.kind == kind,
            JobRow.removed.is_(False),
            JobRow.blocked == 0,
            JobRow.not_before <= transaction.now,
        ]
        if running:
            ready.append(JobRow.deaths < ALONE_AFTER_DEATHS)
        turn = func.coalesce(func.max(JobTurnRow.turn), 0)
        user = session.scalar(
            select(JobRow.user_id)
            .outerjoin(JobTurnRow, (JobTurnRow.user_id == JobRow.user_id) & (JobTurnRow.kind == JobRow.kind))
            .where(*ready)
            .group_by(JobRow.user_id)
            .order_by(turn, func.min(JobRow.key))
            .limit(1)
        )
        if user is None:
            return None
        mine = select(JobRow).where(*ready, JobRow.user_id == user).order_by(JobRow.priority, JobRow.key)
        # Locked, so that nobody cancels it meanwhile; one that somebody is just cancelling is not waited for.
        return session.scalar(mine.limit(1).with_for_update(skip_locked=True))

    @staticmethod
    def _take_turn(transaction: Transaction, kind: str, user_id: str) -> None:
        session = transaction.session
        turn = (session.scalar(select(func.max(JobTurnRow.turn)).where(JobTurnRow.kind == kind)) or 0) + 1
        row = session.get(JobTurnRow, (kind, user_id))
        if row is None:
            session.add(JobTurnRow(kind=kind, user_id=user_id, turn=turn))
        else:
            row.turn = turn

    def heartbeat(self, worker: str, leases: Iterable[tuple[int, int]], lease_seconds: float) -> set[int]:
        """Say that a worker lives.

        Args:
            worker: Its name.
            leases: ``(key, fence)`` of the jobs that it has.
            lease_seconds: How long until the next heartbeat must have come.

        Returns:
            Keys of jobs that it has no more: cancelled, removed, or given to another.
        """
        lost: set[int] = set()
        with self._transactions.begin() as transaction:
            for key, fence in leases:
                held = (JobRow.key == key, JobRow.fence == fence, JobRow.status == Status.RUN.value)
                kept = transaction.session.execute(
                    update(JobRow)
                    .where(*held, JobRow.lease_owner == worker, JobRow.removed.is_(False))
                    .values(lease_expires=transaction.now + lease_seconds)
                    .execution_options(synchronize_session=False)
                )
                if not cast("CursorResult[Any]", kept).rowcount:
                    lost.add(key)
        return lost

    def waiting(self, kinds: Collection[str]) -> dict[str, float]:
        """Return, for every one of these kinds of which a job could be claimed, from which moment on."""
        with self._reading() as session:
            chosen = (
                JobRow.status == Status.WAIT.value,
                JobRow.kind.in_(kinds),
                JobRow.removed.is_(False),
                JobRow.blocked == 0,
            )
            found = select(JobRow.kind, func.min(JobRow.not_before)).where(*chosen).group_by(JobRow.kind)
            return dict(session.execute(found).tuples().all())

    def recover(self, is_dead: Callable[[str], bool] = surely_dead, *, mine: Collection[int] = ()) -> Sequence[Job]:
        """Take back jobs whose worker is dead or silent for longer than its lease; return them.

        A job that has used up its attempts ends in an error. While a database is locked or lost no worker can say that
        it lives: for a while after that, silence tells nothing.

        Args:
            is_dead: Whether a worker is gone for certain.
            mine: Keys of jobs that the caller has under way: it lives.
        """
        now = self._transactions.clock()
        running = (JobRow.status == Status.RUN.value, JobRow.removed.is_(False))
        columns = (JobRow.key, JobRow.parent, JobRow.fence, JobRow.lease_owner, JobRow.lease_expires)
        with self._reading() as session:
            found = select(*columns).where(*running, JobRow.kind.in_(self._transactions.kinds))
            held = session.execute(found).all()
        judged = {owner: is_dead(owner) for owner in {owner for *_, owner, _ in held if owner}}
        lost = [
            (key, parent, fence)
            for key, parent, fence, owner, expires in held
            if key not in mine and (owner is None or judged[owner] or self._silent(expires, now))
        ]
        return [job for one in lost if (job := self._take_back(*one, judged)) is not None]

    def _silent(self, expires: float | None, now: float) -> bool:
        return expires is None or (expires < now and not self._troubled(TROUBLE_S))

    def _take_back(self, key: int, parent: int | None, fence: int, judged: Mapping[str, bool]) -> Job | None:
        with self._transactions.begin() as transaction:
            row = transaction.locked(key, parent)
            if row is None or row.removed or row.fence != fence or row.status != Status.RUN.value:
                return None
            # Asked again: the owner may have spoken, or this very transaction may have waited for the database.
            if not judged.get(row.lease_owner or "", True) and not self._silent(row.lease_expires, transaction.now):
                return None
            self._attempts.repeat(transaction, row, said("worker_lost"), death=True)
            transaction.session.flush()
            return transaction.value(row)
