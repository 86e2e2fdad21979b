"""HEAD wherever GET only reads: the framework's routes take it only where they say so, and most do not."""

from __future__ import annotations

import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.proxies import local_path

_WORKING = re.compile(
    r"/|/tts|/srt|/control|/change_refer|/set_refer_audio|/set_gpt_weights|/set_sovits_weights"  # speak or change
    r"|(/.+)?/events"  # have no end
    r"|/voice-models/[^/]+/export"  # packs a file
)
"""Addresses whose GET costs more than an answer's head is worth; what they do themselves with HEAD stays."""


def reads(path: str) -> bool:
    """Whether a GET of a path, where there is one, only reads."""
    return _WORKING.fullmatch(path) is None


class _EnoughError(Exception):
    """The head is out, and what follows need not be made; never leaves this module."""


class Heads:
    """Answers HEAD by the head of what GET would answer, where a route has no answer of its own to it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http" or scope["method"] != "HEAD" or not reads(local_path(scope)):
            await self.app(scope, receive, send)
            return
        refused = False

        async def unless_refused(message: Message) -> None:
            nonlocal refused
            refused = refused or message.get("status") == 405
            if not refused:
                await send(message)

        await self.app(scope, receive, unless_refused)
        if refused:
            await self._as_get(scope, receive, send)

    async def _as_get(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def head_alone(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
            elif message["type"] == "http.response.body":
                await send({"type": "http.response.body", "body": b""})
                raise _EnoughError

        asked = {**scope, "method": "GET"}
        try:
            await self.app(asked, receive, head_alone)
        except _EnoughError:
            pass
        finally:
            if "route" in asked:  # what figures call it
                scope["route"] = asked["route"]
