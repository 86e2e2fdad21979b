"""The form of every JSON answer of the native interface."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, Field
from starlette.responses import Response

from service.errors import Code

T = TypeVar("T")


class Envelope(BaseModel, Generic[T]):
    """Every answer in JSON."""

    code: int = Field(default=0, description="0 success, 1 failure of the server, 2 resource error, 3 parameter error.")
    message: str = Field(default="", description="What went wrong and what to do; empty on success.")
    data: T = Field(description="The answer itself.")


class Problem(BaseModel):
    """A field that is wrong."""

    field: str = Field(description="Its name.", examples=["speed"])
    message: str = Field(description="What is wrong with it.", examples=["it should be less than or equal to 4"])
    code: str = Field(description="Stable name of what is wrong.", examples=["field_too_large"])
    params: dict[str, str] = Field(description="What fills its words.", examples=[{"limit": "4"}])


class Reason(BaseModel):
    """An error by its stable name, for programs and for words in other languages."""

    code: str = Field(description="Stable name.", examples=["voice_missing"])
    params: dict[str, str] = Field(description="What fills its words.", examples=[{"voice": "anna"}])


class ErrorData(BaseModel):
    """What an error has beside its message; an object always, because old clients ask it for entries."""

    problems: list[Problem] | None = Field(default=None, description="Wrong fields, where the error is about fields.")
    error: Reason | None = Field(default=None, description="The error by its stable name, where it has one.")


class Failure(BaseModel):
    """An answer that reports an error."""

    code: int = Field(description="1 failure of the server, 2 resource error, 3 parameter error.", examples=[3])
    message: str = Field(
        description="What was found, what was expected, what to do; in the language of Accept-Language, zh or en.",
        examples=["text is empty"],
    )
    data: ErrorData = Field(description="What programs may go by; an object always, empty where there is nothing.")


class Removed(BaseModel):
    """Something was removed."""

    removed: bool = Field(default=True, description="Whether there was something to remove.")


def success(data: T) -> Envelope[T]:
    """Return data in an envelope."""
    return Envelope(data=data)


class Json(Response):
    """JSON that always can be written, whatever characters a client sent."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Return the body."""
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def failure(
    status: int, code: Code, message: str, data: Any = None, headers: Mapping[str, str] | None = None
) -> Response:
    """Return an error in an envelope."""
    content = {"code": int(code), "message": message, "data": {} if data is None else data}
    return Json(content, status_code=status, headers=dict(headers or {}))


_DESCRIPTIONS = {
    400: "A parameter is wrong (code 3).",
    401: "An API key is missing or wrong (code 3).",
    403: "Switched off in the configuration (code 3).",
    404: "There is no such thing (code 2).",
    409: "It exists already, or is in use (code 2).",
    413: "A body, file or text is over its limit, which the message names (code 3).",
    422: "A field is missing or has the wrong form (code 3).",
    429: "A limit of rate or number is reached (code 1).",
    500: "The server failed (code 1).",
    503: "Not possible now, later perhaps (code 1).",
    507: "The disk is full; nothing was changed (code 1).",
}


def failures(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the declaration of error answers for a route; those that every route can give are added."""
    every = {401, 422, 429, 500, *statuses}
    return {status: {"model": Failure, "description": _DESCRIPTIONS[status]} for status in sorted(every)}
