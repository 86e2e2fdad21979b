"""Training, as the queue sees kinds of jobs: one for each step, and one that consists of steps."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from service.jobs.kinds import Need, Result, SideTable
from service.jobs.records import Change, Job, Lease, NewJob
from service.jobs.running import Run
from service.jobs.transactions import Sessions
from service.training.commands import INPUTS, Commands
from service.training.entries import entry_of
from service.training.files import TrainingFiles
from service.training.logs import Logs
from service.training.models import TrainingRow
from service.training.names import NOUN, ONE_CLICK
from service.training.process import Command
from service.training.records import facts_of, first_row
from service.training.running import Patience, Running
from service.training.store import TrainingStore

logger = logging.getLogger(__name__)

TOGETHER = "training"
LOCK_FILE = ".step.lock"
"""In the folder that a step writes; held by its process."""


@dataclass(frozen=True)
class Workshop:
    """What all steps share.

    Attributes:
        commands: Composes what is run.
        logs: Of all jobs.
        reading: Opens a session for reading.
        folder: Steps run there.
        turns: Whether steps take turns on the device with speech; asked again and again.
        parallel: Steps under way at once in a worker.
        niceness: Added to the worker's.
        variables: Of the steps' environment.
        patience: How long a step may take to end.
    """

    commands: Commands
    logs: Logs
    reading: Sessions
    folder: Path
    turns: Callable[[], bool]
    parallel: int = 1
    niceness: int = 15
    variables: Mapping[str, str] | None = None
    patience: Patience = field(default_factory=Patience)

    def command(self, kind: str, job: Job) -> Command:
        """Return what a job runs; its folder is made. Blocks.

        Raises:
            ServiceError: something that it reads is not there, or not allowed.
        """
        step = self.commands.step(kind, job.request)
        step.folder.mkdir(parents=True, exist_ok=True)
        for path in step.links:
            inputs = step.folder / INPUTS
            inputs.mkdir(exist_ok=True)
            link = inputs / path.name
            link.unlink(missing_ok=True)
            link.symlink_to(path)
        return Command(step.argv, step.folder / LOCK_FILE, self.folder, self.niceness, self.variables or {})


class _Kind:
    """What is common to all kinds of training."""

    noun = NOUN
    side = SideTable(TrainingRow, first_row, facts_of)

    def __init__(self, name: str, workshop: Workshop) -> None:
        self.name, self.workshop = name, workshop
        self.files = TrainingFiles(workshop.logs)
        self._runs: dict[str, Run] = {}

    def _give_up(self, change: Change) -> None:
        """Tell a run that its lease is lost, at once: the next heartbeat would find it seconds later."""
        run, job = self._runs.get(change.event.job_id), change.job
        if run is not None and (job is None or job.fence != run.lease.job.fence):
            run.give_up()

    def describe(self, job: Job) -> dict[str, Any]:
        """Return the job as its clients see it."""
        return entry_of(job)

    def announced(self, change: Change) -> None:
        """Stop what was taken from this worker, and write ends to the service's log."""
        self._give_up(change)
        if change.job is not None and change.job.ended:
            logger.info("%s %s: %s", NOUN, change.event.job_id, change.job.error or change.job.status.value)

    def ready(self) -> bool:
        """Steps have processes of their own: nothing needs to be loaded."""
        return True


class StepKind(_Kind):
    """One step as a :class:`service.jobs.running.WorkingKind`.

    Args:
        name: Of the kind.
        workshop: What all steps share.
    """

    @property
    def need(self) -> Need:
        """Steps run one after the other, and on a device that they share with speech they take turns."""
        shared = self.workshop
        return Need(device=shared.turns(), parallel=shared.parallel, together=TOGETHER, apart=True)

    def validate(self, new: NewJob) -> NewJob:
        """Check that what the step reads is there and allowed.

        Raises:
            ParameterError, MissingError: see :meth:`service.training.commands.Commands.step`.
        """
        self.workshop.commands.step(self.name, new.request)
        return new

    async def run(self, lease: Lease, run: Run) -> Result:
        """Run what is missing of a step."""
        running = Running(
            lease,
            run,
            command=lambda job: self.workshop.command(self.name, job),
            store=TrainingStore(run.jobs, self.workshop.reading),
            log=self.workshop.logs.of(lease.job),
            patience=self.workshop.patience,
        )
        name = lease.job.job_id
        self._runs[name] = run
        try:
            return await running.result()
        finally:
            self._runs.pop(name, None)


class OneClickKind(_Kind):
    """A training from recordings to weights, which consists of steps; nothing is left to do once they are done.

    Args:
        workshop: What all steps share.
    """

    need = Need(parallel=4)

    def __init__(self, workshop: Workshop) -> None:
        super().__init__(ONE_CLICK, workshop)

    def validate(self, new: NewJob) -> NewJob:
        """Check what can be checked before the first step has run: its recordings, and all networks.

        Raises:
            ParameterError, MissingError: see :meth:`service.training.commands.Commands.step`.
        """
        self.workshop.commands.check_one_click(new.request)
        return new

    async def run(self, lease: Lease, run: Run) -> Result:
        """All steps are done."""
        del lease, run
        return Result()
