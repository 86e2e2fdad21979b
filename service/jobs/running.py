"""One lease in the hands of its kind: from the claim to the word that says how it ended."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Protocol

from sqlalchemy.exc import InterfaceError, OperationalError

from service.database import CommitUnknownError, DatabaseBusyError
from service.errors import StorageAwayError
from service.jobs.errors import AttemptFailedError, HandBackError, JobMissingError, LeaseLostError, StorageFullError
from service.jobs.kinds import Kind, Result
from service.jobs.manager import JobManager
from service.jobs.records import Job, Lease
from service.storage import is_broken
from service.threads import Offload
from service.words import Said, as_said, said

logger = logging.getLogger(__name__)

BUSY_DELAY = 2.0
FULL_DELAY = 10.0
REPEAT_DELAY = 1.0
LOST = said("database_lost")
STOPPING = said("worker_stopping")
ITS_TURN = said("other_turn")


class Run:
    """What a kind may ask and tell while it works on a lease. Used on one event loop.

    Attributes:
        lease: The job.
        jobs: The queue.
        offload: Runs blocking work in a thread.
    """

    def __init__(self, lease: Lease, jobs: JobManager, offload: Offload) -> None:
        self.lease, self.jobs, self.offload = lease, jobs, offload
        self._stop: Callable[[], None] | None = None
        self._reason: Said | None = None
        self._proven = False
        self._lost = False

    # --- for the kind ---

    def on_stop(self, function: Callable[[], None]) -> None:
        """Call a function when the work has to stop at once: within a moment, and without keeping more."""
        self._stop = function

    @property
    def stopping(self) -> Said | None:
        """Why the job should be handed back at the end of the step under way; None while it may go on."""
        return self._reason

    @property
    def lost(self) -> bool:
        """Whether the lease is lost: nothing may be written any more."""
        return self._lost

    def check(self) -> None:
        """Raise what ends the run, where something has to.

        Raises:
            LeaseLostError: the job was cancelled, or another worker has it.
            HandBackError: it should be handed back now.
        """
        if self._lost:
            raise LeaseLostError("the lease is lost")
        if self._reason is not None:
            raise HandBackError(self._reason)

    def proven(self) -> None:
        """A step was finished: the job has done no harm and may run beside others."""
        self._proven = True

    # --- for the worker ---

    @property
    def alone(self) -> bool:
        """Whether nothing else may run beside it: it is suspected, and has finished no step since."""
        return self.lease.alone and not self._proven

    def give_up(self) -> None:
        """The lease is lost (cancelled, removed): stop within a moment and write nothing."""
        self._lost = True
        self._call()

    def stop_soon(self, reason: Said = STOPPING) -> None:
        """Hand the job back at the end of the step under way."""
        self._reason = reason

    def stop_now(self) -> None:
        """Hand the job back without the step under way."""
        self._reason = self._reason or STOPPING
        self._call()

    def _call(self) -> None:
        if self._stop is not None:
            self._stop()


class WorkingKind(Kind, Protocol):
    """A kind whose jobs can run in this process."""

    def ready(self) -> bool:
        """Whether a job could run now; asked before each claim, must not block."""

    async def run(self, lease: Lease, run: Run) -> Result:
        """Do what is missing of a job, keeping finished steps, until all is done.

        Raises:
            HandBackError: it cannot go on now, for no fault of the job.
            AttemptFailedError: the attempt failed.
            LeaseLostError: the job was cancelled or given to another worker.
        """


class Carrier:
    """Carries one lease through its kind, and writes down how that ended.

    Args:
        run: The lease, and what its kind may ask.
        kind: Works on it.
    """

    def __init__(self, run: Run, kind: WorkingKind) -> None:
        self.run, self.kind = run, kind
        self.unwritten: Callable[[], Job] | None = None
        """How it ended, when that could not be written: whoever holds the lease tries again."""

    async def carry(self) -> None:
        """Let the kind work, then write how it ended. Raises nothing but bugs of its own."""
        run, name = self.run, self.run.lease.job.job_id
        attempts = run.jobs.attempts
        try:
            result = await self.kind.run(run.lease, run)
            await run.offload(attempts.finish, run.lease.job, result)
        except (LeaseLostError, JobMissingError):
            logger.info("%s %s was taken from this worker", self.kind.noun, name)
        except HandBackError as error:
            await self._hand_back(error.said, error.delay)
        except AttemptFailedError as error:
            await self._fail(error.said, repeat=error.repeat, death=error.death, delay=error.delay)
        except (StorageFullError, StorageAwayError) as error:
            await self._hand_back(error.said, FULL_DELAY)
        except (OperationalError, InterfaceError, CommitUnknownError, DatabaseBusyError):
            await self._hand_back(LOST, BUSY_DELAY)
        except OSError as error:
            await self._failed_file(error)
        except Exception as error:
            logger.exception("%s %s failed", self.kind.noun, name)
            await self._fail(as_said(f"{type(error).__name__}: {error}"), repeat=True, delay=REPEAT_DELAY)

    async def _failed_file(self, error: OSError) -> None:
        """A disk that is full or failing is no fault of the job; a file that is not there may be."""
        if is_broken(error):
            await self._hand_back(as_said(f"the disk cannot be written: {error.strerror}"), FULL_DELAY)
            return
        logger.exception("%s %s failed", self.kind.noun, self.run.lease.job.job_id)
        await self._fail(as_said(f"{type(error).__name__}: {error}"), repeat=True, delay=REPEAT_DELAY)

    async def _hand_back(self, reason: Said, delay: float) -> None:
        await self._last_word(self.run.jobs.attempts.hand_back, reason, delay=delay)

    async def _fail(self, reason: Said, **how: Any) -> None:
        await self._last_word(self.run.jobs.attempts.fail, reason, **how)

    async def _last_word(self, write: Callable[..., Job], reason: Said, **how: Any) -> None:
        """Write how it ended; a disk that is full or broken leaves it to :attr:`unwritten`."""
        job = self.run.lease.job

        def word() -> Job:
            return write(job, reason, **how)

        try:
            await self.run.offload(word)
        except LeaseLostError:
            logger.info("%s %s was taken from this worker", self.kind.noun, job.job_id)
        except Exception as error:
            logger.warning("%s %s: how it ended cannot be written yet: %s", self.kind.noun, job.job_id, error)
            self.unwritten = word
