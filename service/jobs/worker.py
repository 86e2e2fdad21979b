"""The worker of a process: claims jobs, keeps their leases alive, sweeps what is old, hands back at the end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from service.jobs.bells import IDLE_SECONDS, Bell
from service.jobs.cleaning import Cleaning
from service.jobs.device import DeviceTurns, Sharing
from service.jobs.errors import LeaseLostError, StorageFullError
from service.jobs.manager import JobManager
from service.jobs.records import Job, Lease
from service.jobs.running import ITS_TURN, Carrier, Run, WorkingKind
from service.jobs.use_meter import UseMeter
from service.jobs.worker_names import new_worker_name
from service.storage import least_free_bytes
from service.threads import Offload

logger = logging.getLogger(__name__)

_ROUNDS_PER_CLEANING = 12


@dataclass(frozen=True)
class WorkerSettings:
    """How a process works on the queue.

    Attributes:
        places: Folders on whose disks there must be room.
        sharing: How kinds share the device.
        lease_seconds: After so long without a sign of life a worker's jobs are given to others.
        heartbeat_seconds: Between signs of life.
        retention_seconds: Ended jobs are kept so long; 0 keeps them for ever.
        sweep_seconds: Between looks for jobs that are too old or whose worker is dead.
        grace_seconds: How long steps under way may take at shutdown.
        min_free_bytes: With less on the disk nothing new is begun.
    """

    places: tuple[Path, ...]
    sharing: Sharing = field(default_factory=Sharing)
    lease_seconds: float = 15.0
    heartbeat_seconds: float = 3.0
    retention_seconds: float = 7 * 86400.0
    sweep_seconds: float = 5.0
    grace_seconds: float = 8.0
    min_free_bytes: int = 32 << 20


class Worker:
    """All methods are used on one event loop.

    Args:
        jobs: The queue.
        kinds: Those of which it takes jobs, by name.
        bell: Wakes it.
        offload: Runs blocking work in a thread.
        settings: How it works.
        expired_before: Which moment, in Unix seconds, lies so many seconds back; None goes by the clock.
    """

    def __init__(
        self,
        jobs: JobManager,
        kinds: Mapping[str, WorkingKind],
        bell: Bell,
        offload: Offload,
        settings: WorkerSettings,
        expired_before: Callable[[float], float] | None = None,
    ) -> None:
        self.jobs, self.settings = jobs, settings
        self._expired_before = expired_before or (lambda seconds: jobs.clock() - seconds)
        self.name = new_worker_name()
        self._cleaning = Cleaning(jobs.recovery, offload, self._expired_before, settings.retention_seconds)
        self._kinds = dict(kinds)
        self._bell, self._offload = bell, offload
        self._turns = DeviceTurns(settings.sharing)
        self._running: dict[int, tuple[Carrier, asyncio.Task[None]]] = {}
        self._unwritten: dict[int, Carrier] = {}
        self._stopping = False
        self._loops: list[asyncio.Task[None]] = []
        self.meter = UseMeter()

    async def start(self) -> None:
        """Put right what an interrupted run left, then begin to work."""
        await self._offload(self._expired_before, self.settings.retention_seconds)  # readings begin with the start
        await self._offload(self.jobs.recovery.at_start)
        for loop in (self._claim_loop, self._heartbeat_loop, self._sweep_loop):
            self._loops.append(asyncio.create_task(loop(), name=f"queue-{loop.__name__.strip('_')}"))

    def gone(self, key: int) -> None:
        """A job was cancelled or removed: if it is under way here, it stops within a moment."""
        for found, (carrier, _) in self._running.items():
            if key in (found, carrier.run.lease.job.parent):
                carrier.run.give_up()

    async def changed_elsewhere(self, job_ids: Container[str]) -> None:
        """Another process did something to jobs: what it took from this worker stops."""
        if any(run.lease.job.job_id in job_ids for run in self._runs()):
            await self._heartbeat()

    @property
    def running(self) -> int:
        """Jobs under way."""
        return len(self._running)

    def _runs(self) -> list[Run]:
        return [carrier.run for carrier, _ in self._running.values()]

    async def stop(self) -> None:
        """Let steps under way end, as long as the grace lasts, and hand everything back."""
        self._stopping = True
        for run in self._runs():
            run.stop_soon()
        await self._drain(self.settings.grace_seconds)
        for run in self._runs():
            run.stop_now()
        await self._drain(2.0)
        for task in [*self._loops, *(task for _, task in self._running.values())]:
            task.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        await self._write_unwritten()

    async def _drain(self, seconds: float) -> None:
        if self._running:
            await asyncio.wait([task for _, task in self._running.values()], timeout=seconds)

    # --- claiming ---

    async def _claim_loop(self) -> None:
        while not self._stopping:
            idle = self._bell.idle_seconds
            with self._carrying_on("claiming"):
                if names := self._open_kinds():
                    idle = await self._claim_round(names)
            await self._bell.heard(idle, self._open_kinds())

    def _counted(self) -> Counter[str]:
        return Counter(run.lease.job.kind for run in self._runs())

    def _open_kinds(self) -> list[str]:
        """Kinds of which a job could begin here, if there is one."""
        if self._stopping or any(run.alone for run in self._runs()):
            return []
        counted = Counter(self._group(run.lease.job.kind) for run in self._runs())
        kinds = self._kinds.items()
        return [name for name, kind in kinds if counted[self._group(name)] < kind.need.parallel and kind.ready()]

    def _group(self, name: str) -> str:
        """Return what a kind counts as; a kind's own name where it counts alone."""
        return self._kinds[name].need.together or name

    async def _claim_round(self, names: list[str]) -> float:
        """Claim what may be claimed; return how long nothing needs to be looked at."""
        moments: dict[str, float] = await self._offload(self.jobs.leases.waiting, names)
        now = self.jobs.clock()
        ready = [name for name in names if moments.get(name, now + 1) <= now]
        for name in self._in_turn(ready):
            while name in self._open_kinds() and await self._claim(name):
                pass
        # What could be claimed now and was not waits for something else: look again after the usual while.
        ahead = [moment - now for moment in moments.values() if moment > now]
        return min([IDLE_SECONDS if ready else self._bell.idle_seconds, *ahead])

    def _in_turn(self, ready: list[str]) -> list[str]:
        """Return the kinds that may begin jobs now; those whose turn on the device is over are asked to make room."""
        on_device = {name for name, kind in self._kinds.items() if kind.need.device}
        if len(on_device) < 2:
            return ready
        counted = {name: number for name, number in self._counted().items() if name in on_device}
        holder = self._turns.decide([name for name in ready if name in on_device], counted)
        others = [run for run in self._runs() if run.lease.job.kind in on_device - {holder}]
        for run in others:
            run.stop_soon(ITS_TURN)
        return [name for name in ready if name not in on_device or (name == holder and not others)]

    async def _claim(self, name: str) -> bool:
        settings = self.settings
        if await self._offload(least_free_bytes, settings.places) < settings.min_free_bytes:
            return False
        lease = await self._offload(self._claim_blocking, name, len(self._running))
        if lease is None:
            return False
        self._begin(lease)
        return True

    def _claim_blocking(self, name: str, running: int) -> Lease | None:
        return self.jobs.leases.claim(name, self.name, self.settings.lease_seconds, running=running)

    def _begin(self, lease: Lease) -> None:
        carrier = Carrier(Run(lease, self.jobs, self._offload), self._kinds[lease.job.kind])
        task = asyncio.create_task(self._carry(carrier), name=f"job-{lease.job.job_id}")
        self._running[lease.job.key] = (carrier, task)
        self.meter.begin(lease.job.kind)
        if self._stopping:
            carrier.run.stop_now()

    async def _carry(self, carrier: Carrier) -> None:
        key = carrier.run.lease.job.key
        try:
            await carrier.carry()
        finally:
            self._running.pop(key, None)
            self.meter.end(carrier.run.lease.job.kind)
            if carrier.unwritten is not None:
                self._unwritten[key] = carrier
            self._bell.wake()

    # --- staying alive ---

    async def _heartbeat_loop(self) -> None:
        while True:
            await asyncio.sleep(self.settings.heartbeat_seconds)
            with self._carrying_on("the heartbeat"):
                await self._heartbeat()
                await self._write_unwritten()

    async def _heartbeat(self) -> None:
        held = [*self._runs(), *(carrier.run for carrier in self._unwritten.values())]
        if not held:
            return
        leases = [(run.lease.job.key, run.lease.job.fence) for run in held]
        lost: set[int] = await self._offload(self.jobs.leases.heartbeat, self.name, leases, self.settings.lease_seconds)
        for key in lost:
            # It may have ended well while the heartbeat was under way; then there is nobody to tell.
            if key in self._running and (key, self._running[key][0].run.lease.job.fence) in leases:
                self._running[key][0].run.give_up()
            self._unwritten.pop(key, None)

    async def _write_unwritten(self) -> None:
        for key, carrier in list(self._unwritten.items()):
            if carrier.unwritten is None:
                continue
            try:
                await self._offload(carrier.unwritten)
            except LeaseLostError:
                pass
            except Exception as error:
                logger.warning("%s: it still cannot be written: %s", carrier.run.lease.job.job_id, error)
                continue
            self._unwritten.pop(key, None)

    def _recover(self) -> Sequence[Job]:
        """Take back what dead workers had. This one lives, also where a locked database kept it from saying so."""
        return self.jobs.leases.recover(mine=frozenset((*self._running, *self._unwritten)))

    async def _sweep_loop(self) -> None:
        for number in count(1):
            await asyncio.sleep(self.settings.sweep_seconds)
            with self._carrying_on("sweeping"):
                if await self._offload(self._recover):
                    self._bell.wake()
                before = await self._offload(self._expired_before, self.settings.retention_seconds)
                if self.settings.retention_seconds:
                    await self._offload(self.jobs.endings.sweep, before)
                if number % _ROUNDS_PER_CLEANING == 1:
                    await self._cleaning.clean()

    @contextlib.contextmanager
    def _carrying_on(self, what: str) -> Iterator[None]:
        """A loop outlives whatever happens in one round."""
        try:
            yield
        except StorageFullError as error:
            logger.warning("%s: %s", what, error)
        except Exception:
            logger.exception("%s failed, it will be tried again", what)
