"""The service, as the page reaches it: HTTP and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx

_TIMEOUT = httpx.Timeout(30.0, read=600.0)  # speech answers when it is whole


class ServiceCallError(Exception):
    """The service refused or failed.

    Attributes:
        status: Of HTTP; 0 where it could not be reached.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status

    @property
    def passing(self) -> bool:
        """Whether the same request may succeed later: the service is away, starting, or overloaded."""
        return self.status in (0, 429, 502, 503, 504)


class Service:
    """Sends requests. Used on one event loop; its connections are shared.

    Args:
        url: Address of the service.
        key: An API key; None where it needs none.
        language: Of its messages.
        transport: What carries requests; None for the network.
    """

    def __init__(
        self, url: str, key: str | None = None, language: str = "zh", transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.url = url.rstrip("/")
        self._headers = {"Accept-Language": language} | (bearer(key) if key else {})
        self._transport = transport
        self._client: httpx.AsyncClient | None = None

    async def get(self, route: str, /, **query: Any) -> Any:
        """Return the JSON of an answer.

        Raises:
            ServiceCallError: it refused or failed, or cannot be reached.
        """
        return (await self._send("GET", route, params=query)).json()

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Return the JSON of an answer to a JSON body.

        Raises:
            ServiceCallError: as in :meth:`get`.
        """
        return (await self._send("POST", path, json=dict(body))).json()

    async def put(self, route: str, body: Mapping[str, Any], /, **query: Any) -> Any:
        """Return the JSON of an answer to a JSON body.

        Raises:
            ServiceCallError: as in :meth:`get`.
        """
        return (await self._send("PUT", route, json=dict(body), params=query)).json()

    async def upload(self, path: str, fields: Mapping[str, Any], files: list[tuple[str, tuple[str, bytes]]]) -> Any:
        """Return the JSON of an answer to a form with files.

        Raises:
            ServiceCallError: as in :meth:`get`.
        """
        return (await self._send("POST", path, data=dict(fields), files=files)).json()

    async def delete(self, path: str) -> None:
        """Remove something.

        Raises:
            ServiceCallError: as in :meth:`get`.
        """
        await self._send("DELETE", path)

    async def content(self, route: str, /, **query: Any) -> bytes:
        """Return the bytes of an answer.

        Raises:
            ServiceCallError: as in :meth:`get`.
        """
        return (await self._send("GET", route, params=query)).content

    @asynccontextmanager
    async def stream(self, path: str, body: Mapping[str, Any]) -> AsyncIterator[AsyncIterator[bytes]]:
        """Give the bytes of an answer to a JSON body as they come.

        Raises:
            ServiceCallError: as in :meth:`get`.
        """
        try:
            async with self._open().stream("POST", path, json=dict(body)) as answer:
                if answer.is_error:
                    await answer.aread()
                _check(answer)
                yield answer.aiter_bytes()
        except httpx.HTTPError as error:
            raise ServiceCallError(str(error) or type(error).__name__) from None

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _open(self) -> httpx.AsyncClient:
        if self._client is None:  # belongs to the loop that it is first used on
            self._client = httpx.AsyncClient(
                base_url=self.url, headers=self._headers, timeout=_TIMEOUT, trust_env=False, transport=self._transport
            )
        return self._client

    async def _send(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        try:
            answer = await self._open().request(method, path, **arguments)
        except httpx.HTTPError as error:
            raise ServiceCallError(str(error) or type(error).__name__) from None
        return _check(answer)


def bearer(key: str) -> dict[str, str]:
    """Return the header that carries an API key."""
    return {"Authorization": f"Bearer {key}"}


def needs_key(url: str, key: str | None = None) -> bool:
    """Whether the service refuses requests that carry this key, or none. Blocks.

    Raises:
        ServiceCallError: it cannot be reached, or another program answers there.
    """
    try:
        answer = httpx.get(
            url.rstrip("/") + "/models", headers=bearer(key) if key else {}, timeout=30.0, trust_env=False
        )
    except httpx.HTTPError as error:
        raise ServiceCallError(str(error) or type(error).__name__) from None
    try:
        answers = "code" in answer.json()
    except (ValueError, TypeError):
        answers = False
    if not answers:
        raise ServiceCallError(f"what answers at {url} is no voice service", answer.status_code)
    return answer.status_code == 401


def _check(answer: httpx.Response) -> httpx.Response:
    if answer.is_success:
        return answer
    raise ServiceCallError(_message(answer), answer.status_code)


def _message(answer: httpx.Response) -> str:
    """Return what a failed answer says: the service's dialects put it in different places."""
    try:
        body = answer.json()
    except ValueError:
        return f"HTTP {answer.status_code}"
    found = [body.get(name) for name in ("message", "detail", "Exception", "error")] if isinstance(body, dict) else []
    said = list(dict.fromkeys(text for text in found if isinstance(text, str) and text))
    return ": ".join(said) or f"HTTP {answer.status_code}: {str(body)[:300]}"
