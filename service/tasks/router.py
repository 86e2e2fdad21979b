"""Routes of the queue."""

from __future__ import annotations

from fastapi import APIRouter

from service.http.shortcuts import Route
from service.tasks import event_routes, file_routes, segment_routes, task_routes
from service.tasks.views import poll

router = APIRouter()
for part in (event_routes, segment_routes, task_routes, file_routes):
    router.include_router(part.router)

SHORTCUTS = (Route("/voice-tasks/", "/voice-tasks/{task_id}", poll),)
