"""What training knows of a job besides what the queue knows, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import ColumnElement

from service.jobs.records import CANCELLED, Job, NewJob, Status
from service.training.models import TrainingRow
from service.training.names import JobName


@dataclass(frozen=True)
class TrainingFacts:
    """The facts of a job of these kinds.

    Attributes:
        session_id: The session that it belongs to.
        exp_name: The experiment that it works on; None for recordings.
        started_at: Unix seconds of its first attempt's beginning.
        ended_at: Unix seconds of its good end.
        reached: How far it certainly is: files finished, or epochs; an attempt that gets further counts as progress.
        progress: The latest of what its process told: done, total, file, epoch, losses, speed, seconds left.
        problems: How many files were left out.
    """

    session_id: str
    exp_name: str | None = None
    started_at: float | None = None
    ended_at: float | None = None
    reached: int = 0
    progress: Mapping[str, Any] = field(default_factory=dict)
    problems: int = 0


def facts_of(row: TrainingRow | None) -> TrainingFacts:
    """Return a side row as a value."""
    if row is None:
        return TrainingFacts("")
    return TrainingFacts(
        row.session_id, row.exp_name, row.started_at, row.ended_at, row.reached, dict(row.progress), row.problems
    )


def first_row(new: NewJob) -> TrainingRow:
    """Return the side row of a new job; a step of a one-click training has its session's."""
    name = JobName.of(new.job_id)
    session_id = name.session_id if name is not None else str(new.request.get("session_id", ""))
    return TrainingRow(session_id=session_id, exp_name=new.request.get("exp_name"), progress={})


def training(job: Job) -> TrainingFacts:
    """Return what is known of a job of these kinds besides."""
    return cast(TrainingFacts, job.facts)


def of_session(session_id: str) -> ColumnElement[bool]:
    """Return the condition of a session's jobs."""
    return TrainingRow.session_id == session_id


def state_of(job: Job) -> str:
    """Return how clients see where a job stands: wait, run, paused, done, cancelled or error."""
    if job.paused:
        return "paused"
    if job.status is Status.ERROR and job.error_said and job.error_said.get("code") == CANCELLED:
        return CANCELLED
    return job.status.value
