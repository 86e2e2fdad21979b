"""Addresses in answers, signed where files need a key."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Sequence
from typing import Annotated
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from fastapi import Depends, Request
from starlette.types import Scope

# A file's address stays the same for this long, so that browsers may keep the file.
_STEADY_S = 3600


class Signer:
    """Signs addresses of files, so that a player that cannot send a key may read them until they expire.

    Args:
        key: Secret of this installation.
        seconds: How long a signature is valid, at least.
        clock: Unix seconds.
    """

    def __init__(self, key: bytes, seconds: float, clock: Callable[[], float] = time.time) -> None:
        self._key, self._seconds, self._clock = key, seconds, clock

    def sign(self, path: str) -> str:
        """Return the query that makes a path readable."""
        expires = int((self._clock() + self._seconds) // _STEADY_S + 1) * _STEADY_S
        return urlencode({"expires": expires, "signature": self._signature(path, expires)})

    def valid(self, path: str, query: str) -> bool:
        """Whether a query is this path's and has not expired."""
        try:
            found = parse_qs(query, max_num_fields=20)
            expires, signature = int(found["expires"][0]), found["signature"][0]
        except (KeyError, ValueError):
            return False
        expected = self._signature(path, expires)
        return expires >= self._clock() and hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))

    def _signature(self, path: str, expires: int) -> str:
        return hmac.new(self._key, f"{expires}\n{path}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()


class Urls:
    """Makes the addresses of one answer.

    Args:
        base: Scheme, host and prefix as the client sees them, without a slash at the end.
        signer: Signs files; None where everybody may read them.
    """

    def __init__(self, base: str, signer: Signer | None = None) -> None:
        self.base, self._signer = base, signer

    def page(self, path: str) -> str:
        """Return the address of a path such as ``/index``."""
        return self.base + quote(path)

    def page_of(self, *parts: str) -> str:
        """Return the address of a path whose parts may have any characters, slashes among them."""
        return f"{self.base}/{_path(parts)}"

    def relative_file(self, *parts: str) -> str:
        """As :meth:`file`, from the root of the server on, with the prefix that a proxy serves us under."""
        return self.file(*parts)[len(self.base) - len(urlsplit(self.base).path) :]

    def file(self, *parts: str) -> str:
        """Return the address of a file, such as ``file("done", "T1.wav")``."""
        path = f"/{_path(parts)}"
        if self._signer is None:
            return self.base + path
        return f"{self.base}{path}?{self._signer.sign('/' + '/'.join(parts))}"


def _path(parts: Sequence[str]) -> str:
    return "/".join(quote(part, safe="") for part in parts)


async def urls_of(request: Request) -> Urls:
    """Return the maker of addresses for an answer to a request."""
    return urls_at(request.scope)


def urls_at(scope: Scope) -> Urls:
    """Return the maker of addresses for an answer to a request."""
    access = scope["app"].state.access
    return Urls(_base_of(scope), access.signer if access.required() else None)


_bases: dict[tuple[str, bytes, str], str] = {}
_MOST_BASES = 256


def _base_of(scope: Scope) -> str:
    """Return where the client sees the service; made once for each of the few names that it is called by."""
    host = next((value for name, value in scope["headers"] if name == b"host"), b"")
    root: str = scope.get("app_root_path", scope.get("root_path", ""))
    known = (scope["scheme"], host, root)
    base = _bases.get(known)
    if base is None or not host:
        base = str(Request(scope).base_url).rstrip("/")
        if len(_bases) >= _MOST_BASES:
            _bases.clear()
        _bases[known] = base
    return base


RequestUrls = Annotated[Urls, Depends(urls_of)]
