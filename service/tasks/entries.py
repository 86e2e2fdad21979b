"""A task as clients see it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from service.tasks.records import Status, Task


def result_path(task: Task) -> str | None:
    """Return the path of a task's result below the server's address, None while there is none."""
    return f"/done/{quote(task.task_id)}.wav" if task.status is Status.DONE else None


def entry_of(
    task: Task,
    *,
    base_url: str = "",
    position: int | None = None,
    eta_seconds: float | None = None,
) -> dict[str, Any]:
    """Return the entry of the contract.

    Args:
        task: The task.
        base_url: Address before paths, without a slash at its end; "" leaves paths relative (files on disk do not
            know under which address they are read).
        position: Place in the queue, 1 is next; for waiting tasks.
        eta_seconds: Seconds until it is finished, where that can be known.
    """
    path = result_path(task)
    return {
        **task.request,
        "task_id": task.task_id,
        "user_id": task.user_id,
        "status": task.status.value,
        "progress": task.progress,
        "segments_done": task.segments_done,
        "total_segments": task.total_segments,
        "position": position if task.status is Status.WAIT else None,
        "eta_seconds": None if eta_seconds is None or task.ended else round(eta_seconds, 1),
        "created_at": int(task.created_at),
        "updated_at": int(task.updated_at),
        "result_url": None if path is None else base_url + path,
        "error": task.error,
        "audio_seconds": task.audio_seconds,
        "attempts": task.attempts,
        "version": task.version,
        "used_seed": task.seed,
    }
