"""Routes whose body is JSON whatever the Content-Type says: old clients and ``curl -d`` send none, or that of forms."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.params import Form
from fastapi.routing import APIRoute

from service.threads import writing

_MISNAMED = frozenset({b"", b"text/plain", b"application/x-www-form-urlencoded", b"application/octet-stream"})


class JsonRoute(APIRoute):
    """Reads a body that is declared as JSON as such; pages of other sites are kept out by their origin.

    What changes something runs in threads of its own, so that reading does not wait for it.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **given: Any) -> None:
        if "GET" not in (given.get("methods") or ("GET",)) and not inspect.iscoroutinefunction(endpoint):
            endpoint = _apart(endpoint)
        super().__init__(path, endpoint, **given)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what handles a request."""
        handle = super().get_route_handler()
        if self.body_field is None or isinstance(self.body_field.field_info, Form):
            return handle

        async def as_json(request: Request) -> Response:
            headers = request.scope["headers"]
            given = next((value for name, value in headers if name == b"content-type"), b"")
            if given.split(b";", 1)[0].strip().lower() in _MISNAMED:
                others = [(name, value) for name, value in headers if name != b"content-type"]
                request = Request(
                    {**request.scope, "headers": [*others, (b"content-type", b"application/json")]}, request.receive
                )
            return await handle(request)

        return as_json


def _apart(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(endpoint)
    async def called(**arguments: Any) -> Any:
        return await writing(functools.partial(endpoint, **arguments))

    return called
