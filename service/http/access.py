"""Who may send requests: API keys, signed addresses of files, hosts, origins, rates."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Sequence

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from service.addresses import is_loopback
from service.errors import ForbiddenError, ParameterError, ServiceError, TooManyError, UnauthorizedError
from service.http.errors import answer_error
from service.http.origins import SAFE_METHODS, may_send
from service.http.proxies import is_host, local_path
from service.http.rates import RateLimit
from service.http.urls import Signer
from service.keys.store import digest_of

_REFRESH_S = 2.0
_PUBLIC = frozenset({"/healthz", "/readyz", "/index", "/docs", "/manager", "/favicon.ico"})
_PUBLIC_PREFIXES = ("/web/",)


class Access:
    """The valid keys, as they were at most two seconds ago.

    Args:
        valid_keys: Reads digest -> name, None while no key was ever made; blocks.
        signer: Of addresses of files.
    """

    def __init__(self, valid_keys: Callable[[], dict[str, str] | None], signer: Signer) -> None:
        self._valid_keys, self.signer = valid_keys, signer
        self._names = valid_keys()
        self._read_at = time.monotonic()

    def required(self) -> bool:
        """Whether requests need a key: as soon as one was made, and also when all of them have been revoked."""
        return self._names is not None

    async def refresh(self) -> None:
        """Read the keys again where they are old, so that a revoked one ends soon."""
        if time.monotonic() - self._read_at > _REFRESH_S:
            self._read_at = time.monotonic()  # others do not wait for this reading
            self._names = await to_thread.run_sync(self._valid_keys)

    def name_of(self, key: str) -> str | None:
        """Return the name of a valid key."""
        return None if self._names is None else self._names.get(digest_of(key))


def given_key(headers: dict[bytes, bytes]) -> str | None:
    """Return the key that a request carries."""
    scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return headers.get(b"x-api-key", b"").decode("latin-1").strip() or None


class Guard:
    """Lets requests in, or answers them with 401, 403 or 429.

    Args:
        app: The application.
        access: Returns the keys; there when the first request comes.
        served: First parts of paths whose files may be read with a signature.
        hosts: Names in the Host header that are answered; empty is all.
        origins: Other origins whose pages may send requests.
        rate: Of requests.
        failures: Of wrong keys.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        access: Callable[[], Access],
        served: Sequence[str],
        hosts: Sequence[str],
        origins: Collection[str],
        rate: RateLimit,
        failures: RateLimit,
    ) -> None:
        self.app, self._access, self._rate, self._failures = app, access, rate, failures
        self._served = tuple(f"/{name}/" for name in served)
        self._hosts = frozenset(host.lower() for host in hosts)
        self._origins = frozenset(origin.lower() for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] == "http":
            try:
                await self._check(scope)
            except ServiceError as error:
                await answer_error(HTTPConnection(scope), error)(scope, receive, send)
                return
        await self.app(scope, receive, send)

    async def _check(self, scope: Scope) -> None:
        headers = dict(scope["headers"])
        self._check_host(scope, headers.get(b"host", b"").decode("latin-1"))
        self._check_origin(scope)
        access = self._access()
        await access.refresh()
        client = (scope.get("client") or ("",))[0]
        path = local_path(scope)
        public = path in _PUBLIC or path.startswith(_PUBLIC_PREFIXES)
        name = self._identified(access, headers, client, public)
        scope["api_key_name"] = name
        if not public and (wait := self._rate.take(name or client)):
            raise TooManyError("too_many_requests", retry_after=math.ceil(wait), seconds=math.ceil(wait))
        if access.required() and name is None and not public and not self._signed(access, scope):
            raise UnauthorizedError("key_needed")

    def _identified(self, access: Access, headers: dict[bytes, bytes], client: str, public: bool) -> str | None:
        key = given_key(headers)
        if key is None or not access.required():
            return None
        name = access.name_of(key)
        if name is not None or public:
            return name
        # Only who brings a wrong key waits: others behind the same address have done nothing, and 256 random bits are
        # not guessed however fast.
        if wait := self._failures.take(client):
            raise TooManyError("too_many_wrong_keys", retry_after=math.ceil(wait), seconds=math.ceil(wait))
        raise UnauthorizedError("key_invalid")

    def _signed(self, access: Access, scope: Scope) -> bool:
        path = local_path(scope)
        # The page itself, without a text to speak, tells nothing and starts nothing.
        if path == "/" and scope["method"] in ("GET", "HEAD") and not scope["query_string"]:
            return True
        if scope["method"] not in ("GET", "HEAD") or not path.startswith(self._served):
            return False
        return access.signer.valid(path, scope["query_string"].decode("latin-1"))

    def _check_host(self, scope: Scope, host: str) -> None:
        if sum(name == b"host" for name, _ in scope["headers"]) > 1:
            raise ParameterError("two_hosts")
        if host and not is_host(host):
            raise ForbiddenError("host_malformed")
        name = host.rsplit(":", 1)[0] if host.rpartition(":")[2].isdigit() else host
        if self._hosts and not scope.get("proxied") and name.lower() not in self._hosts and not is_loopback(name):
            raise ForbiddenError("host_unknown")

    def _check_origin(self, scope: Scope) -> None:
        """Refuse what another site's page makes a browser send."""
        method = scope["method"]
        if method not in SAFE_METHODS and not may_send(method, Headers(scope=scope), self._origins):
            raise ForbiddenError("other_site")
