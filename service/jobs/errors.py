"""What the queue refuses and why, and how a kind says that an attempt did not end well."""

from __future__ import annotations

from service.errors import ConflictError, MissingError, StorageFullError, TooManyError
from service.words import Said, as_said

__all__ = [
    "AttemptFailedError",
    "HandBackError",
    "JobConflictError",
    "JobMissingError",
    "LeaseLostError",
    "StorageFullError",
    "TooManyJobsError",
]


class JobMissingError(MissingError):
    """There is no such job (any more)."""


class JobConflictError(ConflictError):
    """The id belongs to another job, or the job's state does not allow what was asked."""


class TooManyJobsError(TooManyError):
    """The user has as many waiting jobs as the limit allows."""


class LeaseLostError(Exception):
    """Another worker has the job, or it was cancelled: this one must not write any more."""


class HandBackError(Exception):
    """A kind cannot go on for no fault of the job: it waits again, and the attempt does not count.

    Args:
        reason: Why.
        delay: Seconds before it may be claimed again.
    """

    def __init__(self, reason: str | Said, delay: float = 0.0) -> None:
        self.said = as_said(reason)
        super().__init__(self.said.text())
        self.delay = delay


class AttemptFailedError(Exception):
    """An attempt ended in failure.

    Args:
        reason: Why.
        repeat: Whether another attempt may do better; else the job ends in an error.
        death: Whether a process that it shares with others died.
        delay: Seconds before the next attempt.
    """

    def __init__(self, reason: str | Said, *, repeat: bool, death: bool = False, delay: float = 0.0) -> None:
        self.said = as_said(reason)
        super().__init__(self.said.text())
        self.repeat, self.death, self.delay = repeat, death, delay
