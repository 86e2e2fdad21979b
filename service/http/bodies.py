"""Limits of request bodies, kept while they are read: a body of 2 GB costs no more than its limit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import Code, size_text
from service.http.errors import answer
from service.http.proxies import local_path
from service.words import Said, said

LimitOf = Callable[[str, str], int]
"""Path and content type -> bytes."""
_DRAIN_S, _DRAIN_IDLE_S, _DRAIN_BYTES, _DRAIN_UNANNOUNCED = 10.0, 2.0, 256 << 20, 32 << 20


class _TooLargeError(Exception):
    """The body is over its limit; never leaves this module."""


class _TooSlowError(Exception):
    """The body stopped coming; never leaves this module."""


class BodyLimits:
    """Counts what is read and ends the request with 413 at the limit, with 408 when nothing comes for too long.

    Args:
        app: The application.
        limit_of: The limit.
        timeout_s: Between two pieces of a body.
    """

    def __init__(self, app: ASGIApp, limit_of: LimitOf, timeout_s: float) -> None:
        self.app, self._limit_of, self._timeout_s = app, limit_of, timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http" or not _has_body(scope):
            await self.app(scope, receive, send)
            return
        await _Reading(scope, receive, send, self).run()

    def limit(self, scope: Scope) -> int:
        """Return the limit of a request's body."""
        headers = dict(scope["headers"])
        return self._limit_of(local_path(scope), headers.get(b"content-type", b"").decode("latin-1").lower())


def _has_body(scope: Scope) -> bool:
    """Whether a body follows; HTTP/1.1 announces it with one header or the other."""
    return any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])


class _Reading:
    """One request under :class:`BodyLimits`."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, limits: BodyLimits) -> None:
        self.scope, self._receive, self._send = scope, receive, send
        self._app, self._timeout_s = limits.app, limits._timeout_s
        self.limit = limits.limit(scope)
        self._read = 0
        self._complete = False
        self._started = False
        self._refused: tuple[int, Code, Said] | None = None

    async def run(self) -> None:
        if self._announced() > self.limit:
            self._refuse_size()
        else:
            try:
                await self._app(self.scope, self.receive, self.send)
            except (_TooLargeError, _TooSlowError):
                if self._started:
                    raise
        if self._refused is not None and not self._started:
            await self._answer(*self._refused)

    def _announced(self) -> int:
        length = dict(self.scope["headers"]).get(b"content-length", b"0")
        return int(length) if length.isdigit() else 0

    def _refuse_size(self) -> None:
        self._refused = (
            413,
            Code.PARAMETER,
            said("body_too_large", limit=size_text(self.limit)),
        )

    async def receive(self) -> Message:
        if self._complete:
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), self._timeout_s)
        except asyncio.TimeoutError:
            self._refused = (408, Code.PARAMETER, said("body_too_slow", seconds=f"{self._timeout_s:g}"))
            raise _TooSlowError from None
        if message["type"] == "http.request":
            self._read += len(message.get("body", b""))
            self._complete = not message.get("more_body", False)
            if self._read > self.limit:
                self._refuse_size()
                raise _TooLargeError
        return message

    async def send(self, message: Message) -> None:
        # Whatever a framework made of the exception in receive: the answer is the refusal.
        if self._refused is not None and not self._started:
            return
        self._started = True
        await self._send(message)

    async def _answer(self, status: int, code: Code, message: Said) -> None:
        # The server takes no more of a body once it has answered, and closes the connection under a client that still
        # sends: that one sees a reset instead of the answer. So what is not much is read first, and thrown away.
        if self._announced() <= _DRAIN_BYTES:
            await self._drain()
        response = answer(HTTPConnection(self.scope), status, code, message, None, {"Connection": "close"})
        await response(self.scope, self._receive, self._send)

    async def _drain(self) -> None:
        """Read and forget the rest of the body, within limits of time and size."""
        read, loop = 0, asyncio.get_running_loop()
        most = _DRAIN_BYTES if self._announced() else _DRAIN_UNANNOUNCED
        until = loop.time() + _DRAIN_S
        while not self._complete and read < most and (left := until - loop.time()) > 0:
            try:
                message = await asyncio.wait_for(self._receive(), min(left, _DRAIN_IDLE_S))
            except asyncio.TimeoutError:
                return
            if message["type"] == "http.disconnect":
                return
            read += len(message.get("body", b""))
            self._complete = not message.get("more_body", False)
