"""A short way to answers that are asked for all the time, for those who were let in: what a framework does for every
request (routing, checking, assembling) costs ten times what they take. Whatever is out of the ordinary goes the usual
way, so that errors and rare forms exist once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send


@dataclass(frozen=True)
class Prepared:
    """An answer whose body is there."""

    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()
    status: int = 200


Shortcut = Callable[[Scope, str], Awaitable[Prepared | None]]
"""Scope of a GET and the end of its path -> its answer; None sends it the usual way."""
_JSON = (b"content-type", b"application/json")


@dataclass(frozen=True)
class Route:
    """Which requests a shortcut is for.

    Attributes:
        prefix: How their path begins; what follows has no slash.
        name: Of the usual route, for the figures.
        shortcut: Answers.
    """

    prefix: str
    name: str
    shortcut: Shortcut

    @property
    def path(self) -> str:
        """What figures call it."""
        return self.name


class Shortcuts:
    """Answers a few plain GET routes before the framework; all else goes on to the application.

    Args:
        app: The usual way.
        routes: The shortcuts.
    """

    def __init__(self, app: ASGIApp, routes: tuple[Route, ...]) -> None:
        self.app, self._routes = app, routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] == "http" and scope["method"] == "GET" and not scope.get("root_path"):
            path: str = scope["path"]
            for route in self._routes:
                if path.startswith(route.prefix):
                    rest = path[len(route.prefix) :]
                    if "/" not in rest and (answer := await route.shortcut(scope, rest)) is not None:
                        scope["route"] = route
                        await _send(answer, send)
                        return
        await self.app(scope, receive, send)


async def _send(answer: Prepared, send: Send) -> None:
    headers = [(b"content-length", b"%d" % len(answer.body)), _JSON, *answer.headers]
    if answer.status == 304:
        headers = [*answer.headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
