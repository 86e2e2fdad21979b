"""Speech as answers of HTTP: errors before the first byte have a status, a client that goes away ends the work."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Coroutine, Mapping
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from service.container import Container
from service.errors import UnavailableError

T = TypeVar("T")
_CANCEL_AGAIN_SECONDS = 0.05
_TIME_TO_ANSWER = 2.0
"""Seconds before the server cuts what is still under way."""


async def _gone(receive: Receive) -> None:
    """Return when the client has closed its connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks until they have ended: ``wait_for`` of Python 3.11 may swallow a cancellation."""
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=_CANCEL_AGAIN_SECONDS)
    await asyncio.gather(*tasks, return_exceptions=True)


async def _stopped(container: Container) -> None:
    """Return when the server was told to stop and what is left of its time is for answers that say so."""
    await container.stopping.wait()
    await asyncio.sleep(max(0.0, container.settings.shutdown_seconds - _TIME_TO_ANSWER))


async def while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Return what ``work`` returns; cancel it when the client goes away or the server stops.

    Raises:
        ClientDisconnect: the client went away.
        UnavailableError: the server stops.
    """
    worker, leaving = asyncio.create_task(work), asyncio.create_task(_gone(request.receive))
    stopping = asyncio.create_task(_stopped(request.app.state.container))
    try:
        await asyncio.wait({worker, leaving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if worker.done():
            return worker.result()
        if leaving.done():
            raise ClientDisconnect
        raise UnavailableError("stopping", retry_after=5)
    finally:
        await _end(worker, leaving, stopping)


class _Stream(StreamingResponse):
    """A stream that notices at once when the client goes away, also while there is nothing to send."""

    def __init__(self, first: bytes, rest: AsyncGenerator[bytes, None], **how: Any) -> None:
        self._all, self._rest = _after(first, rest), rest
        super().__init__(self._all, **how)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        sending = asyncio.create_task(self.stream_response(send))
        leaving = asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                with contextlib.suppress(OSError):  # the client went away while bytes were on their way
                    sending.result()
        finally:
            await _end(sending, leaving)
            await asyncio.shield(self._close())

    async def _close(self) -> None:
        await self._all.aclose()
        await self._rest.aclose()  # closing a generator that never began does not reach what it would have read


async def streamed(
    parts: AsyncGenerator[bytes, None],
    media_type: str,
    request: Request,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return an answer that sends parts as they come.

    Waits for the first part, so that whatever fails before it raises here and gets a status of its own. A failure
    after it breaks the connection off, so that half a result is not taken for a whole one.

    Args:
        parts: What to send; closed when the client goes away.
        media_type: Content-Type.
        request: Whose answer it is.
        headers: More headers.

    Raises:
        ClientDisconnect: the client went away before the first part.
    """
    try:
        first = await while_connected(request, _first_of(parts))
    except BaseException:
        await asyncio.shield(parts.aclose())
        raise
    return _Stream(first, parts, media_type=media_type, headers=dict(headers or {}))


async def _first_of(parts: AsyncGenerator[bytes, None]) -> bytes:
    return await anext(parts, b"")


async def _after(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    async with contextlib.aclosing(rest):
        yield first
        async for part in rest:
            yield part
