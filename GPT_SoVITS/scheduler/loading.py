"""Weights on their way to the cache: asked for by callers or wanted by requests, one pair after the other.

Reading, packing and warming up need no MindSpore where everything runs natively; that is done beside the owner's
thread, which speaks on and only puts the result in the cache. Weights that need graphs are loaded on the owner's
thread, with turns of everything else between two steps.
"""

from __future__ import annotations

import gc
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from GPT_SoVITS.engine.errors import EngineClosedError, EngineError, MemoryBudgetError
from GPT_SoVITS.engine.messages import LoadedWeights, LoadProgress, WeightsPair
from GPT_SoVITS.scheduler.limits import as_engine_error
from GPT_SoVITS.scheduler.pipeline import Bundle, OpenedWeights, Pipeline
from GPT_SoVITS.scheduler.runner import RequestRunner
from GPT_SoVITS.scheduler.task import RequestStage
from GPT_SoVITS.scheduler.weights_cache import Fingerprint, fingerprint


class Owner(Protocol):
    """What a load needs of the scheduler."""

    @property
    def is_over(self) -> bool:
        """Whether so little time is left before the end that a load has no use; asked from any thread."""

    def post(self, message: Callable[[], None]) -> None:
        """Have something done by the owner's thread; from any thread."""

    def serve(self, doing: str) -> None:
        """Serve everything else once, on the owner's thread, before a step of a load."""


@dataclass(eq=False)
class Load:
    """A pair of weights that somebody waits for.

    Attributes:
        weights: Their files.
        make_current: Whether requests that name none get them.
        future: Of whoever asked; None when requests want them.
        seen: The files when they were opened.
        opened: They are open, and to be loaded on the owner's thread.
    """

    weights: WeightsPair
    make_current: bool
    future: Future[LoadedWeights] | None = None
    seen: Fingerprint = ()
    opened: OpenedWeights | None = field(default=None, repr=False)


class Loads:
    """Loads pairs of weights in the order in which they are asked for.

    Everything runs on the owner's thread unless it says otherwise.

    Args:
        pipeline: Open and load weights.
        runner: Has the cache of weights, and the requests that wait.
        owner: The scheduler.
        beside: Where weights are loaded that need no graphs; None loads all on the owner's thread.
    """

    def __init__(self, pipeline: Pipeline, runner: RequestRunner, owner: Owner, beside: Executor | None) -> None:
        self._pipeline, self._runner, self._owner, self._beside = pipeline, runner, owner, beside
        self._asked: deque[Load] = deque()
        self._under_way: Load | None = None
        self.progress: LoadProgress | None = None
        self._last_sign = time.monotonic()

    @property
    def silent(self) -> float:
        """Seconds since the load that runs beside the owner's thread gave a sign, 0 without one; for any thread."""
        return time.monotonic() - self._last_sign if self._under_way is not None else 0.0

    @property
    def coming(self) -> WeightsPair | None:
        """The weights that will be the current ones when the loads so far are done; for any thread."""
        loads = (self._under_way, *tuple(self._asked))
        return next((load.weights for load in reversed(loads) if load is not None and load.make_current), None)

    def ask(self, load: Load) -> None:
        """Take an order; it is done after those before it."""
        self._asked.append(load)

    def turn(self) -> bool:
        """Begin or go on with a load that the owner's thread has to do something for; returns whether there was one."""
        if self._under_way is not None:
            return self._go_on(self._under_way)
        load = self._next()
        if load is None:
            return False
        if load.future is not None and not load.future.set_running_or_notify_cancel():
            return True
        if self._known(load):
            return True
        self._last_sign = time.monotonic()
        self._under_way = load
        if self._beside is None:
            self._on_this_thread(load)
        else:
            self._beside.submit(self._on_another_thread, load)
        return True

    def now(self, weights: WeightsPair, *, make_current: bool) -> LoadedWeights:
        """Load weights on this thread.

        Raises:
            EngineError: as :meth:`GPT_SoVITS.engine.interface.Engine.load`.
        """
        load = Load(weights, make_current, Future())
        assert load.future is not None  # noqa: S101
        if not self._known(load):
            self._last_sign = time.monotonic()
            self._under_way = load
            self._on_this_thread(load)
        return load.future.result()

    def close(self) -> None:
        """Give up what is asked for and under way."""
        under_way, self._under_way, self.progress = self._under_way, None, None
        waiting = [load for load in self._asked if load.future is None or load.future.set_running_or_notify_cancel()]
        for load in [*([under_way] if under_way is not None else []), *waiting]:
            if load.future is not None:
                load.future.set_exception(EngineClosedError("the engine was closed"))
        self._asked.clear()

    def _next(self) -> Load | None:
        """What was asked for, else what a request waits for."""
        if self._asked:
            return self._asked.popleft()
        task = self._runner.wanted_weights()
        if task is None:
            return None
        assert task.request.weights is not None  # noqa: S101
        return Load(task.request.weights, make_current=False)

    def _known(self, load: Load) -> bool:
        """Answer at once where the weights are there and their files have not changed since."""
        load.seen = fingerprint(load.weights)
        cache = self._runner.weights_cache
        entry = cache.find(load.weights)
        if entry is None or entry.seen != load.seen:
            return False
        if load.make_current:
            cache.current = entry
        if load.future is not None:
            load.future.set_result(entry.described)
        return True

    # --- on the owner's thread ---

    def _on_this_thread(self, load: Load) -> None:
        try:
            opened, load.opened = load.opened or self._open(load), None
            bundle = self._pipeline.load(opened, lambda doing, fraction: self._between(load, doing, fraction))
            self._note(load, "ready", 1.0)
        except Exception as error:
            self._failed(load, error)
        else:
            self._loaded(load, bundle)

    def _between(self, load: Load, doing: str, fraction: float) -> None:
        """Between two steps of a load: serve the others."""
        self._note(load, doing, fraction)
        self._owner.serve(doing)

    def _go_on(self, load: Load) -> bool:
        if load.opened is None:
            return False
        self._on_this_thread(load)
        return True

    # --- on another thread ---

    def _on_another_thread(self, load: Load) -> None:
        try:
            opened = self._open(load)
            if opened.needs_graphs:
                self._owner.post(lambda: self._opened(load, opened))
                return
            bundle = self._pipeline.load(opened, lambda doing, fraction: self._note(load, doing, fraction))
            self._note(load, "ready", 1.0)
        except Exception as error:
            failure = error
            self._owner.post(lambda: self._failed(load, failure))
        else:
            self._owner.post(lambda: self._loaded(load, bundle))

    def _open(self, load: Load) -> OpenedWeights:
        self._note(load, f"reading {Path(load.weights.gpt).name} and {Path(load.weights.sovits).name}", 0.0)
        return self._pipeline.open(load.weights)

    def _note(self, load: Load, doing: str, fraction: float) -> None:
        """Say how far a load is; on whichever thread it runs.

        Raises:
            EngineClosedError: it has no use any more.
        """
        if self._owner.is_over or load is not self._under_way:
            raise EngineClosedError("the engine was closed")
        before = self.progress.fraction if self.progress is not None else 0.0
        self.progress = LoadProgress(load.weights, max(before, min(fraction, 1.0)), doing)
        self._last_sign = time.monotonic()

    # --- what comes of it, on the owner's thread ---

    def _opened(self, load: Load, opened: OpenedWeights) -> None:
        if load is self._under_way:
            load.opened = opened

    def _loaded(self, load: Load, bundle: Bundle) -> None:
        if load is not self._under_way:
            return
        try:
            entry = self._runner.weights_cache.add(bundle, load.seen, make_current=load.make_current)
        except MemoryBudgetError as error:
            del bundle
            gc.collect()
            self._failed(load, error)
            return
        self._under_way = self.progress = None
        for task in self._waiting_for(load):
            self._runner.settle(task)
        if load.future is not None:
            load.future.set_result(entry.described)

    def _failed(self, load: Load, error: BaseException) -> None:
        if load is not self._under_way:
            return
        self._under_way = self.progress = None
        known = as_engine_error(error)
        if load.future is not None:
            if known is not error:
                known.__cause__ = error
            load.future.set_exception(known)
        elif not self._may_fit_later(load, known):
            for task in self._waiting_for(load):
                self._runner.fail(task, known)

    def _may_fit_later(self, load: Load, error: EngineError) -> bool:
        """Whether there is room when requests that use other weights have ended."""
        cache = self._runner.weights_cache
        return isinstance(error, MemoryBudgetError) and cache.fits(cache.sizes[load.weights], waiting=True)

    def _waiting_for(self, load: Load) -> list[Any]:
        tasks = self._runner.everything()
        return [task for task in tasks if task.stage is RequestStage.LOADING and task.request.weights == load.weights]
