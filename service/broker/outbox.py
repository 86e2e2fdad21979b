"""What is to go out: written in the transaction that it tells of, and sent by one process at a time, in order."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from service.broker.forms import MessageForm, end_body, key_of
from service.broker.models import InboxRow, OutboxRow, SenderRow
from service.jobs.models import JobEventRow, JobRow
from service.jobs.records import Change, EventType, Job
from service.jobs.transactions import Sessions

LEASE_SECONDS = 10.0
"""After so long without a sign of life another process sends."""
_SENDER = "outbox"
_ENDS = frozenset({EventType.DONE.value, EventType.FAILED.value})
_LONGEST_PAUSE = 60.0


@dataclass(frozen=True)
class Outgoing:
    """A message that is to be sent; ``number`` is its place."""

    number: int
    message_id: str
    exchange: str
    routing_key: str
    body: Mapping[str, Any]
    correlation_id: str | None
    at: float
    tries: int


Lane = tuple[str, str]
"""Exchange and routing key: within a lane, order is kept."""


class Outbox:
    """Every method blocks: call it off the event loop. A witness of :class:`service.jobs.transactions.Transactions`.

    Attributes:
        forms: What is said of ends, by kind.

    Args:
        reading: Opens a session for reading.
        writing: Opens a session whose block is one transaction.
        written: Called when something was written; from any thread, before it is committed.
        clock: Unix seconds.
    """

    def __init__(
        self,
        reading: Sessions,
        writing: Sessions,
        written: Callable[[], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.forms: Mapping[str, MessageForm] = {}
        self._reading, self._writing = reading, writing
        self._written, self._clock = written, clock

    # --- writing ---

    def __call__(self, session: Session, changes: Sequence[Change]) -> None:
        """Write what there is to say about changes that are about to be committed."""
        told: set[int] = set()
        for change in changes:
            if change.job is not None and change.event.type in _ENDS:
                self._tell(session, change, change.job, told)

    def _tell(self, session: Session, change: Change, job: Job, told: set[int]) -> None:
        whole = session.get(JobRow, job.parent) if job.parent is not None else None
        form = self.forms.get(job.kind if whole is None else whole.kind)
        if form is None:
            return
        if whole is None and not form.steps:
            self._end(session, form, form.model, change, job, job)
        elif whole is not None and job.kind in form.steps and whole.key not in told:
            self._end(session, form, form.steps[job.kind], change, job, whole)
            if change.event.type == EventType.FAILED.value:
                told.add(whole.key)  # the steps after the one that failed end with it, and never began

    def _end(
        self, session: Session, form: MessageForm, model: str, change: Change, job: Job, asked: Job | JobRow
    ) -> None:
        """Write the end of a job; ``asked`` is what was asked for: the job, or the one that it is a step of."""
        found = select(InboxRow).where(InboxRow.job_id == asked.job_id).order_by(InboxRow.at.desc())
        came = session.scalar(found.limit(1))
        if came is None and form.only_messages:
            return
        fields = {**job.request, **asked.request, **(came.body or {} if came is not None else {})}
        failed = change.event.type == EventType.FAILED.value
        seconds = change.event.at - self._began(session, job)
        body = end_body(model, fields, seconds, str(change.event.detail.get("reason")) if failed else None)
        if not failed:
            body |= form.result(job)
        self.write(session, form, fields, body, None if came is None else came.correlation_id)

    @staticmethod
    def _began(session: Session, job: Job) -> float:
        claimed = (JobEventRow.job_id == job.job_id, JobEventRow.type == EventType.CLAIMED.value)
        found = session.scalar(select(func.min(JobEventRow.at)).where(*claimed, JobEventRow.at >= job.created_at))
        return job.created_at if found is None else found

    def again(
        self, session: Session, form: MessageForm, job: Job, fields: Mapping[str, Any], correlation_id: str | None
    ) -> None:
        """Write once more, within a transaction, that a job is done."""
        for model in form.steps.values() or (form.model,):
            body = {**end_body(model, fields, 0.0, None), **form.result(job)}
            self.write(session, form, fields, body, correlation_id)

    def write(
        self,
        session: Session,
        form: MessageForm,
        fields: Mapping[str, Any],
        body: Mapping[str, Any],
        correlation_id: str | None = None,
    ) -> None:
        """Write a message within a transaction: it goes out once that is committed, and not otherwise."""
        row = OutboxRow(
            message_id=str(uuid.uuid4()),
            exchange=form.exchange,
            routing_key=key_of(form, fields)[:255],
            body=dict(body),
            correlation_id=correlation_id,
            at=self._clock(),
        )
        session.add(row)
        self._written()

    # --- sending ---

    def begin(self, owner: str) -> bool:
        """Become the one who sends, or go on being it; False while another is."""
        now = self._clock()
        with self._writing() as session:
            row = session.scalar(select(SenderRow).where(SenderRow.name == _SENDER).with_for_update())
            if row is None:
                session.add(SenderRow(name=_SENDER, owner=owner, expires=now + LEASE_SECONDS))
            elif row.owner == owner or row.expires < now:
                row.owner, row.expires = owner, now + LEASE_SECONDS
            else:
                return False
        return True

    def end(self, owner: str) -> None:
        """Let another send."""
        with self._writing() as session:
            mine = (SenderRow.name == _SENDER, SenderRow.owner == owner)
            session.execute(update(SenderRow).where(*mine).values(expires=0.0))

    def any(self) -> bool:
        """Whether something is to be sent now."""
        with self._reading() as session:
            return bool(self._lanes(session))

    def _lanes(self, session: Session) -> list[Lane]:
        lanes = select(OutboxRow.exchange, OutboxRow.routing_key).group_by(OutboxRow.exchange, OutboxRow.routing_key)
        due = lanes.having(func.max(OutboxRow.not_before) <= self._clock())
        return [(exchange, key) for exchange, key in session.execute(due).tuples()]

    def due(self, most: int) -> dict[Lane, list[Outgoing]]:
        """Return the first messages of every lane that is not held up, in order."""
        with self._reading() as session:
            return {lane: self._first(session, lane, most) for lane in self._lanes(session)}

    @staticmethod
    def _first(session: Session, lane: Lane, most: int) -> list[Outgoing]:
        mine = (OutboxRow.exchange == lane[0], OutboxRow.routing_key == lane[1])
        rows = session.scalars(select(OutboxRow).where(*mine).order_by(OutboxRow.number).limit(most))
        names = Outgoing.__dataclass_fields__
        return [Outgoing(**{name: getattr(row, name) for name in names}) for row in rows]

    def sent(self, numbers: Collection[int]) -> None:
        """Forget messages that the broker has confirmed."""
        if numbers:
            with self._writing() as session:
                session.execute(delete(OutboxRow).where(OutboxRow.number.in_(numbers)))

    def hold_up(self, message: Outgoing) -> None:
        """Let a lane wait: nobody has bound a queue for its first message. Pauses grow."""
        with self._writing() as session:
            until = self._clock() + min(_LONGEST_PAUSE, 2.0 ** min(message.tries, 6))
            first = update(OutboxRow).where(OutboxRow.number == message.number)
            session.execute(first.values(tries=message.tries + 1, not_before=until))

    def waiting(self) -> tuple[int, float]:
        """Return how many messages wait, and for how many seconds the oldest does."""
        with self._reading() as session:
            count, oldest = session.execute(select(func.count(), func.min(OutboxRow.at)).select_from(OutboxRow)).one()
        return count, 0.0 if oldest is None else max(0.0, self._clock() - oldest)
