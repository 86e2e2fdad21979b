"""Files of tasks by their address: what the database does not say yet, or no more, is not there."""

from __future__ import annotations

import contextlib
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from service.container import Container
from service.http.dependencies import container_of
from service.http.static import Results
from service.tasks.errors import TaskMissingError
from service.tasks.identifiers import is_identifier
from service.tasks.records import Status
from service.tasks.task_routes import Tasks

router = APIRouter(include_in_schema=False)
Shared = Annotated[Container, Depends(container_of)]
_STATES = {
    "task": (Status.WAIT, Status.RUN),
    "done": (Status.DONE,),
    "error": (Status.ERROR,),
    "output": (Status.DONE,),
}


async def _served(
    folder: str, path: str, task_id: str, tasks: Tasks, container: Container, request: Request, user_id: str = ""
) -> Response:
    """Return a file of a task in the right state, or one that belongs to no task (of `/synthesize`, say)."""
    if is_identifier(task_id):
        with contextlib.suppress(TaskMissingError):
            task = (await tasks.find(task_id)).task
            if task.status not in _STATES[folder] and user_id in ("", task.user_id):
                # What is known may be a moment behind a list, which comes from the database.
                task, _ = await tasks.snapshot(task_id)
                if task.status not in _STATES[folder]:
                    raise HTTPException(404)
    return await Results(container.folders.served[folder]).get_response(path, request.scope)


@router.api_route("/task/{name}", methods=["GET", "HEAD"])
async def waiting(name: str, tasks: Tasks, container: Shared, request: Request) -> Response:
    """The entry of a task that waits or runs."""
    return await _served("task", name, name.rpartition(".")[0], tasks, container, request)


@router.api_route("/done/{name}", methods=["GET", "HEAD"])
async def done(name: str, tasks: Tasks, container: Shared, request: Request) -> Response:
    """The entry or the result of a task that ended well."""
    return await _served("done", name, name.rpartition(".")[0], tasks, container, request)


@router.api_route("/error/{name}", methods=["GET", "HEAD"])
async def failed(name: str, tasks: Tasks, container: Shared, request: Request) -> Response:
    """The entry of a task that ended in an error."""
    return await _served("error", name, name.rpartition(".")[0], tasks, container, request)


@router.api_route("/output/{user_id}/{task_id}/{name}", methods=["GET", "HEAD"])
async def output(user_id: str, task_id: str, name: str, tasks: Tasks, container: Shared, request: Request) -> Response:
    """A result, by user."""
    return await _served("output", f"{user_id}/{task_id}/{name}", task_id, tasks, container, request, user_id)
