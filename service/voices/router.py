"""Routes of voices, and of their files."""

from __future__ import annotations

from fastapi import APIRouter

from service.voices import file_routes, voice_routes

router = APIRouter()
for part in (voice_routes, file_routes):
    router.include_router(part.router)
