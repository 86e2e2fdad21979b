"""Lists that are named by their path alone, in a dataset or among the results: read, written, heard."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field
from starlette.responses import FileResponse

from service.datasets import lists
from service.datasets.folders import SOUNDS
from service.datasets.schemas import Revised, WholeList
from service.datasets.service import DatasetService
from service.errors import ParameterError
from service.http.dependencies import provided
from service.http.envelope import Envelope, failures, success
from service.training.names import checked_file_name

router = APIRouter(prefix="/gpt_sovits", tags=["training"])
Service = Annotated[DatasetService, Depends(provided(DatasetService))]
ListPath = Annotated[str, Query(min_length=1, max_length=4096, description="The list, a path on the server.")]


class NamedLine(BaseModel):
    """A line of a list."""

    path: str = Field(description="The recording, as the list names it.")
    speaker: str = Field(description="Who speaks.")
    language: str = Field(description="Code of the language.")
    text: str = Field(description="What is said.")


class NamedList(BaseModel):
    """A list."""

    revision: str = Field(description="Tells whether it is still the same.")
    lines: list[NamedLine] = Field(description="All lines.")


def _found(service: DatasetService, path: str) -> Path:
    found = service.places.confined("path", path)
    if found.suffix != ".list" or not found.is_file():
        raise ParameterError("path_malformed", field="path")
    return found


@router.get("/list", summary="Read a list by its path", responses=failures(400, 404, 413))
def read_list(service: Service, path: ListPath) -> Envelope[NamedList]:
    """All lines of a list."""
    labels = lists.read(_found(service, path))
    kept = [NamedLine(path=x.path, speaker=x.speaker, language=x.language, text=x.text) for x in labels.lines]
    return success(NamedList(revision=labels.revision, lines=kept))


@router.put("/list", summary="Write a list by its path", responses=failures(400, 404, 409, 413, 507))
def write_list(service: Service, path: ListPath, body: WholeList) -> Envelope[Revised]:
    """Write a list anew that lies in a dataset or among the results. With a revision that is not the newest: 409."""
    target = service.places.target("path", path)
    checked_file_name("path", target.name)
    if target.suffix != ".list" or not target.parent.is_dir():
        raise ParameterError("path_malformed", field="path")
    labels = lists.replace_all(target, body.revision, [each.value() for each in body.lines])
    return success(Revised(path=path, revision=labels.revision, total=len(labels.lines)))


@router.get(
    "/recording",
    summary="Hear a recording of a list",
    responses={200: {"content": {"audio/*": {}}, "description": "The recording."}, **failures(400, 404)},
    response_class=FileResponse,
)
def hear(
    service: Service,
    list_path: Annotated[str, Query(alias="list", min_length=1, max_length=4096, description="The list.")],
    path: Annotated[str, Query(min_length=1, max_length=4096, description="The recording, as the list names it.")],
) -> FileResponse:
    """The sound of a line: where its path leads, or beside the list."""
    listed = _found(service, list_path)
    sound = service.recording_beside(listed, path)
    if sound.suffix.lower() not in SOUNDS:
        raise ParameterError("path_malformed", field="path")
    return FileResponse(sound)
