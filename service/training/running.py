"""One job in a process of its own: from a lease to the word that it is done, through any number of interruptions."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from service.errors import ServiceError
from service.jobs.errors import AttemptFailedError, HandBackError
from service.jobs.kinds import Result
from service.jobs.models import JobRow
from service.jobs.records import Job, Lease
from service.jobs.running import REPEAT_DELAY, STOPPING, Run
from service.training.logs import JobLog
from service.training.models import TrainingRow
from service.training.process import LOCKED, Command, StepProcess
from service.training.store import TrainingStore
from service.training.telling import Telling
from service.words import said

_KEEP_SECONDS, _LOOK_SECONDS = 1.0, 0.2
_LOCKED_DELAY = 5.0


@dataclass(frozen=True)
class Patience:
    """How long a process may take to save what it has.

    Attributes:
        usual: Seconds when its turn is over, or when it was cancelled or paused.
        at_stop: Seconds when the service stops.
    """

    usual: float = 60.0
    at_stop: float = 6.0


class Running:
    """Runs what is missing of one job.

    Args:
        lease: The job.
        run: What the worker asks and is told.
        command: Returns what to run; blocks, and raises what is wrong.
        store: Keeps what the process tells.
        log: Keeps what it says to people.
        patience: How long it may take to end.
    """

    def __init__(
        self,
        lease: Lease,
        run: Run,
        *,
        command: Callable[[Job], Command],
        store: TrainingStore,
        log: JobLog,
        patience: Patience,
    ) -> None:
        self._job, self._run, self._command = lease.job, run, command
        self._store, self._log, self._patience = store, log, patience
        self._telling = Telling()

    async def result(self) -> Result:
        """Run the step to its end.

        Raises:
            HandBackError, AttemptFailedError, LeaseLostError: see :meth:`service.jobs.running.WorkingKind.run`.
        """
        offload = self._run.offload
        await offload(self._store.begin, self._job)
        try:
            command: Command = await offload(self._command, self._job)
        except ServiceError as error:
            raise AttemptFailedError(error.said, repeat=False) from error
        self._run.check()
        process = await StepProcess.start(command, self._log)
        ending = asyncio.create_task(self._end_when_asked(process), name="step-ending")
        try:
            status = await self._followed(process)
        finally:
            ending.cancel()
            process.kill()
        return self._judged(status)

    async def _followed(self, process: StepProcess) -> int:
        """Keep what the process tells until it has ended; return its status."""
        hearing = asyncio.create_task(self._hear(process), name="step-events")
        try:
            while not hearing.done():
                await asyncio.wait({hearing}, timeout=_KEEP_SECONDS)
                await self._keep()
            hearing.result()
        finally:
            hearing.cancel()
        status = await process.ended()
        await self._keep()
        return status

    async def _hear(self, process: StepProcess) -> None:
        async for event in process.events():
            self._telling.hear(event)

    async def _keep(self) -> None:
        if batch := self._telling.take():
            await self._run.offload(self._store.keep, self._job, batch)
            if batch.reached:
                self._run.proven()

    async def _end_when_asked(self, process: StepProcess) -> None:
        """Ask the process to end once the run has to, and end it when it takes too long."""
        while not (self._run.lost or self._run.stopping):
            await asyncio.sleep(_LOOK_SECONDS)
        process.ask_to_end()
        at_stop = self._run.stopping == STOPPING
        await asyncio.sleep(self._patience.at_stop if at_stop else self._patience.usual)
        process.kill()

    def _judged(self, status: int) -> Result:
        outcome = self._telling.outcome or {}
        if status == 0 and outcome.get("event") == "finished":
            return Result(_finished)
        self._run.check()
        if status == LOCKED and not outcome:
            raise HandBackError(said("folder_locked"), _LOCKED_DELAY)
        if outcome.get("event") == "failed":
            raise AttemptFailedError(said("step_failed", detail=str(outcome.get("message", ""))), repeat=False)
        if status < 0:
            name = signal.Signals(-status).name if -status in set(signal.Signals) else str(-status)
            raise AttemptFailedError(said("step_killed", signal=name), repeat=True, delay=REPEAT_DELAY)
        last = self._log.last
        raise AttemptFailedError(said("step_ended", found=status, detail=last), repeat=True, delay=REPEAT_DELAY)


def _finished(session: Session, row: JobRow) -> dict[str, object]:
    """Write the end within the transaction that ends the job."""
    own = session.get_one(TrainingRow, row.key)
    own.ended_at = row.updated_at
    row.steps_done = row.steps_total
    return {"problems": own.problems}
