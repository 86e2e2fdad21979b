"""Accepting trainings, from routes and from messages alike: one function for every kind and its fields."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select

from service.errors import ConflictError, ParameterError
from service.jobs.manager import JobManager
from service.jobs.models import JobRow
from service.jobs.reader import Choice
from service.jobs.records import Job, NewJob, NewStep, Status, canonical_hash
from service.jobs.transactions import Sessions
from service.training.commands import Commands
from service.training.fields import (
    AsrRequest,
    DenoiseRequest,
    FormatRequest,
    GptRequest,
    OneClickRequest,
    SliceRequest,
    SovitsRequest,
    TrainingFields,
    Uvr5Request,
)
from service.training.models import TrainingRow
from service.training.names import (
    ASR,
    DENOISE,
    FORMAT,
    GPT,
    LONGEST_RUN,
    ONE_CLICK,
    SLICE,
    SOVITS,
    UVR5,
    JobName,
    checked_file_name,
    checked_identifier,
)
from service.training.one_click import steps_of
from service.training.records import of_session

REQUESTS: Mapping[str, type[TrainingFields]] = {
    SLICE: SliceRequest,
    DENOISE: DenoiseRequest,
    ASR: AsrRequest,
    FORMAT: FormatRequest,
    SOVITS: SovitsRequest,
    GPT: GptRequest,
    ONE_CLICK: OneClickRequest,
    UVR5: Uvr5Request,
}
"""Kind -> its fields."""
_MOST_RUNS = 1000


class TrainingJobs:
    """Every method blocks: call it off the event loop.

    Args:
        jobs: The queue.
        reading: Opens a session for reading.
        commands: Knows where steps write.
        limit: Waiting jobs of a kind that a user may have.
    """

    def __init__(self, jobs: JobManager, reading: Sessions, commands: Commands, limit: int) -> None:
        self._jobs, self._reading, self._commands, self._limit = jobs, reading, commands, limit

    def submit(self, kind: str, fields: Mapping[str, Any], mark: str | None = None) -> Job:
        """Accept a job; it is on disk when this returns.

        The same again is the same job while that has not ended, and lets it go on where it ended in an error. After a
        good end it is a new one.

        Args:
            kind: One of :data:`REQUESTS`.
            fields: As its client sent them.
            mark: Names the run, 1 to 12 of the characters 0-9 a-z: the same mark is the same job for ever. Messages
                have one; without a mark runs are counted.

        Raises:
            ParameterError: a field is missing or wrong, or a path lies outside the allowed folders.
            MissingError: something that the job reads is not there.
            JobConflictError: another job of the kind is under way in the session.
            ConflictError: the experiment belongs to another user.
            TooManyJobsError, StorageFullError: as the queue.
        """
        request = self._request(kind, fields)
        if mark is not None:
            return self._jobs.admission.accept(self._new(kind, request, mark), self._limit)[0]
        return self._accepted(kind, request)

    def reader(self, kind: str) -> Callable[[Mapping[str, Any], str], NewJob]:
        """Return what makes a new job of a message's fields and a name for it; raises as :meth:`submit`."""

        def make(fields: Mapping[str, Any], name: str) -> NewJob:
            mark = hashlib.sha256(name.encode()).hexdigest()[:LONGEST_RUN]
            return self._new(kind, self._request(kind, fields), mark)

        return make

    def _request(self, kind: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return a kind's fields, checked, defaults filled in."""
        request = validated(kind, fields).model_dump()
        session_id = checked_identifier("session_id", request["session_id"])
        request["user_id"] = checked_identifier("user_id", request["user_id"] or session_id)
        if "exp_name" in request:
            checked_file_name("exp_name", request["exp_name"])
            self._check_owner(request["exp_name"], request["user_id"])
        return request

    def _new(self, kind: str, request: dict[str, Any], run: str) -> NewJob:
        steps: tuple[NewStep, ...] = steps_of(request, self._commands.places) if kind == ONE_CLICK else ()
        name = JobName(request["session_id"], kind, run)
        return NewJob(kind, str(name), request["user_id"], request, steps=steps, body_hash=canonical_hash(request))

    def _accepted(self, kind: str, request: dict[str, Any]) -> Job:
        body_hash = canonical_hash(request)
        runs = self.runs(request["session_id"], kind)
        latest = runs[0] if runs else None
        if latest is not None and latest.status is Status.ERROR and latest.body_hash == body_hash:
            return self._jobs.admission.retry(kind, latest.job_id, self._limit)
        if latest is not None and latest.paused and latest.body_hash == body_hash:
            return self._jobs.pausing.resume(kind, latest.job_id)
        return self._jobs.admission.accept(self._new(kind, request, _next_run(latest)), self._limit)[0]

    def runs(self, session_id: str, kind: str) -> list[Job]:
        """Return the jobs of a kind in a session, newest first; without those that are steps of a one-click one."""
        choice = Choice(where=of_session(session_id) & JobRow.parent.is_(None))
        return self._jobs.reader.page(kind, choice, 1, _MOST_RUNS)[0]

    def _check_owner(self, exp_name: str, user_id: str) -> None:
        """Refuse an experiment whose name another user has: two would train in one folder."""
        with self._reading() as session:
            others = (TrainingRow.exp_name == exp_name, JobRow.user_id != user_id, JobRow.removed.is_(False))
            found = session.scalar(select(JobRow.key).join(TrainingRow, TrainingRow.key == JobRow.key).where(*others))
        if found is not None:
            raise ConflictError("experiment_taken", name=exp_name)


def validated(kind: str, fields: Mapping[str, Any]) -> TrainingFields:
    """Return a kind's fields, defaults filled in.

    Raises:
        ParameterError: one is missing or wrong.
    """
    try:
        return REQUESTS[kind].model_validate(fields)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(str(p) for p in each['loc'])}: {each['msg']}" for each in error.errors()[:5])
        raise ParameterError("fields_wrong", detail=wrong) from None


def _next_run(latest: Job | None) -> str:
    """Return the number of the next run; that of the latest one while it has not ended."""
    name = JobName.of(latest.job_id) if latest is not None else None
    if latest is None or name is None:
        return "1"
    if not latest.ended:
        return name.run
    return str(int(name.run) + 1) if name.run.isdigit() else "1"
