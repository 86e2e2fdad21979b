"""Every error as an answer: in the envelope and the client's language, or as an older interface has it."""

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
from starlette.routing import Match, Mount

from GPT_SoVITS.engine.errors import EngineError, ErrorKind
from GPT_SoVITS.text.errors import TextError
from service.errors import Code, FieldsError, ServiceError
from service.http import fields
from service.http.envelope import failure
from service.http.heads import reads
from service.http.proxies import local_path
from service.storage import is_broken, is_full
from service.words import DEFAULT, Said, language_of, said, told_by

logger = logging.getLogger(__name__)

Writer = Callable[[int, Code, str, Any, Mapping[str, str]], Response]
"""Status, code, message, wrong fields and headers -> answer."""

_ENGINE: Mapping[ErrorKind, tuple[int, Code]] = {
    ErrorKind.PARAMETER: (400, Code.PARAMETER),
    ErrorKind.RESOURCE: (503, Code.FAILURE),
    ErrorKind.BUSY: (503, Code.FAILURE),
    ErrorKind.INTERNAL: (500, Code.FAILURE),
}
_MOST_PROBLEMS = 100
_READING = ("GET", "HEAD")
_METHODS = ("DELETE", *_READING, "PATCH", "POST", "PUT")
_RESOURCE_STATUSES = (404, 409, 410)
_MESSAGES = {404: said("address_unknown"), 405: said("method_unknown")}


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
    what: Said,
    data: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return an error as the requested path reports errors.

    The envelope is in the language of ``Accept-Language``. Older interfaces know no languages: English, or the words
    that they are known for.
    """
    dialects: Dialects = connection.app.state.dialects
    write = dialects.writer(local_path(connection.scope))
    if write is not failure:
        return write(status, code, what.text(), data, headers or {})
    language = wanted_language(connection)
    told = {**(headers or {}), "Content-Language": language, "Vary": "Accept-Language"}
    return failure(status, code, what.text(language), {**what.details, **(data or {})}, told)


def wanted_language(connection: HTTPConnection) -> str:
    """Return the language in which an error is told: English for older interfaces."""
    dialects: Dialects = connection.app.state.dialects
    if dialects.writer(local_path(connection.scope)) is not failure:
        return DEFAULT
    return language_of(connection.headers.get("accept-language"))


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
        return answer(connection, error.status, error.code, error.said, _problems(connection, error), headers)
    if isinstance(error, EngineError):
        status, code = _ENGINE[error.kind]
        return answer(connection, status, code, told_by(error), None, {"Retry-After": "5"} if status == 503 else {})
    if isinstance(error, TextError):
        return answer(connection, 400, Code.PARAMETER, told_by(error))
    if isinstance(error, RequestValidationError):
        return _invalid(connection, error)
    if isinstance(error, HTTPException):
        if (unread := fields.unreadable(error)) is not None:
            return _wrong_fields(connection, [fields.told("body", unread, wanted_language(connection))])
        what = _MESSAGES.get(error.status_code) or said("http_error", detail=error.detail)
        headers = dict(error.headers or {})
        if error.status_code == 405:
            headers["Allow"] = ", ".join(_methods(connection))
        return answer(connection, error.status_code, code_of(error.status_code), what, None, headers)
    return _unexpected(connection, error)


def _problems(connection: HTTPConnection, error: ServiceError) -> dict[str, Any] | None:
    if not isinstance(error, FieldsError):
        return None
    language = wanted_language(connection)
    return {"problems": [fields.told(field, what, language) for field, what in error.problems[:_MOST_PROBLEMS]]}


def _methods(connection: HTTPConnection) -> list[str]:
    """Return the methods that an address takes; the framework names those of one route alone.

    Every method is tried, because routers that were included do not list their routes.
    """
    # Within a mounted application the path is relative to it.
    root = connection.scope.get("app_root_path", connection.scope.get("root_path", ""))
    scope = {**connection.scope, "root_path": root}
    found = {
        method
        for method in _METHODS
        if any(
            route.matches({**scope, "method": method})[0] is Match.FULL
            for route in connection.app.routes
            if method in _READING or not isinstance(route, Mount)  # mounted are files
        )
    }
    if "GET" in found and reads(local_path(connection.scope)):
        found.add("HEAD")
    return sorted(found)


def _invalid(connection: HTTPConnection, error: RequestValidationError) -> Response:
    return _wrong_fields(connection, fields.problems(error.errors(), wanted_language(connection)))


def _wrong_fields(connection: HTTPConnection, problems: list[dict[str, Any]]) -> Response:
    detail = "; ".join(f"{problem['field']}: {problem['message']}" for problem in problems[:5])
    return answer(
        connection, 422, Code.PARAMETER, said("fields_wrong", detail=detail), {"problems": problems[:_MOST_PROBLEMS]}
    )


def _unexpected(connection: HTTPConnection, error: Exception) -> Response:
    if isinstance(error, DataError):  # a number too large, a character that the database does not hold
        return answer(connection, 400, Code.PARAMETER, said("value_out_of_range"))
    if is_full(error):
        return answer(connection, 507, Code.FAILURE, said("disk_full"))
    if isinstance(error, OSError) and is_broken(error):
        logger.error("the disk failed: %s", error)
        what = said("disk_broken", reason=error.strerror)
        return answer(connection, 503, Code.FAILURE, what, None, {"Retry-After": "30"})
    if isinstance(error, OperationalError | PoolTimeoutError):
        logger.error("the database failed: %s", error)
        return answer(connection, 503, Code.FAILURE, said("database_silent"), None, {"Retry-After": "5"})
    logger.error("unexpected error", exc_info=error)
    request_id = connection.scope.get("request_id", "")
    return answer(connection, 500, Code.FAILURE, said("internal", request_id=request_id))


def install(app: FastAPI) -> None:
    """Make the application answer its errors so; what gets past it is caught by the first middleware."""

    async def handle(request: Request, error: Exception) -> Response:
        return answer_error(request, error)

    for kind in (ServiceError, EngineError, TextError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, handle)
