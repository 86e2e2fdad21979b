"""What training keeps on disk for its jobs beside what they make: their logs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from service.identifiers import named_by
from service.jobs.kinds import NoFiles
from service.jobs.records import Job
from service.training.logs import Logs


class TrainingFiles(NoFiles):
    """Logs go with their jobs. Datasets, training folders and weights are the user's, and stay.

    Args:
        logs: Of all jobs.
    """

    def __init__(self, logs: Logs) -> None:
        self._logs = logs

    def drop(self, job: Job) -> None:
        """Remove a job's log."""
        self._logs.drop(job.job_id)

    def leave(self, job: Job, user_id: str) -> None:
        """Remove the log of a job whose name another has now."""
        self._logs.drop(job.job_id)

    def expire(self, existing: Callable[[Sequence[str]], set[str]], before: float) -> int:
        """Remove old logs of jobs that are gone; return how many files."""
        ids = [job_id for name in self._logs.job_names() if (job_id := named_by(name)) is not None]
        return self._logs.expire(before, existing(ids))
