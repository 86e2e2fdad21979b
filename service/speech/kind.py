"""Speech, as the queue sees a kind of job."""

from __future__ import annotations

import logging
from typing import Any, Protocol

from sqlalchemy import select

from GPT_SoVITS.engine.interface import Engine
from GPT_SoVITS.engine.messages import EngineState, Progress, SynthesisRequest
from service.bus import ChangeBus
from service.jobs.errors import JobConflictError
from service.jobs.estimate import SpeedMeter
from service.jobs.kinds import Need, Result, SideTable
from service.jobs.models import JobRow
from service.jobs.records import Change, EventType, Job, Lease, NewJob
from service.jobs.running import Run
from service.jobs.transactions import Sessions
from service.speech.entries import entry_of
from service.speech.file_repair import SpeechFiles
from service.speech.files import TaskFiles
from service.speech.metrics import TaskMetrics
from service.speech.models import SpeechRow
from service.speech.pinning import Pinning
from service.speech.records import KIND, NOUN, facts_of, first_row
from service.speech.segments import SegmentStore
from service.speech.speaking import Speaking

logger = logging.getLogger(__name__)


class Requests(Protocol):
    """What the fields of a task mean. Both methods block."""

    def check(self, new: NewJob) -> NewJob:
        """Return a new task with the number of its segments, as far as known; raises what is wrong with its fields."""

    def make(self, job: Job) -> SynthesisRequest:
        """Return what the engine is asked; raises what is wrong with the task's fields."""


class SpeechKind:
    """Speech as a :class:`service.jobs.running.WorkingKind`.

    Args:
        engine: Speaks.
        folders: Where files lie.
        requests: Know what fields mean.
        reading: Opens a session for reading.
        bus: For progress between segments, which is announced and not kept.
        metrics: Count what happens.
        parallel: Tasks in the engine at once; they share its batches.
        files: What the queue asks of the files; None where all processes share the folders.
    """

    name, noun = KIND, NOUN
    side = SideTable(SpeechRow, first_row, facts_of)

    def __init__(
        self,
        *,
        engine: Engine,
        folders: TaskFiles,
        requests: Requests,
        reading: Sessions,
        bus: ChangeBus,
        metrics: TaskMetrics | None = None,
        parallel: int = 8,
        files: SpeechFiles | None = None,
    ) -> None:
        self.need = Need(device=True, parallel=parallel)
        self.files = files or SpeechFiles(folders)
        self.meter = SpeedMeter()
        self.requests, self._engine, self._reading = requests, engine, reading
        self._bus, self._metrics = bus, metrics
        self._pinning = Pinning(folders, requests.make)

    def validate(self, new: NewJob) -> NewJob:
        """Check the fields, and that the result would take nobody's place.

        Raises:
            ParameterError, MissingError: the fields, or what they name.
            JobConflictError: a result of that name belongs to no task.
        """
        if self.files.folders.outputs.wav(new.user_id, new.job_id).exists() and not self._is_task(new):
            raise JobConflictError("result_name_taken", job_id=new.job_id)
        return self.requests.check(new)

    def _is_task(self, new: NewJob) -> bool:
        """Whether the user's result of that name is a task's, whose place the new one would take."""
        with self._reading() as session:
            mine = (JobRow.job_id == new.job_id, JobRow.user_id == new.user_id)
            return session.scalar(select(JobRow.key).where(*mine)) is not None

    def describe(self, job: Job) -> dict[str, Any]:
        """Return the entry of the contract."""
        return entry_of(job)

    def announced(self, change: Change) -> None:
        """Count a change and write it to the task's log."""
        if self._metrics is not None:
            self._metrics.count(change)
        event, job = change.event, change.job
        if event.type == EventType.REMOVED.value or job is None:
            return
        detail = " ".join(f"{name}={value}" for name, value in event.detail.items() if name not in ("code", "params"))
        try:
            self.files.folders.append_log(event.job_id, job.created_at, event.at, event.type, detail)
        except OSError as error:
            logger.warning("the log of task %s cannot be written: %s", event.job_id, error)

    def ready(self) -> bool:
        """Whether the engine can speak now."""
        return self._engine.status().state is EngineState.READY

    async def run(self, lease: Lease, run: Run) -> Result:
        """Speak what is missing of a task."""
        speaking = Speaking(
            lease,
            run,
            engine=self._engine,
            segments=SegmentStore(run.jobs, self._reading, self.files),
            pinning=self._pinning,
            progress=self._tell_progress,
            meter=self.meter,
        )
        return await speaking.result()

    def _tell_progress(self, task_id: str, progress: Progress) -> None:
        self._bus.publish("progress", task_id, progress)
