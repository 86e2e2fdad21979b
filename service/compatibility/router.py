"""The routes of all dialects, and how each reports errors."""

from __future__ import annotations

from fastapi import APIRouter

from service.compatibility import api2, api_v2, openai, srt
from service.http.errors import Writer

DIALECTS = (api2, api_v2, srt, openai)
ERROR_WRITERS: dict[str, Writer] = {path: dialect.write_error for dialect in DIALECTS for path in dialect.PATHS}

router = APIRouter()
for dialect in DIALECTS:
    router.include_router(dialect.router)
