"""Tasks as answers: with addresses of their results, written once for all who ask."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.types import Scope

from service.container import Container
from service.http.segments import with_slashes
from service.http.shortcuts import Prepared
from service.http.urls import Urls, urls_at
from service.identifiers import disk_name
from service.jobs.records import Job, Status
from service.speech.entries import entry_of
from service.speech.records import Segment, speech
from service.tasks.schemas import SegmentEntry
from service.tasks.service import TaskService, View

_REMEMBERED = 4096
_BEFORE, _AFTER = b'{"code":0,"message":"","data":', b"}"


def _result(task: Job, urls: Urls) -> str:
    """Return the address of a result as old clients want it: they put it behind the service's own."""
    return urls.relative_file("done", f"{disk_name(task.job_id)}.wav")


def entry_with(urls: Urls) -> Callable[[View], dict[str, Any]]:
    """Return the function that shows tasks to the client of these addresses."""

    def entry(view: View) -> dict[str, Any]:
        task = view.task
        shown = entry_of(task, position=view.position, eta_seconds=view.eta_seconds)
        if task.status is Status.DONE:
            shown["result_url"] = _result(task, urls)
        return shown

    return entry


@dataclass(frozen=True)
class Written:
    """An entry as JSON, and a tag by which a client knows it again."""

    entry: bytes
    tag: bytes


class Entries:
    """Writes entries, each state of a task once for each address under which the service is asked."""

    def __init__(self) -> None:
        self._written: OrderedDict[tuple[str, str], tuple[Job, tuple[object, ...], Written]] = OrderedDict()

    def written(self, view: View, urls: Urls) -> Written:
        """Return a task's entry."""
        task, key = view.task, (view.task.job_id, urls.base)
        eta = None if view.eta_seconds is None else round(view.eta_seconds, 1)
        result = _result(task, urls) if task.status is Status.DONE else None
        known = self._written.get(key)
        # The same object, not an equal one: comparing texts would cost what is saved.
        if known is not None and known[0] is task and known[1] == (view.position, eta, result):
            return known[2]
        text = json.dumps(entry_with(urls)(view), ensure_ascii=False, separators=(",", ":"))
        entry = text.encode("utf-8", "replace")
        tag = b'"' + hashlib.blake2b(entry, digest_size=12).hexdigest().encode() + b'"'
        self._written[key] = task, (view.position, eta, result), Written(entry, tag)
        self._written.move_to_end(key)
        if len(self._written) > _REMEMBERED:
            self._written.popitem(last=False)
        return self._written[key][2]

    def for_stream(self, urls: Urls) -> Callable[[View], bytes]:
        """Return the function that writes tasks for the client of these addresses."""
        return lambda view: self.written(view, urls).entry

    def answer(self, view: View, urls: Urls, known_tag: bytes = b"") -> Prepared:
        """Return the answer about one task: 304 to who has it already."""
        written = self.written(view, urls)
        headers = ((b"etag", written.tag),)
        if known_tag and written.tag in known_tag:
            return Prepared(b"", headers, 304)
        return Prepared(_BEFORE + written.entry + _AFTER, headers)


def known_tag(scope: Scope) -> bytes:
    """Return the tags that a client has."""
    return next((value for name, value in scope["headers"] if name == b"if-none-match"), b"")


async def poll(scope: Scope, task_id: str) -> Prepared | None:
    """Answer ``GET /voice-tasks/{task_id}`` without the database, where the task is known (see :mod:`.cache`)."""
    container: Container = scope["app"].state.container
    tasks = container.get(TaskService)
    task = tasks.cache.get(with_slashes(task_id))
    if task is None:
        return None
    return container.get(Entries).answer(await tasks.view(task), urls_at(scope), known_tag(scope))


def segment_entries(task: Job, segments: list[Segment], urls: Urls) -> list[SegmentEntry]:
    """Return a task's segments for clients; times are those of the whole result."""
    shown, frames, rate = [], 0, speech(task).sample_rate
    for segment in segments:
        offset = frames / rate if rate else 0.0
        url = urls.page_of("voice-tasks", task.job_id, "segments", str(segment.index), "audio")
        shown.append(SegmentEntry.of(segment, offset, rate, url))
        frames += segment.frames or 0
    return shown
