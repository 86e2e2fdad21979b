"""From a message to a job, once: whatever is delivered twice, broken or deadly."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.broker.forms import MessageForm, end_body
from service.broker.incoming import Incoming
from service.broker.models import InboxRow
from service.broker.outbox import Outbox
from service.errors import MissingError, ServiceError, StorageFullError, TooManyError, UnavailableError
from service.identifiers import new_task_id
from service.jobs.manager import JobManager
from service.jobs.records import Job, Status
from service.jobs.transactions import Sessions
from service.words import said

logger = logging.getLogger(__name__)

TRIES = 3
"""As often is a message given out again before it counts as what kills whoever takes it."""
DUPLICATE_SECONDS = 600.0
"""So long two messages without an id and with one body are one message."""
KEPT_SECONDS = 7 * 86400.0
"""So long is known which messages came."""
WAITING_LIMIT = 10_000_000
"""Jobs of one user that wait: what the broker holds was accepted by it, and its own limits hold there."""
_PASSING = (StorageFullError, TooManyError, UnavailableError)


class Fate(Enum):
    """What has become of a message: it may be acknowledged."""

    ACCEPTED = "accepted"
    KNOWN = "known"
    """It came before."""
    REFUSED = "refused"
    """It became no job: a copy goes to the dead letters."""


@dataclass(frozen=True)
class Settled:
    """A message that is settled in the database."""

    fate: Fate
    reason: str | None = None
    job: Job | None = None


class _SettledMeanwhileError(Exception):
    """Another process has settled the same message."""


class NotNowError(Exception):
    """It cannot be settled now, for no fault of the message: try again."""


class Inbox:
    """Every method blocks: call it off the event loop.

    Args:
        forms: By exchange.
        jobs: The queue.
        outbox: Where refusals are answered.
        writing: Opens a session whose block is one transaction.
        reading: Opens a session for reading.
        clock: Unix seconds.
    """

    def __init__(
        self,
        forms: Mapping[str, MessageForm],
        jobs: JobManager,
        outbox: Outbox,
        reading: Sessions,
        writing: Sessions,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._forms, self._jobs, self._outbox = forms, jobs, outbox
        self._reading, self._writing, self._clock = reading, writing, clock

    def take(self, message: Incoming) -> Settled:
        """Settle a message: once this returns, it is on disk and may be acknowledged.

        Raises:
            NotNowError: it cannot be settled now.
            Exception: it could not be settled, and the message may be why.
        """
        form = self._forms[message.exchange]
        known, seen = self._look(form, message)
        if known is not None:
            return known
        try:
            if message.redelivered and self._tried(message) > TRIES:
                return self._refuse(form, message, seen, said("message_deadly", tries=TRIES).text())
            return self._accept(form, message, seen)
        except (_SettledMeanwhileError, IntegrityError):
            return self._look(form, message)[0] or Settled(Fate.KNOWN)
        except _PASSING as error:
            self._not_its_doing(message)
            raise NotNowError(str(error)) from error
        except ServiceError as error:
            return self._refuse(form, message, seen, error.message)

    def tried(self, message: Incoming) -> bool:
        """Note that taking a message failed, nobody knows why; whether it may be tried again."""
        return self._tried(message) <= TRIES

    def give_up(self, message: Incoming) -> Settled:
        """Refuse a message that was tried often enough."""
        form = self._forms[message.exchange]
        known, seen = self._look(form, message)
        return known or self._refuse(form, message, seen, said("message_deadly", tries=TRIES).text())

    # --- known already ---

    def _look(self, form: MessageForm, message: Incoming) -> tuple[Settled | None, float | None]:
        """Return what has become of a message that came before, and when the one under its key was settled."""
        with self._reading() as session:
            row = session.get(InboxRow, message.key)
            if row is None or not row.settled:
                return None, None
            at, job_id, refused, fields = row.at, row.job_id, row.refused, row.body or {}
        if not message.named and at < self._clock() - DUPLICATE_SECONDS:
            return None, at  # another one with the same body
        if message.named or message.redelivered:
            return Settled(Fate.KNOWN if refused is None else Fate.REFUSED, refused), at
        if refused is not None:
            return None, at
        job = self._found(form.kind, str(job_id))
        if job is None or job.status is Status.ERROR:
            return None, at  # asked for again after a failure
        if job.status is Status.DONE:
            self._answer_again(form, job, fields, message)
        return Settled(Fate.KNOWN, job=job), at

    def _found(self, kind: str, job_id: str) -> Job | None:
        try:
            return self._jobs.reader.find(kind, job_id)
        except MissingError:
            return None

    def _answer_again(self, form: MessageForm, job: Job, fields: Mapping[str, Any], message: Incoming) -> None:
        """Tell whoever asks once more, while the result is there, that it is."""
        with self._writing() as session:
            self._outbox.again(session, form, job, fields, message.correlation_id)

    # --- tries ---

    def _tried(self, message: Incoming) -> int:
        with self._writing() as session:
            row = session.get(InboxRow, message.key, with_for_update=True)
            if row is None:
                row = InboxRow(key=message.key, at=self._clock(), tries=0, settled=False)
                session.add(row)
            row.tries += 1
            return row.tries

    def _not_its_doing(self, message: Incoming) -> None:
        """Take a try back: the message came again, and this process is well."""
        if message.redelivered:
            with self._writing() as session:
                if (row := session.get(InboxRow, message.key, with_for_update=True)) is not None:
                    row.tries = max(0, row.tries - 1)

    # --- settling ---

    def _accept(self, form: MessageForm, message: Incoming, seen: float | None) -> Settled:
        fields = message.fields()
        new = form.make(fields, self._name(message))

        def within(session: Session, job: Job) -> None:
            self._settle(session, message, seen, job_id=job.job_id, body=fields)
            if job.status is Status.DONE:
                self._outbox.again(session, form, job, fields, message.correlation_id)

        job, created = self._jobs.admission.accept(new, WAITING_LIMIT, within)
        if job.status is Status.ERROR:  # the same job, asked for again
            job = self._jobs.admission.retry(form.kind, job.job_id, WAITING_LIMIT)
        return Settled(Fate.ACCEPTED if created else Fate.KNOWN, job=job)

    @staticmethod
    def _name(message: Incoming) -> str:
        """Return a name for the job of a message: always the same one where the message has an id."""
        if not message.named:
            return new_task_id()
        return f"M{hashlib.sha256(message.key.encode()).hexdigest()[:32]}"

    def _settle(self, session: Session, message: Incoming, seen: float | None, **values: Any) -> None:
        row = session.get(InboxRow, message.key, with_for_update=True)
        if row is not None and row.settled and row.at != seen:
            raise _SettledMeanwhileError
        if row is None:
            row = InboxRow(key=message.key)
            session.add(row)
        row.at, row.settled, row.tries = self._clock(), True, 0
        row.correlation_id = message.correlation_id
        row.refused = row.job_id = row.body = None
        for name, value in values.items():
            setattr(row, name, value)
        session.flush()

    def _refuse(self, form: MessageForm, message: Incoming, seen: float | None, reason: str) -> Settled:
        try:
            fields: Mapping[str, Any] = message.fields()
        except ServiceError:
            fields = {}
        with self._writing() as session:
            self._settle(session, message, seen, refused=reason, body=dict(fields))
            self._outbox.write(session, form, fields, end_body(form.model, fields, 0.0, reason), message.correlation_id)
        logger.warning("a message of the exchange %s became no job: %s", message.exchange, reason)
        return Settled(Fate.REFUSED, reason)

    def sweep(self) -> None:
        """Forget messages that came long ago."""
        with self._writing() as session:
            session.execute(delete(InboxRow).where(InboxRow.at < self._clock() - KEPT_SECONDS))
