"""Tasks as answers: with absolute addresses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from service.http.urls import Urls
from service.tasks.entries import entry_of
from service.tasks.records import Segment, Status, Task
from service.tasks.schemas import SegmentEntry
from service.tasks.service import View


def entry_with(urls: Urls) -> Callable[[View], dict[str, Any]]:
    """Return the function that shows tasks to the client of these addresses."""

    def entry(view: View) -> dict[str, Any]:
        task = view.task
        shown = entry_of(task, position=view.position, eta_seconds=view.eta_seconds)
        if task.status is Status.DONE:
            shown["result_url"] = urls.file("done", f"{task.task_id}.wav")
        return shown

    return entry


def segment_entries(task: Task, segments: list[Segment], urls: Urls) -> list[SegmentEntry]:
    """Return a task's segments for clients; times are those of the whole result."""
    shown, frames = [], 0
    for segment in segments:
        offset = frames / task.sample_rate if task.sample_rate else 0.0
        url = urls.page(f"/voice-tasks/{task.task_id}/segments/{segment.index}/audio")
        shown.append(SegmentEntry.of(segment, offset, task.sample_rate, url))
        frames += segment.frames or 0
    return shown
