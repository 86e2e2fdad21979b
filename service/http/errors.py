"""Every error as an answer: in the envelope, or in the form of an older interface for its paths."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.routing import Match

from GPT_SoVITS.engine.errors import EngineError, ErrorKind
from GPT_SoVITS.text.errors import TextError
from service.errors import Code, ServiceError
from service.http.envelope import failure
from service.http.proxies import local_path

logger = logging.getLogger(__name__)

Writer = Callable[[int, Code, str, Any, Mapping[str, str]], Response]
"""Status, code, message, wrong fields and headers -> answer."""

_ENGINE: Mapping[ErrorKind, tuple[int, Code]] = {
    ErrorKind.PARAMETER: (400, Code.PARAMETER),
    ErrorKind.RESOURCE: (503, Code.FAILURE),
    ErrorKind.BUSY: (503, Code.FAILURE),
    ErrorKind.INTERNAL: (500, Code.FAILURE),
}
_RESOURCE_STATUSES = (404, 409, 410)
_PARTS_OF_REQUEST = ("body", "query", "path", "header")
_MESSAGES = {404: "there is nothing at this address", 405: "the address does not take this method"}


class Dialects:
    """Which paths report errors in another form than the envelope."""

    def __init__(self) -> None:
        self._writers: list[tuple[str, Writer]] = []

    def register(self, prefix: str, writer: Writer) -> None:
        """Let a writer report errors of all paths that begin with a prefix; ``/`` is itself alone."""
        self._writers.append((prefix, writer))
        self._writers.sort(key=lambda entry: -len(entry[0]))

    def writer(self, path: str) -> Writer:
        """Return who reports errors of a path."""
        if path == "/":
            return next((writer for prefix, writer in self._writers if prefix == "/"), failure)
        return next((writer for prefix, writer in self._writers if prefix != "/" and path.startswith(prefix)), failure)


def answer(
    connection: HTTPConnection,
    status: int,
    code: Code,
    message: str,
    data: Any = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return an error as the requested path reports errors."""
    dialects: Dialects = connection.app.state.dialects
    return dialects.writer(local_path(connection.scope))(status, code, message, data, headers or {})


def code_of(status: int) -> Code:
    """Return the code that agrees with a status."""
    if status in _RESOURCE_STATUSES:
        return Code.RESOURCE
    return Code.FAILURE if status >= 500 or status == 429 else Code.PARAMETER


def answer_error(connection: HTTPConnection, error: Exception) -> Response:
    """Return any error as an answer; what nobody expected is logged and told without details."""
    if isinstance(error, ServiceError):
        headers = {"Retry-After": str(error.retry_after)} if error.retry_after is not None else {}
        if error.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return answer(connection, error.status, error.code, error.message, None, headers)
    if isinstance(error, EngineError):
        status, code = _ENGINE[error.kind]
        return answer(connection, status, code, str(error), None, {"Retry-After": "5"} if status == 503 else {})
    if isinstance(error, TextError):
        return answer(connection, 400, Code.PARAMETER, str(error))
    if isinstance(error, RequestValidationError):
        return _invalid(connection, error)
    if isinstance(error, HTTPException):
        message = _MESSAGES.get(error.status_code) or str(error.detail)
        headers = dict(error.headers or {})
        if error.status_code == 405:
            headers["Allow"] = ", ".join(_methods(connection))
        return answer(connection, error.status_code, code_of(error.status_code), message, None, headers)
    return _unexpected(connection, error)


def _methods(connection: HTTPConnection) -> list[str]:
    """Return the methods of all routes at an address; the framework names those of the first alone."""
    found: set[str] = set()
    for route in connection.app.routes:
        match, _ = route.matches(connection.scope)
        if match is not Match.NONE:
            found |= getattr(route, "methods", None) or {"GET", "HEAD"}
    return sorted(found)


def _invalid(connection: HTTPConnection, error: RequestValidationError) -> Response:
    problems = []
    for each in error.errors():
        where = [str(part) for part in each["loc"] if part not in _PARTS_OF_REQUEST]
        message = str(each["msg"])
        if each["type"] == "json_invalid":
            # Its place is a character's, not a field's; what the validator itself read has none.
            reason = each.get("ctx", {}).get("error")
            message = f"this is no JSON: {reason} at character {'.'.join(where)}" if reason and where else message
            where = []
        problems.append({"field": ".".join(where) or "body", "message": message})
    message = "; ".join(f"{problem['field']}: {problem['message']}" for problem in problems[:5])
    return answer(connection, 422, Code.PARAMETER, message, problems[:100])


def _unexpected(connection: HTTPConnection, error: Exception) -> Response:
    if isinstance(error, DataError):  # a number too large, a character that the database does not hold
        return answer(connection, 400, Code.PARAMETER, "a value is out of the range that can be stored")
    if isinstance(error, OperationalError) and "full" in str(error.orig):
        return answer(connection, 507, Code.FAILURE, "the disk is full: nothing was changed")
    if isinstance(error, OSError) and error.errno in (28, 122):  # ENOSPC, EDQUOT
        return answer(connection, 507, Code.FAILURE, "the disk is full: nothing was changed")
    if isinstance(error, OperationalError | PoolTimeoutError):
        logger.error("the database failed: %s", error)
        message = "the database does not answer: try again"
        return answer(connection, 503, Code.FAILURE, message, None, {"Retry-After": "5"})
    logger.error("unexpected error", exc_info=error)
    request_id = connection.scope.get("request_id", "")
    return answer(connection, 500, Code.FAILURE, f"internal error; the log has it under request {request_id}")


def install(app: FastAPI) -> None:
    """Make the application answer its errors so; what gets past it is caught by the first middleware."""

    async def handle(request: Request, error: Exception) -> Response:
        return answer_error(request, error)

    for kind in (ServiceError, EngineError, TextError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, handle)
