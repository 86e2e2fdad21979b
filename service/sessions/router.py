"""Routes of trainings, and how those of the older interface report errors."""

from __future__ import annotations

from fastapi import APIRouter

from service.http.errors import Writer
from service.sessions import session_routes, start_routes

router = APIRouter()
for part in (start_routes, session_routes):
    router.include_router(part.router)

ERROR_WRITERS: dict[str, Writer] = {
    f"{start_routes.PREFIX}/{name}": start_routes.write_error for name in start_routes.ROUTES
}
