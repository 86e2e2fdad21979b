"""Speaking all accepted requests: admission, one shared step, one unit of other work, and what follows from each.

Everything here runs on the owner's thread. :meth:`Speaker.turn` is the heart: a decode step of every weight set that
has sequences, then at most one bounded unit of anything else.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from GPT_SoVITS.engine.errors import EngineError, SynthesisFailedError
from GPT_SoVITS.engine.messages import Cancelled, Event, Failed, Finished, Started
from GPT_SoVITS.engine.scheduler.attempting import Attempts
from GPT_SoVITS.engine.scheduler.choosing import Kind, Unit, at_risk, choose, is_late, next_waiting
from GPT_SoVITS.engine.scheduler.decoding import Deck, Group
from GPT_SoVITS.engine.scheduler.fairness import FairShare
from GPT_SoVITS.engine.scheduler.limits import Limits, TokenMeter, as_engine_error
from GPT_SoVITS.engine.scheduler.pieces import Pieces, Plan
from GPT_SoVITS.engine.scheduler.shelf import Entry, Shelf
from GPT_SoVITS.engine.scheduler.story import ProgressMeter
from GPT_SoVITS.engine.scheduler.task import RunStage, SegmentRun, Task, TaskStage
from GPT_SoVITS.t2s.backend import DecodeError

logger = logging.getLogger(__name__)

SMALL = (0.003, 0.012)
SMALL_PART = 0.25
"""Units are begun until they have taken this part of a step, within these bounds in seconds; one always is."""

Later = Callable[[Callable[[], Any], Callable[[Any, BaseException | None], None]], None]
"""Runs a function somewhere and hands its result or exception to another one on the owner's thread."""


class Speaker:
    """See the module.

    Args:
        pieces: The steps of a synthesis.
        limits: How much at once.
        later: Runs the reading of texts.
        ended: Told of every request that has ended, before its listener is.
        clock: Seconds.
    """

    def __init__(
        self,
        pieces: Pieces,
        limits: Limits,
        later: Later,
        ended: Callable[[Task], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.pieces, self.limits, self.clock = pieces, limits, clock
        self._later, self._ended = later, ended
        self.waiting: list[Task] = []
        self.active: list[Task] = []
        self.share = FairShare()
        self.decks: dict[Entry, Deck] = {}
        self.shelf = Shelf(limits.memory_budget, self._released)
        self.meter = TokenMeter(clock)
        self.cancelling = False
        self._attempts = Attempts(pieces)

    # --- requests come and go ---

    def accept(self, task: Task) -> None:
        """Take a request whose weights are named."""
        self.share.enter(task.owner)
        self.waiting.append(task)

    def end(self, task: Task, event: Event) -> None:
        """Let go of everything a request has, then send its last event."""
        if task.stage is TaskStage.ENDED:
            return
        task.stage = TaskStage.ENDED
        (self.active if task in self.active else self.waiting).remove(task)
        if task.entry is not None:
            deck = self.decks.get(task.entry)
            for run in task.runs:
                if deck is not None and run.stage in (RunStage.PREFILL, RunStage.DECODING):
                    deck.remove(run)
            if deck is not None:
                deck.tidy()
            self.shelf.unpin(task.entry)
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
        waiting = [task for task in self.active if task.stage is TaskStage.LOADING]
        for task in waiting:
            assert task.request.weights is not None  # noqa: S101
            if self.shelf.fits(self.shelf.sizes.get(task.request.weights, 0)):
                return task
        return None

    def _released(self, entry: Entry) -> None:
        deck = self.decks.pop(entry, None)
        if deck is not None:
            deck.close()
        self.pieces.release(entry.bundle)

    def _deck(self, entry: Entry) -> Deck:
        if entry not in self.decks:
            self.decks[entry] = Deck(entry.bundle.decoder, self.limits.max_rows, self._kv_budget)
        return self.decks[entry]

    def _kv_budget(self) -> int:
        if not self.limits.memory_budget:
            return 0
        return max(self.limits.memory_budget - self.shelf.memory_bytes, 1) // max(len(self.decks), 1)

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
            task.stage = TaskStage.LOADING
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
        entry = self.shelf.find(task.request.weights)
        if entry is None:
            return
        self.shelf.pin(entry)
        task.entry = entry
        task.stage = TaskStage.PREPARING
        try:
            self.pieces.validate(task.request)
            task.preparation = self.pieces.prepare(entry.bundle, task.request)
        except Exception as error:
            self.fail(task, error)

    # --- shared steps ---

    def _step(self) -> bool:
        stepped = False
        for entry, deck in list(self.decks.items()):
            for group in list(deck.groups):
                if group.seats:
                    stepped = True
                    self._step_group(entry, deck, group)
        return stepped

    def _step_group(self, entry: Entry, deck: Deck, group: Group) -> None:
        seats = list(group.seats.values())
        began = self.clock()
        try:
            outcomes = deck.step(group)
        except Exception as error:
            for task in {seat.task: None for seat in seats}:
                self.fail(task, error)
            return
        seconds = self.clock() - began
        for task in {seat.task: None for seat in seats}:
            task.seconds["decode"] += seconds
            task.served = self.clock()
        for seat in seats:
            self.share.charge(seat.task.owner, seconds / len(seats))
        self.meter.add(len(outcomes))
        ended = False
        for outcome in outcomes:
            if outcome.seat.task.stage is TaskStage.SPEAKING:
                with self._failing(outcome.seat.task):
                    ended |= self._attempts.advanced(outcome, deck, entry)
        for task in {seat.task: None for seat in seats}:
            if task.complete:
                self._finish(task)
        if ended:
            deck.tidy()
            if not any(run.stage is RunStage.PREFILL for task in self.active for run in task.runs[task.head :]):
                deck.shrink()

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
        holding, ready = near.count(RunStage.VOICING), near.count(RunStage.PREFILL)
        risk = any(at_risk(task, now) for task in self.active)
        for task in self.active:
            if task.stage is TaskStage.PREPARING:
                yield Unit(Kind.REFERENCE, task, None, lambda task=task: self._prepare(task))  # type: ignore[misc]
            elif task.stage is TaskStage.SPEAKING:
                waits = risk and not is_late(task, now)
                yield from self._segment_units(task, ready=ready, begin=holding < self.limits.unvoiced, risk=waits)

    def _near(self, task: Task) -> list[SegmentRun]:
        """The segments that may be worked at: the next to be heard, and some after it."""
        # A stream gets its first audio before its other segments cost it time.
        ahead = 1 if task.streams and task.first_sent is None else self.limits.max_rows
        return task.runs[task.head : task.head + ahead]

    def _segment_units(self, task: Task, *, ready: int, begin: bool, risk: bool) -> Iterator[Unit]:
        assert task.entry is not None  # noqa: S101
        deck = self._deck(task.entry)
        for run in self._near(task):
            first = run.ordinal == task.head and task.interactive
            if run.voice is not None and run.voice.pending:
                yield self._unit(Kind.VOICE, task, run, self._voice)
            elif run.stage is RunStage.INPUT and (first or (begin and not risk and ready < self.limits.max_rows)):
                yield self._unit(Kind.INPUT, task, run, self._input)
            elif run.stage is RunStage.PREFILL and (
                deck.is_joining(run)
                or (
                    # What can wait does so while a stream is about to run out: its next tokens come from the steps.
                    (first or (begin and not risk)) and self._may_join(task, deck) and deck.admits(run)
                )
            ):
                yield self._unit(Kind.PREFILL, task, run, self._prefill)

    def _unit(self, kind: Kind, task: Task, run: SegmentRun, work: Callable[[Task, SegmentRun], None]) -> Unit:
        return Unit(kind, task, run, lambda: work(task, run))

    def _may_join(self, task: Task, deck: Deck) -> bool:
        """Keep some slots for whoever comes next: no owner takes all, nor does batch work."""
        if deck.rows < self.limits.shared_rows:
            return True
        seats = deck.seats
        others = sum(seat.task.owner == task.owner for seat in seats)
        batch = sum(not seat.task.interactive for seat in seats)
        return others < self.limits.shared_rows and (task.interactive or batch < self.limits.shared_rows)

    def _do(self, unit: Unit) -> None:
        began = self.clock()
        with self._failing(unit.task):
            unit.work()
        seconds = self.clock() - began
        name = {Kind.PREFILL: "prefill", Kind.INPUT: "text", Kind.REFERENCE: "reference", Kind.VOICE: "vocoder"}
        unit.task.seconds[name[unit.kind]] += seconds
        unit.task.served = self.clock()
        if unit.task.stage is not TaskStage.ENDED:
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
            task.stage = TaskStage.PLANNING
            bundle, reference, began = task.entry.bundle, stop.value, self.clock()

            def planned(plan: Plan | None, error: BaseException | None) -> None:
                task.seconds["text"] += self.clock() - began
                if task.stage is TaskStage.PLANNING:
                    with self._failing(task):
                        self._planned(task, plan, error)

            self._later(lambda: self.pieces.plan(bundle, task.request, reference), planned)

    def _planned(self, task: Task, plan: Plan | None, error: BaseException | None) -> None:
        if plan is None:
            assert error is not None  # noqa: S101
            raise error
        assert task.entry is not None  # noqa: S101
        bundle, texts = task.entry.bundle, tuple(segment.text for segment in plan.segments)
        started = Started(task.request.request_id, plan.seed, bundle.weights, bundle.version, bundle.sample_rate, texts)
        task.tell(started)
        for ordinal, index in enumerate(plan.wanted):
            task.runs.append(SegmentRun(ordinal, plan.segments[index], ProgressMeter(self.clock)))
        task.served = self.clock()
        task.stage = TaskStage.SPEAKING

    def _input(self, task: Task, run: SegmentRun) -> None:
        run.sequence = self.pieces.decode_input(run.segment)
        run.stage = RunStage.PREFILL

    def _prefill(self, task: Task, run: SegmentRun) -> None:
        assert task.entry is not None  # noqa: S101
        deck = self._deck(task.entry)
        wanted = sum(
            other.stage is RunStage.PREFILL
            for colleague in self.active
            if colleague.entry is task.entry
            for other in colleague.runs[colleague.head :]
        )
        try:
            outcome = deck.join(task, run, wanted)
        except DecodeError:
            raise
        except Exception:
            if run.alone:
                raise
            logger.exception("a prefill failed; trying it in a state of its own")
            run.alone = True
            return
        if outcome is not None:
            self._attempts.advanced(outcome, deck, task.entry)

    def _voice(self, task: Task, run: SegmentRun) -> None:
        assert run.voice is not None  # noqa: S101
        audio = run.voice.work()
        task.voiced(run, audio, complete=run.stage is RunStage.VOICING and not run.voice.pending)
