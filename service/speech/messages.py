"""Speech as a message: its fields are those of ``POST /voice-tasks``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from service.errors import ParameterError
from service.jobs.records import Job, NewJob
from service.speech.entries import result_path
from service.speech.errors import TextTooLongError
from service.speech.records import new_speech
from service.synthesis.fields import TaskFields

EXCHANGE = "synthesis"
ANONYMOUS = "anonymous"


def reader(text_limit: int) -> Callable[[Mapping[str, Any], str], NewJob]:
    """Return what makes a task of a message's fields.

    Args:
        text_limit: Characters of a text.
    """

    def make(fields: Mapping[str, Any], name: str) -> NewJob:
        try:
            asked = TaskFields.model_validate({"user_id": ANONYMOUS, **fields})
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
            raise ParameterError("message_fields", problems=wrong[:1000]) from None
        if len(asked.text) > text_limit:
            raise TextTooLongError("text_too_long", found=len(asked.text), limit=text_limit)
        return new_speech(asked.task_id or name, asked.user_id, asked.model_dump(exclude={"user_id", "task_id"}))

    return make


def told(job: Job) -> dict[str, Any]:
    """Return what the message about a finished task says besides."""
    return {"task_id": job.job_id, "user_id": job.user_id, "result_url": result_path(job)}
