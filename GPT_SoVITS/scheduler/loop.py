"""The owner's thread: takes requests and loads from other threads and turns the runner."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import replace
from typing import Any

from GPT_SoVITS.engine.errors import (
    EngineBusyError,
    EngineClosedError,
    EngineError,
    InvalidRequestError,
    WeightsMissingError,
)
from GPT_SoVITS.engine.interface import Listener, tell
from GPT_SoVITS.engine.messages import (
    EngineState,
    EngineStatus,
    Failed,
    LoadedWeights,
    SynthesisRequest,
    WeightsPair,
)
from GPT_SoVITS.scheduler.limits import SchedulerLimits
from GPT_SoVITS.scheduler.loading import Load, Loads
from GPT_SoVITS.scheduler.pipeline import Pipeline
from GPT_SoVITS.scheduler.runner import RequestRunner
from GPT_SoVITS.scheduler.task import RequestStage, Task

logger = logging.getLogger(__name__)

__all__ = ["Scheduler", "SchedulerLimits"]

HELD_PAUSE = 0.01
"""Seconds between two looks at whether the listeners' side takes events again."""


class Scheduler:
    """Implements :class:`GPT_SoVITS.engine.interface.Engine` over the steps of a synthesis.

    Whoever owns the thread calls :meth:`run` on it; everything else may be called from any thread.

    Args:
        pipeline: The steps of a synthesis.
        limits: How much at once.
        texts: Where texts are read; None reads them on the owner's thread.
        held: While it says True nothing is computed: the events so far have not been taken yet.
        beside: Where weights are loaded that need no graphs; None loads all on the owner's thread.
        clock: Seconds.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        limits: SchedulerLimits | None = None,
        texts: Executor | None = None,
        held: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
        beside: Executor | None = None,
    ) -> None:
        self.limits = limits or SchedulerLimits()
        self._clock, self._texts, self._held = clock, texts, held
        self._runner = RequestRunner(pipeline, self.limits, self._later, self._ended, clock)
        self._loads = Loads(pipeline, self._runner, self, beside)
        self._wake = threading.Condition()
        self._inbox: deque[Callable[[], None]] = deque()
        self._tasks: dict[str, Task] = {}
        self._serial = 0
        self._closing: float | None = None
        self._stopped = False
        self.starting = False
        self.no_weights = "no weights are configured; load some, or name them in the request"
        self._doing = "starting"
        self._last_sign = time.monotonic()
        self._idle = False

    # --- from any thread ---

    def submit(self, request: SynthesisRequest, listener: Listener) -> None:
        """Accept a request; its events go to the listener, errors included."""
        with self._wake:
            error = self._refusal(request)
            if error is None:
                self._serial += 1
                task = Task(request, listener, self._serial, self._clock)
                self._tasks[request.request_id] = task
                self.post(lambda: self._accept(task))
        if error is not None:
            tell(listener, Failed(request.request_id, error))

    def cancel(self, request_id: str) -> None:
        """End a request within one decode step."""
        with self._wake:
            task = self._tasks.get(request_id)
            if task is not None:
                task.cancelled = True
                self._runner.cancelling = True
                self._wake.notify_all()

    def load(self, weights: WeightsPair, *, make_current: bool = True) -> Future[LoadedWeights]:
        """Load weights beside the others; the future says what came of it."""
        future: Future[LoadedWeights] = Future()
        with self._wake:
            if self._closing is not None or self._stopped:
                future.set_exception(EngineClosedError("the engine is closed"))
            else:
                self.post(lambda: self._loads.ask(Load(weights, make_current, future)))
        return future

    def status(self) -> EngineStatus:
        """Return what is known now, without waiting."""
        cache = self._runner.weights_cache
        current = cache.current
        with self._wake:
            stages = [task.stage for task in self._tasks.values()]
        active = stages.count(RequestStage.SPEAKING)
        state, detail = self._state()
        return EngineStatus(
            state,
            detail,
            decode_backend=current.bundle.decode_description if current else "",
            vocoder=current.bundle.vocoder_description if current else "",
            sampler=current.bundle.sampler_description if current else "",
            current=current.described if current else None,
            loaded=tuple(entry.described for entry in tuple(cache.entries)),
            active=active,
            waiting=len(stages) - active,
            tokens_per_second=self._runner.meter.rate,
            loading=self._loads.progress,
            needs=current.bundle.needs if current else (),
        )

    def close(self, timeout: float = 10.0) -> None:
        """Stop; returns when the owner's thread has stopped, or ``timeout`` seconds are over."""
        with self._wake:
            if self._closing is None:
                self._closing = self._clock() + timeout
            self._wake.notify_all()
            self._wake.wait_for(lambda: self._stopped, timeout + 1)

    @property
    def silent(self) -> float:
        """Seconds since the owner's thread, or a load beside it, gave a sign; 0 while there is nothing to do."""
        return max(0.0 if self._idle else time.monotonic() - self._last_sign, self._loads.silent)

    @property
    def doing(self) -> str:
        """What is being done that may take long, in words."""
        loading = self._loads.progress
        return self._doing if loading is None else loading.step

    @property
    def requests(self) -> int:
        """Requests that have not ended."""
        return len(self._tasks)

    # --- on the owner's thread ---

    def run(self) -> None:
        """Serve until :meth:`close`."""
        try:
            while not self._over():
                self.sign("")
                if self._held():
                    self._drain()
                    self._runner.sweep()
                    time.sleep(HELD_PAUSE)
                elif not self.turn():
                    self._rest()
        finally:
            self._stop()

    def turn(self) -> bool:
        """Do something for a load, or one step and one unit; returns whether there was anything to do."""
        self._drain()
        self._runner.admit()
        return self._loads.turn() or self._speak()

    def _speak(self) -> bool:
        try:
            return self._runner.turn()
        except Exception as error:
            # A mistake of the scheduler itself: the requests under way cannot be trusted any more, later ones can.
            logger.exception("the scheduler failed; all requests under way are ended")
            for task in self._runner.everything():
                self._runner.fail(task, error)
            return True

    def sign(self, doing: str) -> None:
        """Note that the thread is alive and what it does next, if that may take long."""
        self._doing, self._last_sign = doing, time.monotonic()

    def _rest(self) -> None:
        """Wait until there is something to do."""
        with self._wake:
            self._idle = True
            self._wake.wait_for(self._has_work, None if self._closing is None else 0.05)
            self._idle = False
            self.sign("")

    def _has_work(self) -> bool:
        return bool(self._inbox) or self._runner.cancelling or self._closing is not None

    def post(self, message: Callable[[], None]) -> None:
        """Have something done by the owner's thread."""
        with self._wake:
            self._inbox.append(message)
            self._wake.notify_all()

    def _drain(self) -> None:
        while self._inbox:
            self._inbox.popleft()()

    def _later(self, work: Callable[[], Any], done: Callable[[Any, BaseException | None], None]) -> None:
        def attempt() -> None:
            try:
                result = work()
            except Exception as error:
                failure = error
                self.post(lambda: done(None, failure))
            else:
                self.post(lambda: done(result, None))

        if self._texts is None:
            attempt()
        else:
            self._texts.submit(attempt)

    def _refusal(self, request: SynthesisRequest) -> EngineError | None:
        if self._closing is not None or self._stopped:
            return EngineClosedError("the engine is closed")
        if len(self._tasks) >= self.limits.max_requests:
            return EngineBusyError(
                f"the engine has {len(self._tasks)} requests, as many as it accepts; try again later"
            )
        if request.request_id in self._tasks:
            return InvalidRequestError(f"request id {request.request_id!r} is in use")
        if request.weights is None and self._current_or_coming() is None and not self.starting:
            return WeightsMissingError(self.no_weights)
        return None

    def _current_or_coming(self) -> WeightsPair | None:
        """What requests that name no weights get: where there are none yet, those that are being loaded."""
        current = self._runner.weights_cache.current
        return self._loads.coming if current is None else current.bundle.weights

    def _accept(self, task: Task) -> None:
        self._runner.accept(task)
        if task.request.weights is None:
            weights = self._current_or_coming()
            if weights is None:
                self._runner.fail(task, WeightsMissingError(self.no_weights))
                return
            task.request = replace(task.request, weights=weights)

    def _ended(self, task: Task) -> None:
        with self._wake:
            self._tasks.pop(task.request.request_id, None)

    def _state(self) -> tuple[EngineState, str]:
        if self._stopped or self._closing is not None:
            return EngineState.CLOSED, "closed"
        if self.starting:
            return EngineState.STARTING, self.doing
        if self._runner.weights_cache.current is None:
            if self._loads.coming is not None:
                return EngineState.STARTING, self.doing
            return EngineState.NO_WEIGHTS, self.no_weights
        return EngineState.READY, self.doing

    # --- loading ---

    def load_now(self, weights: WeightsPair, *, make_current: bool) -> LoadedWeights:
        """Load weights on this thread, with turns of everything else in between.

        Raises:
            EngineError: as :meth:`Engine.load`.
        """
        return self._loads.now(weights, make_current=make_current)

    @property
    def is_over(self) -> bool:
        """Whether the end is so near that nothing more need be loaded."""
        return self._stopped or (self._closing is not None and self._clock() > self._closing - 1)

    def serve(self, doing: str) -> None:
        """Between two steps of a load on this thread: serve the others."""
        self.sign(doing)
        if not self.starting and not self._held():
            self._drain()
            self._speak()
            self.sign(doing)

    # --- the end ---

    def _over(self) -> bool:
        if self._closing is None:
            return False
        self._drain()
        for task in list(self._runner.waiting):
            self._runner.fail(task, EngineClosedError("the engine was closed before the request began"))
        return not self._runner.active or self._clock() > self._closing

    def _stop(self) -> None:
        with self._wake:
            self._closing = self._clock() if self._closing is None else self._closing
        self._drain()
        self._loads.close()
        for task in self._runner.everything():
            self._runner.fail(task, EngineClosedError("the engine was closed before the request was spoken"))
        for batch in self._runner.batches.values():
            batch.close()
        with self._wake:
            self._stopped = True
            self._wake.notify_all()
