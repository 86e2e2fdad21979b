"""Who the client really is: X-Forwarded-* count from configured proxies, and from nobody else."""

from __future__ import annotations

import contextlib
import functools
import ipaddress
import re
from collections.abc import Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?")
_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]{1,64}){1,8}")
_RESULTS = "/done/"
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def local_path(scope: Scope) -> str:
    """Return the path of a request as we know it: without the prefix that a proxy serves us under."""
    path: str = scope["path"]
    prefix: str = scope.get("app_root_path", scope.get("root_path", ""))
    return path[len(prefix) :] if prefix and path.startswith(f"{prefix}/") else path


def networks(addresses: Sequence[str]) -> list[Network]:
    """Return addresses and networks as networks.

    Raises:
        ValueError: one of them is neither.
    """
    return [ipaddress.ip_network(address, strict=False) for address in addresses]


@functools.lru_cache(256)
def is_host(text: str) -> bool:
    """Whether a text has the form of a Host header; what has not never gets into an address of ours."""
    return _HOST.fullmatch(text) is not None


class Proxies:
    """Replaces client, scheme, host and prefix of requests that come through a trusted proxy."""

    def __init__(self, app: ASGIApp, trusted: Sequence[str]) -> None:
        self.app = app
        self._trusted = networks(trusted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] == "http" and self._trusted and self._is_trusted((scope.get("client") or ("",))[0]):
            self._rewrite(scope)
            scope["proxied"] = True
        await self.app(scope, receive, send)

    def _is_trusted(self, address: str) -> bool:
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._trusted)

    def _rewrite(self, scope: Scope) -> None:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        if (scheme := headers.get(b"x-forwarded-proto", "").split(",")[0].strip()) in ("http", "https"):
            scope["scheme"] = scheme
        if is_host(host := headers.get(b"x-forwarded-host", "").split(",")[0].strip()):
            others = [(name, value) for name, value in scope["headers"] if name != b"host"]
            scope["headers"] = [*others, (b"host", host.encode("latin-1"))]
        if _PREFIX.fullmatch(prefix := headers.get(b"x-forwarded-prefix", "").strip().rstrip("/")):
            scope["root_path"] = prefix
            # Old clients put the address of a result, which has the prefix, behind a base that has it as well.
            if not scope["path"].startswith(f"{prefix}{_RESULTS}"):
                scope["path"] = prefix + scope["path"]
        # The last address that is not one of our proxies: everything before it was written by the client.
        hops = [hop.strip() for hop in headers.get(b"x-forwarded-for", "").split(",") if hop.strip()]
        for hop in reversed(hops):
            if not self._is_trusted(hop):
                with contextlib.suppress(ValueError):
                    scope["client"] = (str(ipaddress.ip_address(hop)), 0)
                return
