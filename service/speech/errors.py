"""What speech refuses and why."""

from __future__ import annotations

from service.errors import ParameterError, TooLargeError


class TaskParameterError(ParameterError):
    """A field of the task is wrong."""


class TextTooLongError(TooLargeError):
    """The text has more characters than the limit, which the message names."""
