"""Requests and events of an engine as messages: JSON checked field by field, audio as it is. Nothing is unpickled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from GPT_SoVITS.engine import errors
from GPT_SoVITS.engine.errors import EngineError
from GPT_SoVITS.engine.messages import (
    AudioChunk,
    Cancelled,
    EngineStatus,
    Event,
    Failed,
    Finished,
    Progress,
    Retried,
    SegmentDone,
    Started,
    SynthesisRequest,
)

_SAMPLES = np.dtype("<f4")
_REQUEST = TypeAdapter(SynthesisRequest)
_STATUS = TypeAdapter(EngineStatus)
_PLAIN: Mapping[str, TypeAdapter[Any]] = {
    kind.__name__: TypeAdapter(kind) for kind in (Started, Progress, Retried, SegmentDone, Finished, Cancelled)
}
_ERRORS: Mapping[str, type[EngineError]] = {
    found.__name__: found
    for found in vars(errors).values()
    if isinstance(found, type) and issubclass(found, EngineError)
}


def request_to(request: SynthesisRequest) -> bytes:
    """Return a request as a message's body."""
    return _REQUEST.dump_json(request)


def request_from(body: bytes) -> SynthesisRequest:
    """Return the request that a body holds.

    Raises:
        ValueError: it holds none.
    """
    return _REQUEST.validate_json(body)


def status_to(status: EngineStatus) -> bytes:
    """Return a status as a message's body."""
    return _STATUS.dump_json(status)


def status_from(body: bytes) -> EngineStatus:
    """Return the status that a body holds.

    Raises:
        ValueError: it holds none.
    """
    return _STATUS.validate_json(body)


def event_to(event: Event) -> tuple[str, bytes, int]:
    """Return an event's type, its body, and the segment where it is audio."""
    match event:
        case AudioChunk():
            return "AudioChunk", np.ascontiguousarray(event.samples, _SAMPLES).tobytes(), event.segment
        case Failed():
            error = event.error
            told = {"type": type(error).__name__, "message": str(error), "code": error.code, "params": error.params}
            return "Failed", json.dumps(told).encode(), 0
    name = type(event).__name__
    return name, _PLAIN[name].dump_json(event), 0


def event_from(request_id: str, name: str, body: bytes, segment: int) -> Event:
    """Return the event of a message.

    Raises:
        ValueError: it is none.
    """
    if name == "AudioChunk":
        return AudioChunk(request_id, segment, np.frombuffer(body, _SAMPLES).astype(np.float32))
    if name == "Failed":
        told = json.loads(body)
        kind = _ERRORS.get(str(told.get("type")), EngineError)
        params = {str(key): value for key, value in dict(told.get("params") or {}).items() if key not in ("message",)}
        error = kind(str(told.get("message", "")), code=str(told.get("code", kind.code)))
        error.params = {key: str(value) for key, value in params.items()}
        return Failed(request_id, error)
    if name not in _PLAIN:
        raise ValueError(f"an engine has no event {name!r}")
    event: Event = _PLAIN[name].validate_json(body)
    return event
