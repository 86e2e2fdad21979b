"""What can go wrong while speaking, as types that survive a pipe between processes."""

from __future__ import annotations

from enum import Enum
from typing import ClassVar


class ErrorKind(Enum):
    """Whose move it is after an error; a service maps it to a status."""

    PARAMETER = "parameter"
    """The request is wrong: change it."""
    RESOURCE = "resource"
    """A file (weights, reference, model) is missing: provide it."""
    BUSY = "busy"
    """Too much is under way: come back later."""
    INTERNAL = "internal"
    """The engine failed: the same request may succeed when it is sent again."""


class EngineError(RuntimeError):
    """Base of all errors of the engine; the message says what was found, what was expected and what to do.

    Args:
        message: In English.
        code: A narrower name than the type's own.
        params: What fills the words of that name.
    """

    kind: ClassVar[ErrorKind] = ErrorKind.INTERNAL
    may_retry: ClassVar[bool] = False
    """Whether sending the identical request again can help."""
    code: str = "engine_failed"
    """Stable name, for programs and for words in other languages."""

    def __init__(self, message: str = "", *, code: str | None = None, **params: object) -> None:
        super().__init__(message)
        self.params = {name: str(value) for name, value in params.items()}
        if code is not None:
            self.code = code


class InvalidRequestError(EngineError):
    """A field of the request is out of range or the text cannot be spoken."""

    code = "request_invalid"
    kind = ErrorKind.PARAMETER


class ReferenceAudioError(EngineError):
    """The reference clip cannot be read, or is not 3 to 10 seconds long."""

    code = "reference_unusable"
    kind = ErrorKind.PARAMETER


class WeightsMissingError(EngineError):
    """Weights or a feature network are not where they should be."""

    code = "engine_weights_missing"
    kind = ErrorKind.RESOURCE


class WeightsInvalidError(EngineError):
    """A weight file cannot be read, or GPT and SoVITS weights do not belong together."""

    code = "engine_weights_invalid"
    kind = ErrorKind.PARAMETER


class MemoryBudgetError(EngineError):
    """The request or the weights do not fit into the memory budget."""

    code = "memory_short"
    kind = ErrorKind.BUSY
    may_retry = True


class EngineBusyError(EngineError):
    """The engine has as many requests as it accepts."""

    code = "engine_busy"
    kind = ErrorKind.BUSY
    may_retry = True


class EngineDiedError(EngineError):
    """The engine process ended while it held the request."""

    code = "engine_died"
    may_retry = True


class EngineClosedError(EngineError):
    """The engine was closed by its owner."""

    code = "engine_closed"


class SynthesisFailedError(EngineError):
    """The network's output was unusable in every attempt, or its computation failed."""

    code = "synthesis_failed"
