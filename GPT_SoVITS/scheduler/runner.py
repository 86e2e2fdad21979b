"""Speaking all accepted requests: admission, one shared step, one unit of other work, and what follows from each.

Everything here runs on the owner's thread. :meth:`RequestRunner.turn` is the heart: a decode step of every weight set
that has sequences, then at most one bounded unit of anything else.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from GPT_SoVITS.engine.errors import EngineError, SynthesisFailedError
from GPT_SoVITS.engine.messages import Cancelled, Event, Failed, Finished, Started
from GPT_SoVITS.scheduler.choosing import Unit, UnitKind, at_risk, choose, is_late, next_waiting
from GPT_SoVITS.scheduler.decoding import DecodeBatch, Group
from GPT_SoVITS.scheduler.fairness import FairShare
from GPT_SoVITS.scheduler.limits import SchedulerLimits, TokenMeter, as_engine_error
from GPT_SoVITS.scheduler.pipeline import Pipeline, RequestPlan
from GPT_SoVITS.scheduler.progress_meter import ProgressMeter
from GPT_SoVITS.scheduler.retry_policy import RetryPolicy
from GPT_SoVITS.scheduler.task import RequestStage, SegmentRun, SegmentStage, Task
from GPT_SoVITS.scheduler.weights_cache import CachedWeights, Held, WeightsCache
from GPT_SoVITS.t2s.backend import DecodeError

logger = logging.getLogger(__name__)

SMALL = (0.003, 0.012)
SMALL_PART = 0.25
"""Units are begun until they have taken this part of a step, within these bounds in seconds; one always is."""

Later = Callable[[Callable[[], Any], Callable[[Any, BaseException | None], None]], None]
"""Runs a function somewhere and hands its result or exception to another one on the owner's thread."""


class RequestRunner:
    """All accepted requests, from admission to their last event.

    Args:
        pipeline: The steps of a synthesis.
        limits: How much at once.
        later: Runs the reading of texts.
        ended: Told of every request that has ended, before its listener is.
        clock: Seconds.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        limits: SchedulerLimits,
        later: Later,
        ended: Callable[[Task], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.pipeline, self.limits, self.clock = pipeline, limits, clock
        self._later, self._ended = later, ended
        self.waiting: list[Task] = []
        self.active: list[Task] = []
        self.share = FairShare()
        self.batches: dict[CachedWeights, DecodeBatch] = {}
        self.weights_cache = WeightsCache(limits.memory_budget, self._released)
        self.meter = TokenMeter(clock)
        self.cancelling = False
        self._retries = RetryPolicy(pipeline)

    # --- requests come and go ---

    def accept(self, task: Task) -> None:
        """Take a request whose weights are named."""
        self.share.enter(task.owner)
        self.waiting.append(task)

    def end(self, task: Task, event: Event) -> None:
        """Let go of everything a request has, then send its last event."""
        if task.stage is RequestStage.ENDED:
            return
        task.stage = RequestStage.ENDED
        (self.active if task in self.active else self.waiting).remove(task)
        if task.entry is not None:
            batch = self.batches.get(task.entry)
            for run in task.runs:
                if batch is not None and run.stage in (SegmentStage.PREFILL, SegmentStage.DECODING):
                    batch.remove(run)
            if batch is not None:
                batch.tidy()
            self.weights_cache.unpin(task.entry)
        if task.preparation is not None:
            task.preparation.close()
        task.runs = []
        self.share.leave(task.owner)
        self._ended(task)
        task.tell(event)

    def fail(self, task: Task, error: BaseException) -> None:
        """End a request with an error."""
        known = as_engine_error(error)
        if isinstance(known, SynthesisFailedError) and not isinstance(error, EngineError):
            logger.error("request %s failed", task.request.request_id, exc_info=error)
        self.end(task, Failed(task.request.request_id, known))

    def sweep(self) -> None:
        """End the requests that were cancelled."""
        if not self.cancelling:
            return
        self.cancelling = False
        for task in [*self.active, *self.waiting]:
            if task.cancelled:
                self.end(task, Cancelled(task.request.request_id))

    def everything(self) -> list[Task]:
        """All requests."""
        return [*self.active, *self.waiting]

    # --- weights ---

    def wanted_weights(self) -> Task | None:
        """A request that waits for weights which might be loaded now."""
        waiting = [task for task in self.active if task.stage is RequestStage.LOADING]
        for task in waiting:
            assert task.request.weights is not None  # noqa: S101
            if self.weights_cache.fits(self.weights_cache.sizes.get(task.request.weights, Held())):
                return task
        return None

    def _released(self, entry: CachedWeights) -> None:
        batch = self.batches.pop(entry, None)
        if batch is not None:
            batch.close()
        self.pipeline.release(entry.bundle)

    def _batch(self, entry: CachedWeights) -> DecodeBatch:
        if entry not in self.batches:
            self.batches[entry] = DecodeBatch(entry.bundle.decoder, self.limits.max_rows, self._kv_budget)
        return self.batches[entry]

    def _kv_budget(self) -> int:
        if not self.limits.memory_budget:
            return 0
        return max(self.limits.memory_budget - self.weights_cache.memory_bytes, 1) // max(len(self.batches), 1)

    # --- a turn ---

    def turn(self) -> bool:
        """Do one step and one unit; returns whether there was anything to do.

        Units that take next to no time (a reference that is known, a piece of a prefill) count as one together.
        """
        self.sweep()
        self.admit()
        began = self.clock()
        stepped = self._step()
        ended = self.clock()
        enough = ended + min(max(SMALL_PART * (ended - began), SMALL[0]), SMALL[1])
        worked = False
        while not worked or (stepped and self.clock() < enough):
            self.sweep()
            unit = choose(self._units(), self.share, self.clock())
            if unit is None:
                break
            self._do(unit)
            worked = True
        return stepped or worked

    def admit(self) -> None:
        """Begin waiting requests."""
        while self.waiting:
            task = next_waiting(self._admissible(), self.share, self.clock())
            if task is None:
                return
            self.waiting.remove(task)
            self.active.append(task)
            task.seconds["waiting"] = self.clock() - task.accepted
            task.stage = RequestStage.LOADING
            self.settle(task)

    def _admissible(self) -> Iterator[Task]:
        """Waiting requests that may begin: up to a number for each priority, owners without any up to twice that."""
        owners = {task.owner for task in self.active}
        counts = {True: 0, False: 0}
        for task in self.active:
            counts[task.interactive] += 1
        for task in self.waiting:
            most = self.limits.active * (1 if task.owner in owners else 2)
            if counts[task.interactive] < most:
                yield task

    def settle(self, task: Task) -> None:
        """Begin a request if its weights are there."""
        assert task.request.weights is not None  # noqa: S101
        entry = self.weights_cache.find(task.request.weights)
        if entry is None:
            return
        self.weights_cache.pin(entry)
        task.entry = entry
        task.stage = RequestStage.PREPARING
        try:
            self.pipeline.validate(task.request)
            task.preparation = self.pipeline.prepare(
                entry.bundle, task.request.reference, ref_free=task.request.ref_free
            )
        except Exception as error:
            self.fail(task, error)

    # --- shared steps ---

    def _step(self) -> bool:
        stepped = False
        for entry, batch in list(self.batches.items()):
            for group in list(batch.groups):
                if group.slots:
                    stepped = True
                    self._step_group(entry, batch, group)
        return stepped

    def _step_group(self, entry: CachedWeights, batch: DecodeBatch, group: Group) -> None:
        slots = list(group.slots.values())
        began = self.clock()
        try:
            outcomes = batch.step(group)
        except Exception as error:
            for task in {slot.task: None for slot in slots}:
                self.fail(task, error)
            return
        seconds = self.clock() - began
        for task in {slot.task: None for slot in slots}:
            task.seconds["decode"] += seconds
            task.served = self.clock()
        for slot in slots:
            self.share.charge(slot.task.owner, seconds / len(slots))
        self.meter.add(len(outcomes))
        ended = False
        for outcome in outcomes:
            if outcome.slot.task.stage is RequestStage.SPEAKING:
                with self._failing(outcome.slot.task):
                    ended |= self._retries.advanced(outcome, batch, entry)
        for task in {slot.task: None for slot in slots}:
            if task.complete:
                self._finish(task)
        if ended:
            batch.tidy()
            if not any(run.stage is SegmentStage.PREFILL for task in self.active for run in task.runs[task.head :]):
                batch.shrink()

    @contextmanager
    def _failing(self, task: Task) -> Iterator[None]:
        """Keep a request's error to the request."""
        try:
            yield
        except Exception as error:
            self.fail(task, error)

    # --- units ---

    def _units(self) -> Iterator[Unit]:
        now = self.clock()
        near = [run.stage for task in self.active for run in self._near(task)]
        holding, ready = near.count(SegmentStage.RENDERING), near.count(SegmentStage.PREFILL)
        risk = any(at_risk(task, now) for task in self.active)
        for task in self.active:
            if task.stage is RequestStage.PREPARING:
                yield Unit(UnitKind.REFERENCE, task, None, lambda task=task: self._prepare(task))  # type: ignore[misc]
            elif task.stage is RequestStage.SPEAKING:
                waits = risk and not is_late(task, now)
                yield from self._segment_units(task, ready=ready, begin=holding < self.limits.unrendered, risk=waits)

    def _near(self, task: Task) -> list[SegmentRun]:
        """The segments that may be worked at: the next to be heard, and some after it."""
        # A stream gets its first audio before its other segments cost it time.
        ahead = 1 if task.streams and task.first_sent is None else self.limits.max_rows
        return task.runs[task.head : task.head + ahead]

    def _segment_units(self, task: Task, *, ready: int, begin: bool, risk: bool) -> Iterator[Unit]:
        assert task.entry is not None  # noqa: S101
        batch = self._batch(task.entry)
        for run in self._near(task):
            first = run.ordinal == task.head and task.interactive
            if run.renderer is not None and run.renderer.pending:
                yield self._unit(UnitKind.AUDIO, task, run, self._render)
            elif run.stage is SegmentStage.INPUT and (first or (begin and not risk and ready < self.limits.max_rows)):
                yield self._unit(UnitKind.INPUT, task, run, self._input)
            elif run.stage is SegmentStage.PREFILL and (
                batch.is_joining(run)
                or (
                    # What can wait does so while a stream is about to run out: its next tokens come from the steps.
                    (first or (begin and not risk)) and self._may_join(task, batch) and batch.admits(run)
                )
            ):
                yield self._unit(UnitKind.PREFILL, task, run, self._prefill)

    def _unit(self, kind: UnitKind, task: Task, run: SegmentRun, work: Callable[[Task, SegmentRun], None]) -> Unit:
        return Unit(kind, task, run, lambda: work(task, run))

    def _may_join(self, task: Task, batch: DecodeBatch) -> bool:
        """Keep some slots for whoever comes next: no owner takes all, nor does batch work."""
        if batch.rows < self.limits.shared_rows:
            return True
        slots = batch.slots
        others = sum(slot.task.owner == task.owner for slot in slots)
        batch_work = sum(not slot.task.interactive for slot in slots)
        return others < self.limits.shared_rows and (task.interactive or batch_work < self.limits.shared_rows)

    def _do(self, unit: Unit) -> None:
        began = self.clock()
        with self._failing(unit.task):
            unit.work()
        seconds = self.clock() - began
        name = {
            UnitKind.PREFILL: "prefill",
            UnitKind.INPUT: "text",
            UnitKind.REFERENCE: "reference",
            UnitKind.AUDIO: "vocoder",
        }
        unit.task.seconds[name[unit.kind]] += seconds
        unit.task.served = self.clock()
        if unit.task.stage is not RequestStage.ENDED:
            self.share.charge(unit.task.owner, seconds)
            if unit.task.complete:
                self._finish(unit.task)

    def _finish(self, task: Task) -> None:
        self.end(task, Finished(task.request.request_id, task.sent / task.rate, task.timings()))

    def _prepare(self, task: Task) -> None:
        assert task.preparation is not None and task.entry is not None  # noqa: S101
        try:
            next(task.preparation)
        except StopIteration as stop:
            task.preparation = None
            task.stage = RequestStage.PLANNING
            bundle, reference, began = task.entry.bundle, stop.value, self.clock()

            def planned(plan: RequestPlan | None, error: BaseException | None) -> None:
                task.seconds["text"] += self.clock() - began
                if task.stage is RequestStage.PLANNING:
                    with self._failing(task):
                        self._planned(task, plan, error)

            self._later(lambda: self.pipeline.plan(task.request, bundle, reference), planned)

    def _planned(self, task: Task, plan: RequestPlan | None, error: BaseException | None) -> None:
        if plan is None:
            assert error is not None  # noqa: S101
            raise error
        assert task.entry is not None  # noqa: S101
        task.plan = plan
        bundle, texts = task.entry.bundle, tuple(segment.text for segment in plan.segments)
        started = Started(task.request.request_id, plan.seed, bundle.weights, bundle.version, plan.sample_rate, texts)
        task.tell(started)
        for ordinal, index in enumerate(plan.wanted):
            task.runs.append(SegmentRun(ordinal, plan.segments[index], ProgressMeter(self.clock)))
        task.served = self.clock()
        task.stage = RequestStage.SPEAKING

    def _input(self, task: Task, run: SegmentRun) -> None:
        run.sequence = self.pipeline.decode_input(run.segment)
        run.stage = SegmentStage.PREFILL

    def _prefill(self, task: Task, run: SegmentRun) -> None:
        assert task.entry is not None  # noqa: S101
        batch = self._batch(task.entry)
        wanted = sum(
            other.stage is SegmentStage.PREFILL
            for colleague in self.active
            if colleague.entry is task.entry
            for other in colleague.runs[colleague.head :]
        )
        try:
            outcome = batch.join(task, run, wanted)
        except DecodeError:
            raise
        except Exception:
            if run.alone:
                raise
            logger.exception("a prefill failed; trying it in a state of its own")
            run.alone = True
            return
        if outcome is not None:
            self._retries.advanced(outcome, batch, task.entry)

    def _render(self, task: Task, run: SegmentRun) -> None:
        assert run.renderer is not None  # noqa: S101
        audio = run.renderer.work()
        task.rendered(run, audio, complete=run.stage is SegmentStage.RENDERING and not run.renderer.pending)
