"""The worker of this process: claims tasks, keeps their leases alive, sweeps what is old, hands back at the end."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from typing import Any

from GPT_SoVITS.engine.interface import Engine
from GPT_SoVITS.engine.messages import EngineState
from service.tasks.bus import ChangeBus
from service.tasks.errors import LeaseLostError, StorageFullError
from service.tasks.estimate import SpeedMeter
from service.tasks.leases import Lease
from service.tasks.outputs import drop_old_outputs
from service.tasks.reconcile import drop_never_accepted, finish_removals, reconcile
from service.tasks.runner import MakeRequest, Offload, Runner
from service.tasks.work import WorkStore
from service.tasks.worker import new_worker_name

logger = logging.getLogger(__name__)

_IDLE_SECONDS = 1.0
_ROUNDS_PER_CLEANING = 12


@dataclass(frozen=True)
class DispatcherSettings:
    """How this process works on the queue.

    Attributes:
        parallel: Tasks in the engine at once; they share its batches.
        lease_seconds: After so long without a sign of life a worker's tasks are given to others.
        heartbeat_seconds: Between signs of life.
        retention_seconds: Ended tasks are kept so long; 0 keeps them for ever.
        sweep_seconds: Between looks for tasks that are too old or whose worker is dead.
        grace_seconds: How long segments under way may take at shutdown.
        min_free_bytes: With less on the disk nothing new is begun.
    """

    parallel: int = 8
    lease_seconds: float = 15.0
    heartbeat_seconds: float = 3.0
    retention_seconds: float = 7 * 86400.0
    sweep_seconds: float = 5.0
    grace_seconds: float = 8.0
    min_free_bytes: int = 32 << 20


class Dispatcher:
    """See the module. All methods are used on one event loop.

    Args:
        store: The queue.
        engine: Speaks.
        make_request: Makes the engine's request from a task.
        offload: Runs blocking work in a thread.
        bus: For announcements.
        meter: Measures speed.
        settings: See there.
        ready: Whether the engine can speak now; asks its status when None.
    """

    def __init__(
        self,
        *,
        store: WorkStore,
        engine: Engine,
        make_request: MakeRequest,
        offload: Offload,
        bus: ChangeBus,
        meter: SpeedMeter,
        settings: DispatcherSettings,
        ready: Callable[[], bool] | None = None,
    ) -> None:
        self.store, self.engine, self.bus, self.meter, self.settings = store, engine, bus, meter, settings
        self.worker = new_worker_name()
        self._make_request, self._offload = make_request, offload
        self._ready = ready or self._engine_ready
        self._running: dict[int, tuple[Runner, asyncio.Task[None]]] = {}
        self._unwritten: dict[int, Runner] = {}
        self._wake = asyncio.Event()
        self._stopping = False
        self._loops: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Put right what an interrupted run left, then begin to work."""
        await self._offload(reconcile, self.store)
        for loop in (self._claim_loop, self._heartbeat_loop, self._sweep_loop):
            self._loops.append(asyncio.create_task(loop(), name=f"queue-{loop.__name__.strip('_')}"))

    def wake(self) -> None:
        """Something may be there to claim."""
        self._wake.set()

    def gone(self, key: int) -> None:
        """A task was cancelled or removed: if it is in the engine, it leaves within a decode step."""
        if key in self._running:
            self._running[key][0].give_up()

    async def changed_elsewhere(self, task_ids: Container[str]) -> None:
        """Another server did something to tasks: what it took from this worker leaves the engine."""
        if any(runner.lease.task.task_id in task_ids for runner, _ in self._running.values()):
            await self._heartbeat()

    @property
    def running(self) -> int:
        """Tasks in the engine."""
        return len(self._running)

    async def stop(self) -> None:
        """Let segments under way end, as long as the grace lasts, and hand everything back."""
        self._stopping = True
        for runner, _ in self._running.values():
            runner.stop_soon()
        await self._drain(self.settings.grace_seconds)
        for runner, _ in self._running.values():
            runner.stop_now()
        await self._drain(2.0)
        for task in [*self._loops, *(task for _, task in self._running.values())]:
            task.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        await self._write_unwritten()

    async def _drain(self, seconds: float) -> None:
        if self._running:
            await asyncio.wait([task for _, task in self._running.values()], timeout=seconds)

    # --- loops ---

    async def _claim_loop(self) -> None:
        while not self._stopping:
            self._wake.clear()
            idle = _IDLE_SECONDS
            with self._carrying_on("claiming"):
                while self._may_claim() and await self._claim():
                    pass
                if self._may_claim():
                    idle = await self._offload(self._until_next)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._wake.wait(), idle)

    def _until_next(self) -> float:
        """Seconds until a task that was handed back may be claimed. Blocks."""
        ready = self.store.next_ready()
        ahead = _IDLE_SECONDS if ready is None else ready - self.store.clock()
        # What could be claimed now and was not waits for something else: look again after the usual while.
        return min(ahead, _IDLE_SECONDS) if ahead > 0 else _IDLE_SECONDS

    def _may_claim(self) -> bool:
        if self._stopping or len(self._running) >= self.settings.parallel:
            return False
        if any(runner.alone for runner, _ in self._running.values()):
            return False
        return self._ready()

    def _engine_ready(self) -> bool:
        return self.engine.status().state is EngineState.READY

    async def _claim(self) -> bool:
        if await self._offload(self.store.files.free_bytes) < self.settings.min_free_bytes:
            return False
        lease: Lease | None = await self._offload(self._claim_blocking, len(self._running))
        if lease is None:
            return False
        runner = Runner(
            lease,
            store=self.store,
            engine=self.engine,
            make_request=self._make_request,
            offload=self._offload,
            bus=self.bus,
            meter=self.meter,
        )
        task = asyncio.create_task(self._carry(runner), name=f"task-{lease.task.task_id}")
        self._running[lease.task.key] = (runner, task)
        if self._stopping:
            runner.stop_now()
        return True

    def _claim_blocking(self, running: int) -> Lease | None:
        return self.store.claim(self.worker, self.settings.lease_seconds, running=running)

    async def _carry(self, runner: Runner) -> None:
        key = runner.lease.task.key
        try:
            await runner.run()
        finally:
            self._running.pop(key, None)
            if runner.unwritten is not None:
                self._unwritten[key] = runner
            self.wake()

    async def _heartbeat_loop(self) -> None:
        while True:
            await asyncio.sleep(self.settings.heartbeat_seconds)
            with self._carrying_on("the heartbeat"):
                await self._heartbeat()
                await self._write_unwritten()

    async def _heartbeat(self) -> None:
        held = [*(runner for runner, _ in self._running.values()), *self._unwritten.values()]
        if not held:
            return
        leases = [(runner.lease.task.key, runner.lease.task.fence) for runner in held]
        lost: set[int] = await self._offload(self.store.heartbeat, self.worker, leases, self.settings.lease_seconds)
        for key in lost:
            # It may have ended well while the heartbeat was under way; then there is nobody to tell.
            if key in self._running and (key, self._running[key][0].lease.task.fence) in leases:
                self._running[key][0].give_up()
            self._unwritten.pop(key, None)

    async def _write_unwritten(self) -> None:
        for key, runner in list(self._unwritten.items()):
            if runner.unwritten is None:
                continue
            try:
                await self._offload(runner.unwritten)
            except LeaseLostError:
                pass
            except Exception as error:
                logger.warning("task %s: how it ended cannot be written yet: %s", runner.lease.task.task_id, error)
                continue
            self._unwritten.pop(key, None)

    async def _sweep_loop(self) -> None:
        for round_number in itertools.count():
            await asyncio.sleep(self.settings.sweep_seconds)
            with self._carrying_on("sweeping"):
                if await self._offload(self.store.recover):
                    self.wake()
                if self.settings.retention_seconds:
                    before = self.store.clock() - self.settings.retention_seconds
                    await self._offload(self.store.sweep, before)
                if round_number % _ROUNDS_PER_CLEANING == 1:
                    await self._offload(drop_never_accepted, self.store)
                    await self._offload(finish_removals, self.store)
                    if self.settings.retention_seconds:
                        await self._offload(drop_old_outputs, self.store, before)

    @contextlib.contextmanager
    def _carrying_on(self, what: str) -> Iterator[None]:
        """A loop outlives whatever happens in one round."""
        try:
            yield
        except StorageFullError as error:
            logger.warning("%s: %s", what, error)
        except Exception:
            logger.exception("%s failed, it will be tried again", what)


def offload_to(executor: Any) -> Offload:
    """Return an :data:`Offload` that uses a pool of threads."""

    async def offload(function: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(executor, lambda: function(*arguments))

    return offload
