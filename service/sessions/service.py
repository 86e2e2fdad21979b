"""Sessions for their callers: asynchronous, knows nothing of HTTP, never blocks the event loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from service.bus import ChangeBus
from service.jobs.bells import Bell
from service.jobs.errors import JobConflictError
from service.jobs.manager import JobManager
from service.jobs.records import Job, Status
from service.threads import Offload
from service.training.entries import entry_of
from service.training.logs import Logs
from service.training.names import GPT, NOUN, SOVITS
from service.training.places import Places
from service.training.reading import TrainingReader, Wanted
from service.training.records import state_of, training
from service.training.store import ARTEFACT, PROBLEM, TrainingStore
from service.training.submitting import TrainingJobs

LOG_LINES, MOST_SHOWN = 40, 200


class TrainingSessions:
    """Used on one event loop.

    Args:
        jobs: The queue.
        trainings: Accepts jobs.
        reader: Finds them.
        store: Has what they told.
        logs: Has what they said.
        places: Where data lie.
        bell: Wakes workers.
        bus: Announces changes.
        offload: Runs blocking work in a thread.
        limit: Waiting jobs that a user may have.
    """

    def __init__(
        self,
        *,
        jobs: JobManager,
        trainings: TrainingJobs,
        reader: TrainingReader,
        store: TrainingStore,
        logs: Logs,
        places: Places,
        bell: Bell,
        bus: ChangeBus,
        offload: Offload,
        limit: int,
    ) -> None:
        self.bus, self.logs = bus, logs
        self._jobs, self._trainings, self._reader, self._store = jobs, trainings, reader, store
        self._places, self._bell, self._offload, self._limit = places, bell, offload, limit

    async def submit(self, kind: str, fields: Mapping[str, Any]) -> Job:
        """Accept a job; see :meth:`service.training.submitting.TrainingJobs.submit`."""
        job: Job = await self._offload(self._trainings.submit, kind, fields)
        self._bell.ring()
        return job

    # --- finding ---

    async def page(self, wanted: Wanted, page: int, page_size: int) -> tuple[list[dict[str, Any]], int]:
        """Return one page of jobs, newest first, and how many there are."""
        jobs, total = await self._offload(self._reader.page, wanted, page, page_size)
        return [entry_of(job) for job in jobs], total

    async def entry(self, session_id: str) -> dict[str, Any]:
        """Return a session with everything that is known of it.

        Raises:
            JobMissingError: there is none.
        """
        found: dict[str, Any] = await self._offload(self._entry, session_id)
        return found

    def _entry(self, session_id: str) -> dict[str, Any]:
        jobs = self._reader.session(session_id)
        newest, steps = _newest(jobs), _latest(jobs)
        spoken = _under_way(steps)
        trained = [job for job in steps if job.kind in (SOVITS, GPT) and training(job).progress.get("losses")]
        latest = max(trained, key=lambda job: job.updated_at, default=None)
        return {
            "session_id": session_id,
            "user_id": newest.user_id,
            "exp_name": next((name for job in jobs if (name := training(job).exp_name)), None),
            "kind": newest.kind,
            "state": _state(newest, [job for job in steps if job.parent == newest.key]),
            "progress": newest.progress,
            "steps": [entry_of(job) for job in steps],
            "losses": {} if latest is None else training(latest).progress["losses"],
            "log": self.logs.tail(spoken.job_id, LOG_LINES),
            "artefacts": self._notes(steps, ARTEFACT),
            "problems": self._notes(steps, PROBLEM),
            "created_at": int(min(job.created_at for job in jobs)),
            "updated_at": int(max(job.updated_at for job in jobs)),
            "error": newest.error,
            "error_said": newest.error_said,
        }

    def _notes(self, steps: Sequence[Job], type: str) -> list[dict[str, Any]]:
        named = "job" if type == ARTEFACT else "kind"
        notes = [
            {**note, "path": self._places.named(note["path"]), named: job.kind}
            for job in steps
            for note in self._store.notes(job.key, type, MOST_SHOWN)
        ]
        return notes[-MOST_SHOWN:]

    async def job(self, session_id: str, kind: str | None) -> Job:
        """Return the latest job of a kind in a session; None takes the step under way, or the latest one.

        Raises:
            JobMissingError: there is none.
        """
        return await self._chosen(session_id, kind, lambda jobs: _under_way(_latest(jobs)))

    async def _chosen(self, session_id: str, kind: str | None, otherwise: Callable[[Sequence[Job]], Job]) -> Job:
        jobs: list[Job] = await self._offload(self._reader.session, session_id)
        if kind is None:
            return otherwise(jobs)
        return next((job for job in jobs if job.kind == kind), None) or self._jobs.reader.find(kind, session_id)

    async def whole_log(self, job: Job) -> bytes:
        """Return all that is kept of a job's log."""
        found: bytes = await self._offload(self.logs.whole, job.job_id)
        return found

    async def metrics(self, session_id: str, kind: str, after: int) -> dict[str, Any]:
        """Return what the latest training of a kind measured after a step.

        Raises:
            JobMissingError: there is none.
        """
        job = await self._chosen(session_id, kind, lambda jobs: jobs[0])
        return {"kind": kind, "job_id": job.job_id, "points": await self._offload(self._store.points, job.key, after)}

    # --- changing ---

    async def cancel(self, session_id: str) -> dict[str, Any]:
        """End what has not ended of a session, and return it.

        Raises:
            JobMissingError: there is none.
            JobConflictError: all has ended.
        """
        for job in await self._open_jobs(session_id):
            await self._offload(self._jobs.endings.cancel, job.kind, job.job_id)
        return await self.entry(session_id)

    async def pause(self, session_id: str) -> dict[str, Any]:
        """Let what has not ended of a session wait until it is resumed, and return it.

        Raises:
            JobMissingError, JobConflictError: as :meth:`cancel`.
        """
        for job in await self._open_jobs(session_id):
            await self._offload(self._jobs.pausing.pause, job.kind, job.job_id)
        return await self.entry(session_id)

    async def resume(self, session_id: str) -> dict[str, Any]:
        """Let what is paused of a session go on; without that, its newest job where it ended in an error.

        Raises:
            JobMissingError: there is none.
            JobConflictError: nothing is paused, and the newest job did not end in an error.
            TooManyJobsError: its user has as many waiting jobs as may be.
        """
        jobs: list[Job] = await self._offload(self._reader.session, session_id)
        paused = [job for job in jobs if job.parent is None and job.paused]
        for job in paused:
            await self._offload(self._jobs.pausing.resume, job.kind, job.job_id)
        if not paused:
            newest = _newest(jobs)
            await self._offload(self._jobs.admission.retry, newest.kind, newest.job_id, self._limit)
        self._bell.ring()
        return await self.entry(session_id)

    async def remove(self, session_id: str) -> None:
        """Remove a session's jobs with their logs, cancelling what has not ended; what they made stays.

        Raises:
            JobMissingError: there is none.
        """
        jobs: list[Job] = await self._offload(self._reader.session, session_id)
        for job in jobs:
            if job.parent is None:
                await self._offload(self._jobs.endings.remove, job.kind, job.job_id)

    async def _open_jobs(self, session_id: str) -> list[Job]:
        jobs: list[Job] = await self._offload(self._reader.session, session_id)
        found = [job for job in jobs if job.parent is None and not job.ended]
        if not found:
            raise JobConflictError("job_ended", noun=NOUN, job_id=session_id, status=jobs[0].status.value)
        return found


def _newest(jobs: Sequence[Job]) -> Job:
    """Return the newest job that is no step."""
    return next(job for job in jobs if job.parent is None)


def _latest(jobs: Sequence[Job]) -> list[Job]:
    """Return of each kind the latest run that does something, in the order in which they were accepted."""
    found: dict[str, Job] = {}
    for job in jobs:
        if not job.composed:
            found.setdefault(job.kind, job)
    return sorted(found.values(), key=lambda job: job.key)


def _under_way(steps: Sequence[Job]) -> Job:
    """Return the step that runs; else the one that something happened to last."""
    running = [job for job in steps if job.status is Status.RUN]
    began = [job for job in steps if training(job).started_at]
    return (running or [max(began or steps, key=lambda job: job.updated_at)])[0]


def _state(newest: Job, steps: Sequence[Job]) -> str:
    """Return where a job stands; one that consists of steps runs while one of them does, and between them."""
    if newest.composed and not newest.ended and not newest.paused:
        begun = any(job.status is Status.RUN or job.ended for job in steps)
        return Status.RUN.value if begun else Status.WAIT.value
    return state_of(newest)
