"""The outermost layer: for every request an id, a line in the access log, figures, headers and a last resort."""

from __future__ import annotations

import contextvars
import re
import secrets
import time

from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.errors import answer_error
from service.http.metrics import HttpMetrics
from service.http.proxies import local_path
from service.http.security_headers import security_headers
from service.logs import AccessEntry, AccessLog, is_polling

request_id_of_context: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="")
"""The request that the current task works for; log lines carry it."""
_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestContext:
    """Wraps every request: id, access log, metrics, headers, and an answer to errors that nobody caught.

    Args:
        app: The application.
        figures: Gets every request.
        log: Gets every request; None writes none.
    """

    def __init__(self, app: ASGIApp, figures: HttpMetrics, log: AccessLog | None) -> None:
        self.app, self._figures, self._log = app, figures, log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        exchange = _Exchange(scope, send)
        began = time.perf_counter()
        token = request_id_of_context.set(exchange.request_id)
        self._figures.active += 1
        try:
            await self.app(scope, receive, exchange.send)
        except ClientDisconnect:
            exchange.status = exchange.status or 499
        except Exception as error:  # whatever it is, the client gets an answer
            if exchange.status:  # half an answer is out: end the connection, so that it is not taken for a whole one
                raise
            await answer_error(HTTPConnection(scope), error)(scope, receive, exchange.send)
        finally:
            request_id_of_context.reset(token)
            self._figures.active -= 1
            self._note(scope, exchange, time.perf_counter() - began)

    def _note(self, scope: Scope, exchange: _Exchange, seconds: float) -> None:
        route = scope.get("route")
        name = getattr(route, "path", None) or "other"
        # HTTP knows few methods; a client may invent many, and each would be a series of its own.
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        status = exchange.status or 499
        self._figures.note(method, name, status, seconds)
        if self._log is not None and not is_polling(scope["method"], local_path(scope), status):
            client = (scope.get("client") or ("-",))[0]
            self._log.write(
                AccessEntry(
                    client=client,
                    key=scope.get("api_key_name") or "-",
                    method=scope["method"],
                    path=scope["path"],
                    status=status,
                    sent=exchange.sent,
                    seconds=seconds,
                    request_id=exchange.request_id,
                )
            )


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class _Exchange:
    """One request and what was answered."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._send, self._path = send, local_path(scope)
        self.status = 0
        self.sent = 0
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"").decode("latin-1")
        self.request_id = given if _GIVEN_ID.fullmatch(given) else secrets.token_hex(8)
        scope["request_id"] = self.request_id

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = list(message.get("headers", []))
            headers += security_headers(self._path, (name for name, _ in headers))
            headers.append((b"x-request-id", self.request_id.encode()))
            message = {**message, "headers": headers}
        elif message["type"] == "http.response.body":
            self.sent += len(message.get("body", b""))
        await self._send(message)
