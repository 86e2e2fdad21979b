"""Routes of datasets: recordings uploaded, found, removed; lists read and changed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, File, Query, UploadFile
from pydantic import BeforeValidator, Field

from service.datasets.folders import RAW, Dataset
from service.datasets.schemas import (
    DatasetDetail,
    DatasetEntry,
    FolderEntry,
    LineEntry,
    ListChanges,
    ListPage,
    RecordingEntry,
    Revised,
    Uploaded,
    WholeList,
)
from service.datasets.service import DatasetService, Shown
from service.errors import ParameterError
from service.http.dependencies import provided
from service.http.envelope import Envelope, Removed, failures, success
from service.http.paging import Page, Paging
from service.http.segments import with_slashes
from service.http.urls import RequestUrls, Urls

CLIPS = "gpt_sovits/clips"
"""First parts of the addresses of recordings."""
MOST_FILES = 200
router = APIRouter(prefix="/gpt_sovits/datasets", tags=["training"])
Service = Annotated[DatasetService, Depends(provided(DatasetService))]
Name = Annotated[str, Field(min_length=1, max_length=100, description="Its name."), BeforeValidator(with_slashes)]
ListPath = Annotated[str, Query(min_length=1, max_length=1000, description="The list, relative to the dataset.")]


def _url(urls: Urls, name: str, path: str) -> str:
    return urls.file(*CLIPS.split("/"), name, *path.split("/"))


def _values(service: DatasetService, found: Dataset) -> dict[str, object]:
    return {
        "name": found.name,
        "recordings": len(found.recordings),
        "lists": list(found.lists),
        "size": found.size,
        "path": service.path_of(found.name),
        "modified_at": int(found.modified_at),
    }


@router.get("", summary="List datasets", responses=failures())
def list_datasets(service: Service, paging: Paging) -> Envelope[Page[DatasetEntry]]:
    """Return one page of the datasets, the newest first."""
    names = service.datasets.names()
    shown = names[paging.offset : paging.offset + paging.page_size]
    entries = [DatasetEntry.model_validate(_values(service, service.datasets.read(name))) for name in shown]
    return success(paging.of(entries, len(names)))


@router.get("/{name}", summary="Show a dataset", responses=failures(400, 404))
def show(name: Name, service: Service) -> Envelope[DatasetDetail]:
    """Return a dataset with its folders and lists."""
    found = service.datasets.read(name)
    counted: dict[str, int] = {}
    for recording in found.recordings:
        folder = recording.path.rpartition("/")[0]
        counted[folder] = counted.get(folder, 0) + 1
    folders = [FolderEntry(path=service.path_of(name, folder), recordings=number) for folder, number in counted.items()]
    return success(DatasetDetail.model_validate({**_values(service, found), "folders": folders}))


@router.delete("/{name}", summary="Remove a dataset", responses=failures(400, 404))
def remove(name: Name, service: Service) -> Envelope[Removed]:
    """Remove a dataset with everything in it."""
    service.datasets.remove(name)
    return success(Removed(removed=True))


@router.post("/{name}/recordings", summary="Upload recordings", responses=failures(400, 404, 409, 413, 507))
def upload(
    name: Name,
    service: Service,
    files: Annotated[list[UploadFile], File(description="Recordings, any common format.")],
) -> Envelope[Uploaded]:
    """Add recordings to a dataset, which is made where there is none. A name that is taken gets a number."""
    if len(files) > MOST_FILES:
        raise ParameterError("recordings_too_many", found=len(files), limit=MOST_FILES)
    paths = [service.datasets.add(name, file.filename or "", file.file) for file in files]
    return success(Uploaded(dataset=name, paths=paths, path=service.path_of(name, RAW)))


@router.get("/{name}/recordings", summary="List recordings", responses=failures(400, 404))
def recordings(
    name: Name,
    service: Service,
    paging: Paging,
    urls: RequestUrls,
    folder: Annotated[str | None, Query(max_length=1000, description="Only of this folder of the dataset.")] = None,
) -> Envelope[Page[RecordingEntry]]:
    """Return one page of a dataset's recordings, by path."""
    found = service.datasets.read(name).recordings
    if folder is not None:
        found = tuple(each for each in found if each.path.rpartition("/")[0] == folder.strip("/"))
    shown = found[paging.offset : paging.offset + paging.page_size]
    entries = [
        RecordingEntry(
            path=each.path, size=each.size, modified_at=int(each.modified_at), url=_url(urls, name, each.path)
        )
        for each in shown
    ]
    return success(paging.of(entries, len(found)))


@router.delete("/{name}/recordings", summary="Remove a recording", responses=failures(400, 404))
def remove_recording(
    name: Name,
    service: Service,
    path: Annotated[str, Query(min_length=1, max_length=1000, description="Relative to the dataset.")],
) -> Envelope[Removed]:
    """Remove one recording."""
    service.datasets.remove_recording(name, path)
    return success(Removed(removed=True))


@router.get("/{name}/list", summary="Read a list", responses=failures(400, 404, 413))
def read_list(
    name: Name,
    service: Service,
    urls: RequestUrls,
    path: ListPath,
    offset: Annotated[int, Query(ge=0, le=10_000_000, description="Place of the first line wanted.")] = 0,
    limit: Annotated[int, Query(ge=1, le=500, description="Lines wanted.")] = 100,
) -> Envelope[ListPage]:
    """Lines of a list, with where each recording can be played, its length, and what to look at."""
    labels, shown = service.read(name, path, offset, limit)
    lines = [_line(offset + number, each, name, urls) for number, each in enumerate(shown)]
    return success(ListPage(path=path, revision=labels.revision, total=len(labels.lines), offset=offset, lines=lines))


def _line(index: int, shown: Shown, name: str, urls: Urls) -> LineEntry:
    line = shown.line
    return LineEntry(
        index=index,
        path=line.path,
        speaker=line.speaker,
        language=line.language,
        text=line.text,
        wrong=line.wrong,
        url=None if shown.recording is None else _url(urls, name, shown.recording),
        seconds=shown.seconds,
        warnings=list(shown.warnings),
    )


@router.patch("/{name}/list", summary="Change lines of a list", responses=failures(400, 404, 409, 413, 507))
def change_list(name: Name, service: Service, path: ListPath, body: ListChanges) -> Envelope[Revised]:
    """Edit, merge, split, delete lines: all of it or nothing. With a revision that is not the newest: 409.

    Merged and split recordings are new files beside the old ones, which stay.
    """
    labels = service.change(name, path, body.revision, [each.value() for each in body.changes])
    return success(Revised(path=path, revision=labels.revision, total=len(labels.lines)))


@router.put("/{name}/list", summary="Write a list", responses=failures(400, 404, 409, 413, 507))
def write_list(name: Name, service: Service, path: ListPath, body: WholeList) -> Envelope[Revised]:
    """Write a list anew, or make one."""
    labels = service.write(name, path, body.revision, [each.value() for each in body.lines])
    return success(Revised(path=path, revision=labels.revision, total=len(labels.lines)))
