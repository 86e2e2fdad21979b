"""What the service refuses and why. Domains raise these; only :mod:`service.http` knows their HTTP statuses."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import ClassVar

from service.words import Said, said


class Code(IntEnum):
    """The ``code`` of an answer's envelope."""

    SUCCESS = 0
    FAILURE = 1
    """Server side."""
    RESOURCE = 2
    """Missing, already exists, in use."""
    PARAMETER = 3


def size_text(size: int) -> str:
    """Return a number of bytes as people say it."""
    return f"{size / (1 << 20):.4g} MiB" if size >= 1 << 20 else f"{size} bytes"


class ServiceError(Exception):
    """Base of the service's errors.

    Args:
        code: Names its words in :data:`service.words.TABLE`: what was found, what was expected, what to do; or
            something to be said already.
        retry_after: Seconds after which asking again may help.
        params: What fills the words.
    """

    code: ClassVar[Code] = Code.FAILURE
    status: ClassVar[int] = 500
    """The HTTP status that agrees with the error; a number that HTTP shares with everybody."""

    def __init__(
        self,
        code: str | Said,
        /,
        *,
        retry_after: int | None = None,
        **params: object,
    ) -> None:
        self.said = code if isinstance(code, Said) else said(code, **params)
        super().__init__(self.said.text())
        self.retry_after = retry_after

    @property
    def message(self) -> str:
        """The words in English."""
        return self.said.text()


class ParameterError(ServiceError):
    """Something in the request is wrong: change it."""

    code, status = Code.PARAMETER, 400


class FieldsError(ParameterError):
    """Some fields of the request are wrong, each for a reason of its own.

    Args:
        code: Names the words about all of them.
        problems: Place of each field, and what is wrong with it.
        params: What fills the words.
    """

    def __init__(self, code: str, /, problems: Sequence[tuple[str, Said]], **params: object) -> None:
        super().__init__(said(code, **params))
        self.problems = tuple(problems)


class MissingError(ServiceError):
    """What was named does not exist."""

    code, status = Code.RESOURCE, 404


class ConflictError(ServiceError):
    """What was to be made exists already, or what was to be changed is in use."""

    code, status = Code.RESOURCE, 409


class TooLargeError(ServiceError):
    """A body, a file or a text is over its limit, which the message names."""

    code, status = Code.PARAMETER, 413


class TooManyError(ServiceError):
    """A limit of number or rate is reached; the message names it."""

    code, status = Code.FAILURE, 429


class UnauthorizedError(ServiceError):
    """The request needs an API key, or the one it has is not valid."""

    code, status = Code.PARAMETER, 401


class ForbiddenError(ServiceError):
    """Switched off in the configuration, or not allowed from where the request comes."""

    code, status = Code.PARAMETER, 403


class UnavailableError(ServiceError):
    """It cannot be done now (no weights, engine restarting, busy, shutting down), later perhaps."""

    code, status = Code.FAILURE, 503


class StorageAwayError(UnavailableError):
    """The store by which files come from machine to machine does not answer: nothing was accepted or changed."""


class FileLostError(MissingError):
    """A file that the database names is nowhere, or is not what it was."""


class StorageFullError(ServiceError):
    """The disk is full: nothing was accepted and nothing was changed."""

    code, status = Code.FAILURE, 507
