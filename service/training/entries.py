"""A job of training as clients see it."""

from __future__ import annotations

from typing import Any

from service.jobs.records import Job
from service.training.names import JobName
from service.training.records import state_of, training


def entry_of(job: Job) -> dict[str, Any]:
    """Return what the job's row and its side row tell; plain JSON values."""
    facts, name = training(job), JobName.of(job.job_id)
    told = facts.progress
    return {
        "job_id": job.job_id,
        "session_id": facts.session_id,
        "user_id": job.user_id,
        "kind": job.kind,
        "step": name.step if name is not None else "",
        "exp_name": facts.exp_name,
        "version": job.request.get("version") or None,
        "state": state_of(job),
        "progress": job.progress,
        "done": job.steps_done,
        "total": job.steps_total,
        "file": told.get("file") or None,
        "epoch": told.get("epoch"),
        "epochs": told.get("epochs"),
        "losses": told.get("losses") or {},
        "learning_rate": told.get("learning_rate"),
        "gradient_norm": told.get("gradient_norm"),
        "steps_per_second": told.get("steps_per_second"),
        "seconds_left": None if job.ended else told.get("seconds_left"),
        "skipped": told.get("skipped") or {},
        "problems": facts.problems,
        "attempts": job.attempts,
        "created_at": int(job.created_at),
        "updated_at": int(job.updated_at),
        "started_at": None if facts.started_at is None else int(facts.started_at),
        "error": job.error,
        "error_said": job.error_said,
    }
