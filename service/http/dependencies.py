"""What handlers ask for, as annotations.

All of it is asynchronous, though nothing waits: the framework sends plain functions to a thread, each time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import Depends, Request

from service.container import Container
from service.errors import ForbiddenError

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
    """Refuse what a page of another site made the browser send: for GET routes that change something."""
    if request.headers.get("sec-fetch-site", "none") in ("cross-site", "same-site"):
        raise ForbiddenError("pages of other sites may not do this")


SharedContainer = Annotated[Container, Depends(container_of)]
