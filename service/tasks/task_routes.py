"""Submitting, finding, cancelling, trying again."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BeforeValidator

from service.errors import ParameterError
from service.http.dependencies import provided
from service.http.envelope import Envelope, Json, Removed, failures, success
from service.http.json_routes import JsonRoute
from service.http.paging import Page, PageRequest, Paging, clamped
from service.http.urls import RequestUrls, Urls
from service.jobs.errors import JobMissingError
from service.jobs.reader import Choice
from service.jobs.records import Status
from service.speech.records import in_voice
from service.synthesis.fields import TaskFields
from service.tasks.names import Identifier
from service.tasks.schemas import StoryLine, TaskEntry, TaskQuery
from service.tasks.service import TaskService, View
from service.tasks.views import Entries, entry_with, known_tag

router = APIRouter(prefix="/voice-tasks", tags=["tasks"], route_class=JsonRoute)
Tasks = Annotated[TaskService, Depends(provided(TaskService))]
Written = Annotated[Entries, Depends(provided(Entries))]
_MOST_IN_ADDRESS = 10_000
_COMMAS, _BLANKS = re.compile("[,，;；]"), re.compile(r"[\s,，;；]+")


def _one(view: View, urls: Urls) -> Response:
    return Json({"code": 0, "message": "", "data": entry_with(urls)(view)})


def _names(given: Iterable[str]) -> tuple[str, ...]:
    """Return the ids that parameters name; one with a comma or a space may be an id as it is."""
    names = [name for text in given for name in (text, *map(str.strip, _COMMAS.split(text)), *_BLANKS.split(text))]
    return tuple(dict.fromkeys(filter(None, names)))


async def _chosen(tasks: Tasks, choice: Choice, page: PageRequest, urls: Urls) -> Response:
    """Answer one page; what was named by ids comes all at once."""
    if choice.job_ids is None:
        return _several(await tasks.page(choice, page.page, page.page_size), page, urls)
    views, total = await tasks.page(choice, 1, len(choice.job_ids))
    return _several((views, total), PageRequest(1, max(1, total)), urls)


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
    response_model=Envelope[TaskEntry],
    response_description="Accepted, and on disk; or the same entry, where it was submitted before.",
    responses=failures(400, 404, 409, 413, 503, 507),
)
async def submit(body: TaskFields, tasks: Tasks, urls: RequestUrls) -> Response:
    """Accept a text for the queue. The same `task_id` with the same body again is the same task.

    With another body it takes the place of a task that has ended; while that waits or runs, it is refused.
    """
    view = await tasks.submit(body.user_id, body.task_id, body.model_dump(exclude={"user_id", "task_id"}))
    return _one(view, urls)


WantedStatus = Annotated[Status | None, BeforeValidator(lambda status: status or None)]
"""Old clients send an empty one."""


@router.get("", summary="List tasks", response_model=Envelope[Page[TaskEntry]], responses=failures(400))
async def page(
    tasks: Tasks,
    paging: Paging,
    urls: RequestUrls,
    user_id: Annotated[str | None, Query(max_length=128, description="Only this user's.")] = None,
    ids: Annotated[
        list[str] | None, Query(description="Only these ids, separated by commas or spaces; all come, in this order.")
    ] = None,
    task_ids: Annotated[list[str] | None, Query(description="Another name of ids.")] = None,
    task_id: Annotated[str | None, Query(description="Only this id.")] = None,
    status: Annotated[WantedStatus, Query(description="Only in this state.")] = None,
    model_id: Annotated[str | None, Query(max_length=64, description="Only in this voice.")] = None,
    search: Annotated[
        str, Query(max_length=200, description="Words of the text, its pinyin, the voice, its transcript, or an id.")
    ] = "",
) -> Response:
    """List tasks, newest first; a search looks through the newest 5,000."""
    named = _names([*(ids or ()), *(task_ids or ()), *([task_id] if task_id else ())])
    if len(named) > _MOST_IN_ADDRESS:
        raise ParameterError("ids_too_many", found=len(named))
    choice = Choice(user_id or None, named or None, status, in_voice(model_id) if model_id else None)
    if search.strip():
        return _several(await tasks.searched(search, choice, paging.page, paging.page_size), paging, urls)
    return await _chosen(tasks, choice, paging, urls)


@router.post("/query", summary="List many tasks", response_model=Envelope[Page[TaskEntry]], responses=failures(400))
async def query(body: TaskQuery, tasks: Tasks, urls: RequestUrls) -> Response:
    """As listing, for thousands of ids."""
    named = tuple(dict.fromkeys(body.task_ids or ())) or None
    return await _chosen(tasks, Choice(body.user_id, named, body.status), clamped(body.page, body.page_size), urls)


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


@router.delete("/{task_id}", summary="Cancel and remove a task", responses=failures(507))
async def remove(task_id: Identifier, tasks: Tasks) -> Envelope[Removed]:
    """Remove a task with its files; one that has not ended is cancelled first, within one decoding step.

    `removed` is false where there was none.
    """
    try:
        await tasks.remove(task_id)
    except JobMissingError:
        return success(Removed(removed=False))
    return success(Removed(removed=True))


@router.delete("", summary="Remove a task of any name", responses=failures(507))
async def remove_named(task_id: Annotated[Identifier, Query()], tasks: Tasks) -> Envelope[Removed]:
    """As by address, for names that an address cannot hold, such as `..`."""
    return await remove(task_id, tasks)


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
    return success([StoryLine.of(event) for event in await tasks.events_of(task_id)])
