"""Which host names a page answers to. A page of another site may lead its own name here (DNS rebinding)."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send


def is_loopback(name: str) -> bool:
    """Whether a host name or address means this machine alone."""
    bare = name.strip("[]").lower()
    if bare == "localhost":
        return True
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return False


class Hosts:
    """Refuses requests for names that are not this machine's, where it listens on this machine alone.

    Args:
        app: What answers the others.
        host: Address that is listened on.
        allowed: Further names, of a proxy in front.
    """

    def __init__(self, app: ASGIApp, host: str, allowed: Iterable[str] = ()) -> None:
        self._app, self._guards = app, is_loopback(host)
        self._names = {"localhost", socket.gethostname().lower(), *(name.lower() for name in allowed)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http" and self._guards and not self._is_ours(scope):
            words = "this name is not one of this machine's; --allowed-host adds the name of a proxy\n"
            await PlainTextResponse(words, 403)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _is_ours(self, scope: Scope) -> bool:
        given = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        if len(given) != 1:
            return not given
        name, _, port = given[0].rpartition(":")
        name = (name if port.isdigit() and name else given[0]).lower()
        return name in self._names or is_loopback(name)
