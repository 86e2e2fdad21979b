"""Streams of changes."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response

from service.http.envelope import failures
from service.http.server_sent import resume_number
from service.http.streaming import streamed
from service.http.urls import RequestUrls
from service.tasks.names import Identifier
from service.tasks.streams import PageStream, TaskStream
from service.tasks.task_routes import Tasks, Written

router = APIRouter(tags=["tasks"])
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": "Events."}
}


@router.get(
    "/voice-tasks/{task_id}/events",
    summary="Follow a task",
    response_class=Response,
    responses={**_STREAM, **failures(404)},
)
async def follow(task_id: Identifier, tasks: Tasks, entries: Written, urls: RequestUrls, request: Request) -> Response:
    """Server-sent events: `task` with the entry now and after every change, `progress` between segments; then closes.

    After a break of the connection the first event is the entry as it is then.
    """
    stream = TaskStream(tasks, task_id, entries.for_stream(urls))
    return await streamed(stream.events(), "text/event-stream", request, _HEADERS)


@router.get("/events", summary="Follow everything", response_class=Response, responses={**_STREAM, **failures()})
async def follow_all(
    tasks: Tasks,
    entries: Written,
    urls: RequestUrls,
    request: Request,
    user_id: Annotated[str | None, Query(max_length=128, description="Only this user's tasks.")] = None,
    last_event_id: Annotated[str | None, Header(max_length=32, description="Go on after this event.")] = None,
) -> Response:
    """Server-sent events for a whole page, the latest of each thing five times a second at most.

    `task` (an entry; `removed` is true when it is gone), `progress`, `voice`, `category`, `weights`, `engine`;
    `resync` asks the client to read everything again.
    """
    stream = PageStream(tasks, user_id or None, entries.for_stream(urls), resume_number(last_event_id))
    return await streamed(stream.events(), "text/event-stream", request, _HEADERS)
