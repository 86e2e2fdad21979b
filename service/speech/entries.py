"""A job of this kind as clients see it: a task."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from service.identifiers import disk_name
from service.jobs.records import Job, Status
from service.speech.records import speech


def result_path(job: Job) -> str | None:
    """Return the path of a task's result below the server's address, None while there is none."""
    return f"/done/{quote(disk_name(job.job_id), safe='')}.wav" if job.status is Status.DONE else None


def entry_of(job: Job, *, position: int | None = None, eta_seconds: float | None = None) -> dict[str, Any]:
    """Return the entry of the contract; paths in it are relative, since nobody knows here where it is read.

    Args:
        job: The task.
        position: Place in the queue, 1 is next; for waiting tasks.
        eta_seconds: Seconds until it is finished, where that can be known.
    """
    facts = speech(job)
    return {
        **job.request,
        "task_id": job.job_id,
        "user_id": job.user_id,
        "status": job.status.value,
        "progress": job.progress,
        "segments_done": job.steps_done,
        "total_segments": job.steps_total,
        "position": position if job.status is Status.WAIT else None,
        "eta_seconds": None if eta_seconds is None or job.ended else round(eta_seconds, 1),
        "created_at": int(job.created_at),
        "updated_at": int(job.updated_at),
        "result_url": result_path(job),
        "error": job.error,
        "error_said": job.error_said,
        "audio_seconds": facts.audio_seconds,
        "attempts": job.attempts,
        "version": facts.version,
        "used_seed": facts.seed,
    }
