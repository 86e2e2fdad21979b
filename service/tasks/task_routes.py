"""Submitting, finding, cancelling, trying again."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BeforeValidator

from service.errors import ParameterError
from service.http.dependencies import provided
from service.http.envelope import Envelope, Json, Removed, failures, success
from service.http.json_routes import JsonRoute
from service.http.paging import Page, PageRequest, Paging
from service.http.urls import RequestUrls, Urls
from service.synthesis.fields import Identifier, TaskFields
from service.tasks.records import Status
from service.tasks.schemas import StoryLine, TaskEntry, TaskQuery
from service.tasks.service import TaskService, View
from service.tasks.store import Choice
from service.tasks.views import Entries, entry_with, known_tag

router = APIRouter(prefix="/voice-tasks", tags=["tasks"], route_class=JsonRoute)
Tasks = Annotated[TaskService, Depends(provided(TaskService))]
Written = Annotated[Entries, Depends(provided(Entries))]
_MOST_IN_ADDRESS = 1000


def _one(view: View, urls: Urls, status: int = 200) -> Response:
    return Json({"code": 0, "message": "", "data": entry_with(urls)(view)}, status_code=status)


def _several(found: tuple[list[View], int], page: PageRequest, urls: Urls) -> Response:
    views, total = found
    entry = entry_with(urls)
    data = {
        "total": total,
        "pageIndex": page.page,
        "pageSize": page.page_size,
        "data": [entry(view) for view in views],
    }
    return Json({"code": 0, "message": "", "data": data})


@router.post(
    "",
    summary="Submit a task",
    status_code=201,
    responses={
        200: {"model": Envelope[TaskEntry], "description": "It was submitted before: the same entry."},
        201: {"model": Envelope[TaskEntry], "description": "Accepted, and on disk."},
        **failures(400, 404, 409, 413, 503, 507),
    },
)
async def submit(body: TaskFields, tasks: Tasks, urls: RequestUrls) -> Response:
    """Accept a text for the queue. The same `task_id` with the same body again is the same task."""
    view, created = await tasks.submit(body.user_id, body.task_id, body.model_dump(exclude={"user_id", "task_id"}))
    return _one(view, urls, 201 if created else 200)


WantedStatus = Annotated[Status | None, BeforeValidator(lambda status: status or None)]
"""Old clients send an empty one."""


@router.get("", summary="List tasks", response_model=Envelope[Page[TaskEntry]], responses=failures(400))
async def page(
    tasks: Tasks,
    paging: Paging,
    urls: RequestUrls,
    user_id: Annotated[str | None, Query(max_length=128, description="Only this user's.")] = None,
    ids: Annotated[str | None, Query(description="Only these ids, separated by commas or spaces.")] = None,
    task_ids: Annotated[str | None, Query(description="Another name of ids.")] = None,
    task_id: Annotated[str | None, Query(description="Only this id.")] = None,
    status: Annotated[WantedStatus, Query(description="Only in this state.")] = None,
    model_id: Annotated[str | None, Query(max_length=64, description="Only in this voice.")] = None,
) -> Response:
    """List tasks, newest first."""
    named = [name for text in (ids, task_ids, task_id) if text for name in re.split(r"[\s,，;；]+", text) if name]
    if len(named) > _MOST_IN_ADDRESS:
        raise ParameterError(f"{len(named)} ids are too many for an address: use POST /voice-tasks/query")
    choice = Choice(user_id or None, tuple(named) if named else None, status, model_id or None)
    return _several(await tasks.page(choice, paging.page, paging.page_size), paging, urls)


@router.post("/query", summary="List many tasks", response_model=Envelope[Page[TaskEntry]], responses=failures(400))
async def query(body: TaskQuery, tasks: Tasks, urls: RequestUrls) -> Response:
    """As listing, for thousands of ids."""
    choice = Choice(body.user_id, None if body.task_ids is None else tuple(body.task_ids), body.status)
    return _several(await tasks.page(choice, body.page, body.page_size), PageRequest(body.page, body.page_size), urls)


@router.get(
    "/{task_id}",
    summary="Show a task",
    response_model=Envelope[TaskEntry],
    responses={304: {"description": "As the client knows it (`If-None-Match`)."}, **failures(404)},
)
async def show(task_id: Identifier, tasks: Tasks, entries: Written, urls: RequestUrls, request: Request) -> Response:
    """One task; its `ETag` in `If-None-Match` gets 304 while nothing has changed."""
    # The long way of service.tasks.views.poll, for tasks that are not known and for errors.
    answer = entries.answer(await tasks.find(task_id), urls, known_tag(request.scope))
    headers = {name.decode(): value.decode() for name, value in answer.headers}
    return Response(answer.body, answer.status, headers, None if answer.status == 304 else "application/json")


@router.delete("/{task_id}", summary="Cancel and remove a task", responses=failures(404))
async def remove(task_id: Identifier, tasks: Tasks) -> Envelope[Removed]:
    """Remove a task with its files; one that has not ended is cancelled first, within one decoding step."""
    await tasks.remove(task_id)
    return success(Removed(removed=True))


@router.post(
    "/{task_id}/cancel", summary="Cancel a task", response_model=Envelope[TaskEntry], responses=failures(404, 409)
)
async def cancel(task_id: Identifier, tasks: Tasks, urls: RequestUrls) -> Response:
    """End a task as `error` with `cancelled`, without removing it."""
    return _one(await tasks.cancel(task_id), urls)


@router.post(
    "/{task_id}/retry",
    summary="Try a failed task again",
    response_model=Envelope[TaskEntry],
    responses=failures(404, 409, 507),
)
async def retry(task_id: Identifier, tasks: Tasks, urls: RequestUrls) -> Response:
    """Let a task that ended in an error wait again; segments that were spoken are kept."""
    return _one(await tasks.retry(task_id), urls)


@router.get("/{task_id}/story", summary="Tell a task's story", responses=failures(404))
async def story(task_id: Identifier, tasks: Tasks) -> Envelope[list[StoryLine]]:
    """Everything that happened to a task, in order."""
    await tasks.find(task_id)
    return success([StoryLine.of(happening) for happening in await tasks.story(task_id)])
