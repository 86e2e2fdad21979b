"""Connections with limits that uvicorn does not have: how many there are, how long they may be silent, how much of a
request's head is held, and how many requests may wait behind another one.

A connection is *idle* while no request of it is under way, also while the head of one trickles in. When there is room
for no more connections, the one that has been idle longest makes room: a crowd of silent clients locks nobody out.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import sys
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from httptools import (
    HttpParserCallbackError,
    HttpParserError,
    HttpParserInvalidMethodError,
    HttpParserInvalidURLError,
)
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# Files that the service itself opens: database, clips, results, logs, the engine's pipe, threads' sockets.
_OWN_FILES = 200
_FEWEST = 32
_MOST_FILES = 65_536
_WORDS = {
    400: (b"Bad Request", b"the request is malformed"),
    408: (b"Request Timeout", b"no complete request came in time"),
    429: (b"Too Many Requests", b"too many requests at once on one connection"),
    431: (b"Request Header Fields Too Large", b"the head of the request is too large"),
    501: (b"Not Implemented", b"the method of the request is unknown, or this is no HTTP request"),
    503: (b"Service Unavailable", b"too many connections: try again"),
}


@dataclass(frozen=True)
class ConnectionLimits:
    """What a client may do before the service knows what it wants.

    Attributes:
        connections: At once, all clients together.
        head_seconds: From a connection's beginning, or from a request's first byte, to the end of its head.
        head_bytes: Of request line and headers, and of trailers.
        headers: Lines of them.
        waiting: Requests that were sent on one connection before the answer to the one under way.
    """

    connections: int = 4096
    head_seconds: float = 15.0
    head_bytes: int = 64 << 10
    headers: int = 128
    waiting: int = 16


def allow_more_files(limits: ConnectionLimits) -> ConnectionLimits:
    """Raise the process's soft limit of open files to the hard one; return limits that fit into it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    if soft == resource.RLIM_INFINITY:
        return limits
    return replace(limits, connections=max(_FEWEST, min(limits.connections, soft - _OWN_FILES)))


class _RefusedError(Exception):
    """The client asked for too much; never leaves the parser's callbacks."""


class LimitedConnection(HttpToolsProtocol):
    """One connection; :func:`protocol` binds the limits."""

    limits: ClassVar[ConnectionLimits] = ConnectionLimits()
    # All idle connections of the process, longest idle first.
    _idle: ClassVar[dict[LimitedConnection, None]] = {}

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._held = 0  # bytes that came since the parser last passed something on
        self._lines = 0
        self._in_head = True
        self._status: int | None = None  # for which a callback has refused the request
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, in the place of the one that was idle longest where all places are taken."""
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections:
            longest = next(iter(self._idle), None)
            if longest is None:
                self._refuse(503)
                return
            longest.drop()
        self._rest()
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._idle.pop(self, None)
        self._forget_timer()
        super().connection_lost(exc)

    def drop(self) -> None:
        """End the connection at once, whatever was being sent."""
        self._idle.pop(self, None)
        self.connections.discard(self)
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Parse what came; end the connection where it is too much without meaning anything."""
        if self._timer is None and self._in_head:
            self._expect_head()
        self._held += len(data)
        super().data_received(data)
        if self._held > self.limits.head_bytes and not self.transport.is_closing():
            self._refuse(431)

    def on_message_begin(self) -> None:
        """A request begins."""
        self._lines, self._in_head = 0, True
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """A part of the address came."""
        super().on_url(url)
        if len(self.url) > self.limits.head_bytes:
            self._too_large()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header came; what comes after the body (a trailer) is counted and left out."""
        self._lines += 1
        if self._lines > self.limits.headers:
            self._too_large()
        if self._in_head:
            super().on_header(name, value)
            if sum(len(field) + len(content) for field, content in self.headers) > self.limits.head_bytes:
                self._too_large()

    def on_headers_complete(self) -> None:
        """A request's head is complete: it is under way."""
        self._in_head = False
        self._held = self._lines = 0
        self._idle.pop(self, None)
        self._forget_timer()
        if len(self.pipeline) >= self.limits.waiting:
            self._status = 429
            raise _RefusedError
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of a body came."""
        self._held = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is complete."""
        self._held = 0
        self._in_head = True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """An answer has left; the connection is idle unless another request waits."""
        waits = bool(self.pipeline)
        super().on_response_complete()
        if not waits and not self.transport.is_closing():
            self._rest()

    def send_400_response(self, msg: str) -> None:
        """Refuse what cannot be parsed, or what a callback refused; called while the parser's error is handled."""
        if self._status is not None:
            self._refuse(self._status)
        elif isinstance(error := sys.exc_info()[1], HttpParserInvalidMethodError):
            self._refuse(501)
        else:
            self._refuse(400, _reason(error))

    def _rest(self) -> None:
        self._idle.pop(self, None)
        self._idle[self] = None

    def _too_large(self) -> None:
        self._status = 431
        raise _RefusedError

    def _expect_head(self) -> None:
        self._timer = self.loop.call_later(self.limits.head_seconds, self._refuse, 408)

    def _forget_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, status: int, reason: bytes = b"") -> None:
        """Say why, where no other answer is being written, and close."""
        self._idle.pop(self, None)
        self._forget_timer()
        if self.transport.is_closing():
            return
        if self.cycle is not None and not self.cycle.response_complete:
            self.drop()
            return
        phrase, words = _WORDS[status]
        words += reason
        head = (
            b"HTTP/1.1 %d %s\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\nconnection: close\r\n"
        )
        self.transport.write(head % (status, phrase, len(words)) + b"\r\n" + words)
        self.transport.close()


def _reason(error: BaseException | None) -> bytes:
    """Return what the parser found wrong, to be added to words; nothing that the client sent is in it."""
    if isinstance(error, HttpParserInvalidURLError | HttpParserCallbackError):  # the address is parsed in a callback
        return b": its address cannot be read"
    return b": %s" % str(error).lower().encode("ascii", "replace") if isinstance(error, HttpParserError) else b""


def protocol(limits: ConnectionLimits) -> type[LimitedConnection]:
    """Return the class of connections with these limits."""
    return type("LimitedConnection", (LimitedConnection,), {"limits": limits, "_idle": {}})
