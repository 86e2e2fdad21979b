"""The queue as one thing to hand around: small stores over one database, none of which knows a kind."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from service.jobs.admission import Admission
from service.jobs.attempts import MAX_ATTEMPTS, Attempts
from service.jobs.endings import Endings
from service.jobs.event_log import EventLog
from service.jobs.kinds import Kinds
from service.jobs.leases import Leases
from service.jobs.pausing import Pausing
from service.jobs.reader import JobReader
from service.jobs.records import Change
from service.jobs.recovery import Recovery
from service.jobs.transactions import Sessions, Transactions


class Connector(Protocol):
    """Opens sessions of a database: :class:`service.database.Database`, or another with these."""

    @property
    def reading(self) -> Sessions:
        """Opens a session for reading."""

    @property
    def writing(self) -> Sessions:
        """Opens a session whose block is one transaction, committed at its end."""

    @property
    def writing_patiently(self) -> Sessions:
        """As ``writing``, for what a worker has to write: it waits longer for other writers."""

    @property
    def removing(self) -> Sessions:
        """As ``writing``, for what gives room back: it works on a full disk too."""

    @property
    def troubled(self) -> Callable[[float], bool]:
        """Whether writing was held up within the last so many seconds."""


class JobManager:
    """Threads may share it. Every method of its parts blocks: call them off the event loop.

    Attributes:
        kinds: The kinds that it was given.
        events: What happened.
        reader: Finding jobs.
        admission: Accepting, and trying again.
        endings: Cancelling and removing.
        pausing: Letting jobs wait until somebody says so.
        attempts: What a worker writes.
        leases: Handing jobs to workers, and taking them back.
        recovery: Putting right what an interrupted run left.
        clock: Unix seconds.

    Args:
        database: Opens sessions; the tables exist.
        kinds: Whose jobs these are.
        announce: Called after every commit, on the thread that committed; must not fail.
        clock: Unix seconds.
        max_attempts: Attempts at a job without a finished step before it ends in an error.
    """

    def __init__(
        self,
        database: Connector,
        kinds: Kinds,
        announce: Callable[[Change], None],
        clock: Callable[[], float] = time.time,
        max_attempts: int = MAX_ATTEMPTS,
    ) -> None:
        self.kinds, self.clock = kinds, clock
        reading = database.reading
        self.transactions = Transactions(database.writing, kinds, announce, clock)
        witnesses = self.transactions.witnesses  # whoever witnesses changes sees all of them, whichever way they come
        self.events = EventLog(reading, kinds)
        self.reader = JobReader(reading, kinds)
        self.admission = Admission(self.transactions, self.reader)
        self.endings = Endings(Transactions(database.removing, kinds, announce, clock, witnesses), reading)
        self.pausing = Pausing(self.transactions)
        patient = Transactions(database.writing_patiently, kinds, announce, clock, witnesses)
        self.attempts = Attempts(patient, self.endings, max_attempts)
        self.leases = Leases(patient, reading, self.attempts, database.troubled)
        self.recovery = Recovery(self.transactions, self.reader, self.endings, self.leases)
