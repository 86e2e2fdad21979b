"""What handlers ask for, as annotations.

All of it is asynchronous, though nothing waits: the framework sends plain functions to a thread, each time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import Depends, Request

from service.container import Container
from service.errors import ForbiddenError
from service.http.origins import may_ask, may_change_by_get

T = TypeVar("T")


async def container_of(request: Request) -> Container:
    """Return what the parts of the service share."""
    container: Container = request.app.state.container
    return container


def provided(kind: type[T]) -> Callable[[Request], Awaitable[T]]:
    """Return a dependency that gives a service by its type: ``Annotated[Voices, Depends(provided(Voices))]``."""

    async def provide(request: Request) -> T:
        return (await container_of(request)).get(kind)

    return provide


async def refuse_other_sites(request: Request) -> None:
    """Refuse what a page of another site made the browser send: for GET routes that make the service work."""
    if not may_ask(request.headers, request.app.state.settings.origins):
        raise ForbiddenError("other_site")


async def refuse_changes_of_other_sites(request: Request) -> None:
    """Refuse what another site's page may have made the browser send: for GET routes that change something."""
    if not may_change_by_get(request.headers, request.app.state.settings.origins):
        raise ForbiddenError("other_site")


SharedContainer = Annotated[Container, Depends(container_of)]
