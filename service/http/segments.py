"""Slashes within a part of an address: ``%2F`` names one that divides nothing, and routing must not see it."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp, Receive, Scope, Send

_SLASH = "\x1f"
"""Stands for a slash within a part; no name has such a character."""


def with_slashes(part: Any) -> Any:
    """Return a part of an address as the client meant it."""
    return part.replace(_SLASH, "/") if isinstance(part, str) else part


class WholeSegments:
    """Keeps encoded slashes within their parts, for the routes below a prefix.

    Args:
        app: Handles requests.
        prefix: How their paths begin.
    """

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self.app, self._prefix = app, prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        raw: bytes = scope.get("raw_path") or b"" if scope["type"] == "http" else b""
        if b"%2f" in raw.lower() and self._prefix in scope["path"]:
            parts = raw.decode("ascii", "replace").split("/")
            scope["path"] = "/".join(unquote(part).replace("/", _SLASH) for part in parts)
        await self.app(scope, receive, send)
