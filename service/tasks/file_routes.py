"""Files of tasks by their address: what the database does not say yet, or no more, is not there."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from service.container import Container
from service.http.dependencies import container_of
from service.http.static import Results, copies_of
from service.identifiers import disk_name, is_disk_name, is_identifier
from service.jobs.errors import JobMissingError
from service.jobs.records import Status
from service.queue import Queue
from service.tasks.task_routes import Tasks

router = APIRouter(include_in_schema=False)
Shared = Annotated[Container, Depends(container_of)]
_STATES = {
    "task": (Status.WAIT, Status.RUN),
    "done": (Status.DONE,),
    "error": (Status.ERROR,),
    "output": (Status.DONE,),
}


def _on_disk(part: str) -> str:
    """Return the name on disk of what an address calls by that, or by the task's or user's own name."""
    return part if is_disk_name(part) or not is_identifier(part) else disk_name(part)


async def _served(
    folder: str, parts: tuple[str, ...], tasks: Tasks, container: Container, request: Request
) -> Response:
    """Return a file of a task in the right state, or one that belongs to no task (of `/synthesize`, say)."""
    files, offload = container.get(Queue).speech.files, container.offload
    *folders, file = parts
    stem, dot, suffix = file.rpartition(".")
    name = _on_disk(folders[-1] if folders else stem)
    path = "/".join([*map(_on_disk, folders), f"{_on_disk(stem)}{dot}{suffix}"])
    if is_disk_name(name) and (task_id := await offload(files.task_of, name)) is not None:
        try:
            task = (await tasks.find(task_id)).task
            mine = not folders or disk_name(task.user_id) == _on_disk(folders[0])
            if task.status not in _STATES[folder] and mine:
                # What is known may be a moment behind a list, which comes from the database.
                task, _ = await tasks.snapshot(task_id)
                if task.status not in _STATES[folder]:
                    raise HTTPException(404)
            if mine and (brought := await offload(files.bring, task, folder, suffix)) is not None:
                folder, path, parts = brought.parent.name, brought.name, (brought.name,)
        except JobMissingError:
            if await offload(files.is_copy, container.folders.served[folder] / path):
                raise HTTPException(404) from None
    results = Results(container.folders.served[folder], copies_of(request.app, folder))
    try:
        return await results.get_response(path, request.scope)
    except HTTPException:
        if path == "/".join(parts):
            raise
        return await results.get_response("/".join(parts), request.scope)  # an old service named it as it is called


@router.api_route("/task/{name}", methods=["GET", "HEAD"])
async def waiting(name: str, tasks: Tasks, container: Shared, request: Request) -> Response:
    """The entry of a task that waits or runs."""
    return await _served("task", (name,), tasks, container, request)


@router.api_route("/done/{name}", methods=["GET", "HEAD"])
async def done(name: str, tasks: Tasks, container: Shared, request: Request) -> Response:
    """The entry or the result of a task that ended well."""
    return await _served("done", (name,), tasks, container, request)


@router.api_route("/error/{name}", methods=["GET", "HEAD"])
async def failed(name: str, tasks: Tasks, container: Shared, request: Request) -> Response:
    """The entry of a task that ended in an error."""
    return await _served("error", (name,), tasks, container, request)


@router.api_route("/output/{user_id}/{task_id}/{name}", methods=["GET", "HEAD"])
async def output(user_id: str, task_id: str, name: str, tasks: Tasks, container: Shared, request: Request) -> Response:
    """A result, by user."""
    return await _served("output", (user_id, task_id, name), tasks, container, request)
