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
    """Base of all errors of the engine; the message says what was found, what was expected and what to do."""

    kind: ClassVar[ErrorKind] = ErrorKind.INTERNAL
    may_retry: ClassVar[bool] = False
    """Whether sending the identical request again can help."""


class InvalidRequestError(EngineError):
    """A field of the request is out of range or the text cannot be spoken."""

    kind = ErrorKind.PARAMETER


class ReferenceAudioError(EngineError):
    """The reference clip cannot be read, or is not 3 to 10 seconds long."""

    kind = ErrorKind.PARAMETER


class WeightsMissingError(EngineError):
    """Weights or a feature network are not where they should be."""

    kind = ErrorKind.RESOURCE


class WeightsInvalidError(EngineError):
    """A weight file cannot be read, or GPT and SoVITS weights do not belong together."""

    kind = ErrorKind.PARAMETER


class MemoryBudgetError(EngineError):
    """The request or the weights do not fit into the memory budget."""

    kind = ErrorKind.BUSY
    may_retry = True


class EngineBusyError(EngineError):
    """The engine has as many requests as it accepts."""

    kind = ErrorKind.BUSY
    may_retry = True


class EngineDiedError(EngineError):
    """The engine process ended while it held the request."""

    may_retry = True


class EngineClosedError(EngineError):
    """The engine was closed by its owner."""


class SynthesisFailedError(EngineError):
    """The network's output was unusable in every attempt, or its computation failed."""
