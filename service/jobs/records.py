"""What the queue knows, as frozen values that know nothing of the database, of HTTP or of any kind."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Status(str, Enum):
    """Where a job stands. Transitions: wait → run → done or error; run → wait when it is handed back or repeated;
    wait → error and run → error when it is cancelled or given up; error → wait when somebody asks for a retry.
    """

    WAIT = "wait"
    RUN = "run"
    DONE = "done"
    ERROR = "error"


ENDED = frozenset({Status.DONE, Status.ERROR})
CANCELLED = "cancelled"
"""The ``error`` of a job that somebody cancelled."""
NEVER = 1e18
"""The moment, in Unix seconds, before which a job that somebody paused is not claimed."""
ALONE_AFTER_DEATHS = 2
"""A job that was there when two workers died runs alone; from then on every death is its own doing and counts."""


class EventType(str, Enum):
    """What can happen to a job of any kind; kinds add words of their own for their steps."""

    SUBMITTED = "submitted"
    CLAIMED = "claimed"
    """A worker took it; detail: attempt."""
    STARTED = "started"
    """Its kind knows what there is to do."""
    STEP = "step"
    """A step is finished, its result on disk."""
    REPEATED = "repeated"
    """An attempt failed or its worker died, there will be another; detail: reason, attempt."""
    HANDED_BACK = "handed_back"
    """It waits again for no fault of its own (shutdown, disk full, another kind's turn); detail: reason."""
    DONE = "done"
    FAILED = "failed"
    """It ended in an error; detail: reason."""
    RETRIED = "retried"
    """Somebody asked for another round."""
    PAUSED = "paused"
    """It waits until somebody lets it go on."""
    RESUMED = "resumed"
    REMOVED = "removed"


def canonical_hash(request: dict[str, Any]) -> str:
    """Return what tells two requests apart: a digest of the fields with their defaults filled in."""
    text = json.dumps(request, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class NewStep:
    """A step of a job that is a job itself, with leases and attempts of its own.

    Attributes:
        name: Unique within the job; the step's id is the job's, a dot, and this.
        kind: Its own kind.
        request: Plain JSON values.
        needs: Names of steps that must be done before.
        size: See :attr:`NewJob.size`.
    """

    name: str
    kind: str
    request: dict[str, Any]
    needs: tuple[str, ...] = ()
    size: int = 0


@dataclass(frozen=True)
class NewJob:
    """A job to be accepted.

    Attributes:
        kind: Name of its kind.
        job_id: Unique among all jobs.
        user_id: Whose it is; users take turns.
        request: The fields of the request as the contract names them, defaults filled in; plain JSON values.
        size: How much there is to do, in a unit of the kind's own; estimates count in it.
        expected_steps: How many steps it will have, before its kind says it exactly.
        priority: Smaller goes first among the jobs of one user.
        steps: Jobs that it consists of; it is claimed itself once all of them are done.
        body_hash: Two submissions with one id and one hash are the same submission. It is that of the request as it
            was submitted, whatever a kind adds to it later.
    """

    kind: str
    job_id: str
    user_id: str
    request: dict[str, Any]
    size: int = 0
    expected_steps: int = 0
    priority: int = 1
    steps: tuple[NewStep, ...] = ()
    body_hash: str = ""

    def __post_init__(self) -> None:
        if not self.body_hash:
            object.__setattr__(self, "body_hash", canonical_hash({**self.request, "user_id": self.user_id}))


@dataclass(frozen=True)
class Job:
    """A job as it stands in the database.

    Attributes:
        key: Number of the row; jobs were accepted in this order.
        job_id: Its public name.
        kind: Name of its kind.
        user_id: Whose it is.
        body_hash: See :attr:`NewJob.body_hash`.
        request: As submitted.
        status: Where it stands.
        priority: Smaller goes first among the jobs of one user.
        created_at: Unix seconds.
        updated_at: Unix seconds of the last change of status or progress.
        size: See :attr:`NewJob.size`.
        steps_total: Expected until its kind knows them, exact afterwards.
        steps_done: Steps whose results are on disk.
        attempts: Attempts since the last finished step.
        deaths: How many of them ended with the death of the worker.
        lease_owner: Worker that holds it.
        lease_expires: Unix seconds until which the worker need not say that it lives.
        fence: Grows with every claim; a worker may write only with the current one.
        not_before: Unix seconds before which it is not claimed again.
        error: Why it ended in an error, in English.
        error_said: The same as a code of the table of words and its parameters.
        parent: Key of the job that it is a step of.
        blocked: How many of the jobs that it needs are not done.
        composed: Whether it has steps that are jobs.
        facts: What its kind knows besides, from the kind's own table; a frozen value.
    """

    key: int
    job_id: str
    kind: str
    user_id: str
    body_hash: str
    request: dict[str, Any]
    status: Status
    priority: int
    created_at: float
    updated_at: float
    size: int = 0
    steps_total: int = 0
    steps_done: int = 0
    attempts: int = 0
    deaths: int = 0
    lease_owner: str | None = None
    lease_expires: float | None = None
    fence: int = 0
    not_before: float = 0.0
    error: str | None = None
    error_said: dict[str, Any] | None = None
    parent: int | None = None
    blocked: int = 0
    composed: bool = False
    facts: Any = None

    @property
    def ended(self) -> bool:
        """Whether nothing will happen to it by itself."""
        return self.status in ENDED

    @property
    def paused(self) -> bool:
        """Whether it waits until somebody lets it go on."""
        return self.status is Status.WAIT and self.not_before >= NEVER

    @property
    def progress(self) -> int:
        """0 to 100; 100 only when the result is there."""
        if self.status is Status.DONE:
            return 100
        if not self.steps_total:
            return 0
        return min(99, 100 * self.steps_done // self.steps_total)


@dataclass(frozen=True)
class Lease:
    """A job in a worker's hands; the job is as it was when the lease began."""

    job: Job

    @property
    def alone(self) -> bool:
        """Whether nothing else may run beside it."""
        return self.job.deaths >= ALONE_AFTER_DEATHS


@dataclass(frozen=True)
class JobEvent:
    """One line of the event log.

    Attributes:
        number: Grows over all jobs; streams resume from it.
        job_id: To which job it happened.
        kind: Of what kind that is.
        user_id: Whose.
        at: Unix seconds.
        type: What happened: one of :class:`EventType`, or a word of the kind's.
        detail: More about it; plain JSON values.
    """

    number: int
    job_id: str
    kind: str
    user_id: str
    at: float
    type: str
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """An event that is committed, with the job as it was afterwards (None: it is removed)."""

    event: JobEvent
    job: Job | None
