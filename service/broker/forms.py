"""How a message becomes a job and what is said at its end. Kinds register theirs from outside; none is named here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from service.broker.topology import PROCESS_KEY, end_key
from service.jobs.records import Job, NewJob


@dataclass(frozen=True)
class MessageForm:
    """What the broker has to know of a kind.

    Attributes:
        exchange: Its exchange, one of :data:`service.broker.topology.EXCHANGES`.
        kind: Name of the kind.
        model: What its end is called in messages: slice, format, sovitsTrain ...
        make: Returns the new job for the fields of a message, and a name for it where they give none. Blocks.
            Raises ServiceError when they are wrong.
        steps: For a job of several steps: kind of a step -> what its end is called. Then every step is told, with the
            key ``process``, and the end of the whole is not.
        only_messages: Whether ends are told only of jobs that came as a message, not of those that came by HTTP.
        result: More fields for the message about a job that is done.
    """

    exchange: str
    kind: str
    model: str
    make: Callable[[Mapping[str, Any], str], NewJob]
    steps: Mapping[str, str] = field(default_factory=dict)
    only_messages: bool = False
    result: Callable[[Job], Mapping[str, Any]] = lambda _job: {}


def end_body(model: str, fields: Mapping[str, Any], seconds: float, error: str | None) -> dict[str, Any]:
    """Return the body of a message about an end.

    Args:
        model: What has ended, see :attr:`MessageForm.model`.
        fields: Of the message or the request that began it: its ``session_id`` is told.
        seconds: How long it took.
        error: Why it failed; None where it did not.
    """
    word, status = ("完成", "completed") if error is None else ("失败", "failed")
    body = {
        "type": "end_message",
        "model": model,
        "status": status,
        "message": f"{model}阶段{word}",
        "session_id": fields.get("session_id"),
        "dur": max(0, int(seconds)),
    }
    return body if error is None else {**body, "error": error}


def key_of(form: MessageForm, fields: Mapping[str, Any]) -> str:
    """Return the routing key of ends, for the fields that began a job."""
    return PROCESS_KEY if form.steps else end_key(fields.get("tool", ""))
