"""What the queue refuses and why."""

from __future__ import annotations

from service.errors import ConflictError, MissingError, ParameterError, StorageFullError, TooLargeError, TooManyError

__all__ = [
    "LeaseLostError",
    "StorageFullError",
    "TaskConflictError",
    "TaskMissingError",
    "TaskParameterError",
    "TextTooLongError",
    "TooManyTasksError",
]


class TaskMissingError(MissingError):
    """There is no such task (any more)."""


class TaskConflictError(ConflictError):
    """The id belongs to another task, or the task's state does not allow what was asked."""


class TooManyTasksError(TooManyError):
    """The user has as many waiting tasks as the limit allows."""


class TaskParameterError(ParameterError):
    """A field of the task is wrong."""


class TextTooLongError(TooLargeError):
    """The text has more characters than the limit, which the message names."""


class LeaseLostError(Exception):
    """Another worker has the task, or it was cancelled: this one must not write any more."""
