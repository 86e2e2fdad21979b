"""What the queue knows, as frozen values that know nothing of the database or of HTTP."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Status(str, Enum):
    """Where a task stands. Transitions: wait → run → done or error; run → wait when it is handed back or repeated;
    wait → error and run → error when it is cancelled or given up; error → wait when somebody asks for a retry.
    """

    WAIT = "wait"
    RUN = "run"
    DONE = "done"
    ERROR = "error"


ENDED = frozenset({Status.DONE, Status.ERROR})
CANCELLED = "cancelled"
"""The ``error`` of a task that somebody cancelled."""


class Kind(str, Enum):
    """What can happen to a task; its story is a row of these."""

    SUBMITTED = "submitted"
    CLAIMED = "claimed"
    """A worker took it; detail: attempt."""
    STARTED = "started"
    """The engine planned it; detail: segments, seed."""
    SEGMENT = "segment"
    """A segment is spoken and on disk; detail: index, tokens, attempts, warning."""
    REPEATED = "repeated"
    """An attempt failed or its worker died, there will be another; detail: reason, attempt."""
    HANDED_BACK = "handed_back"
    """It waits again for no fault of its own (shutdown, disk full, engine busy); detail: reason."""
    DONE = "done"
    FAILED = "failed"
    """It ended in an error; detail: reason."""
    RETRIED = "retried"
    """Somebody asked for another round."""
    REDONE = "redone"
    """A segment was spoken again with another seed; detail: index, seed."""
    REMOVED = "removed"


def canonical_hash(request: dict[str, Any]) -> str:
    """Return what tells two requests apart: a digest of the fields with their defaults filled in."""
    text = json.dumps(request, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class NewTask:
    """A task to be accepted.

    Attributes:
        task_id: Unique among all tasks.
        user_id: Whose it is; users take turns.
        request: The fields of the request as the contract names them, defaults filled in; plain JSON values.
        expected_segments: How many pieces the cutting gives, before the engine says it exactly.
        priority: Smaller goes first among the tasks of one user.
    """

    task_id: str
    user_id: str
    request: dict[str, Any]
    expected_segments: int = 0
    priority: int = 1

    @property
    def body_hash(self) -> str:
        """Two submissions with one task id and one hash are the same submission."""
        return canonical_hash({**self.request, "user_id": self.user_id})


@dataclass(frozen=True)
class Task:
    """A task as it stands in the database.

    Attributes:
        key: Number of the row; tasks were accepted in this order.
        task_id: Its public name.
        user_id: Whose it is.
        body_hash: See :attr:`NewTask.body_hash`.
        request: As submitted.
        status: Where it stands.
        priority: Smaller goes first among the tasks of one user.
        created_at: Unix seconds.
        updated_at: Unix seconds of the last change of status or progress.
        total_segments: Expected until the engine has planned the text, exact afterwards.
        segments_done: Segments that are on disk.
        attempts: Attempts since the last finished segment.
        deaths: How many of them ended with the death of the worker.
        lease_owner: Worker that holds it.
        lease_expires: Unix seconds until which the worker need not say that it lives.
        fence: Grows with every claim; a worker may write only with the current one.
        not_before: Unix seconds before which it is not claimed again.
        seed: Pinned when it started.
        weights_gpt: Likewise.
        weights_sovits: Likewise.
        version: Model version; likewise.
        sample_rate: Hz of its audio; likewise.
        error: Why it ended in an error.
        audio_seconds: Of the result.
        generation: How often the result was stitched again.
    """

    key: int
    task_id: str
    user_id: str
    body_hash: str
    request: dict[str, Any]
    status: Status
    priority: int
    created_at: float
    updated_at: float
    total_segments: int = 0
    segments_done: int = 0
    attempts: int = 0
    deaths: int = 0
    lease_owner: str | None = None
    lease_expires: float | None = None
    fence: int = 0
    not_before: float = 0.0
    seed: int | None = None
    weights_gpt: str | None = None
    weights_sovits: str | None = None
    version: str | None = None
    sample_rate: int | None = None
    error: str | None = None
    audio_seconds: float | None = None
    generation: int = 0

    @property
    def text(self) -> str:
        """What is to be spoken."""
        return str(self.request.get("text", ""))

    @property
    def ended(self) -> bool:
        """Whether nothing will happen to it by itself."""
        return self.status in ENDED

    @property
    def progress(self) -> int:
        """0 to 100; 100 only when the result is there."""
        if self.status is Status.DONE:
            return 100
        if not self.total_segments:
            return 0
        return min(99, 100 * self.segments_done // self.total_segments)


@dataclass(frozen=True)
class Segment:
    """A part of a task's text that is spoken in one go.

    Attributes:
        index: Place in the text, from 0.
        text: What is spoken.
        frames: Samples of its audio with the silence after it; None until it is on disk.
        file: Name of its audio in the task's work folder while the task is under way.
        start: Seconds from the beginning of its own audio to the first sound.
        end: Seconds from the beginning of its own audio to the end of speech.
        tokens: Semantic tokens spoken.
        attempts: Seeds tried.
        warning: Why it is doubtful, None when it is not.
        seed: Its own, when it was spoken again.
        finished_at: Unix seconds.
    """

    index: int
    text: str
    frames: int | None = None
    file: str | None = None
    start: float = 0.0
    end: float = 0.0
    tokens: int = 0
    attempts: int = 0
    warning: str | None = None
    seed: int | None = None
    finished_at: float | None = None

    @property
    def done(self) -> bool:
        """Whether its audio is on disk."""
        return self.frames is not None


@dataclass(frozen=True)
class Happening:
    """One line of a task's story.

    Attributes:
        number: Grows over all tasks; streams resume from it.
        task_id: Whose story.
        user_id: Whose task.
        at: Unix seconds.
        kind: What happened.
        detail: More about it; plain JSON values.
    """

    number: int
    task_id: str
    user_id: str
    at: float
    kind: Kind
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """A happening that is committed, with the task as it was afterwards (None: it is removed)."""

    happening: Happening
    task: Task | None
