"""Whose turn it is: the order in which the bounded units of work between two decode steps are done."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum

from GPT_SoVITS.scheduler.fairness import FairShare
from GPT_SoVITS.scheduler.task import SegmentRun, Task

PATIENCE = 10.0
"""Seconds without any work after which a request counts as urgent whatever its priority: nobody starves."""
SMOOTH = 1.0
"""Seconds of audio that a stream should have in hand; below, its next audio goes before everything else."""


class UnitKind(IntEnum):
    """Kinds of units, in the order that keeps the shared steps full."""

    PREFILL = 0
    INPUT = 1
    REFERENCE = 2
    AUDIO = 3


@dataclass(frozen=True)
class Unit:
    """A bounded piece of work."""

    kind: UnitKind
    task: Task
    run: SegmentRun | None
    work: Callable[[], None]


def is_late(task: Task, now: float) -> bool:
    """Whether a request has waited too long."""
    return now - task.served > PATIENCE


def at_risk(task: Task, now: float) -> bool:
    """Whether a stream is about to run out of audio."""
    return task.interactive and task.streams and task.first_sent is not None and task.slack(now) < SMOOTH


def rank(unit: Unit, share: FairShare, now: float) -> tuple[float, ...]:
    """Order of units, smallest first.

    Streams that are about to run out; then what stands between interactive requests and their first audio, and
    requests that have waited too long; then other interactive work; then batch work. Equals go by what their owners
    were given, then by age.
    """
    task, run = unit.task, unit.run
    given = share.given(task.owner)
    heads = run is None or run.ordinal == task.head
    ordinal = -1 if run is None else run.ordinal
    if heads and at_risk(task, now):
        return (0, task.slack(now), unit.kind)
    if is_late(task, now) or (task.interactive and heads and task.first_sent is None):
        return (1, given, task.number, ordinal, unit.kind)
    if task.interactive:
        return (2, unit.kind, given, task.number, ordinal)
    return (3, unit.kind, given, task.number, ordinal)


def choose(units: Iterable[Unit], share: FairShare, now: float) -> Unit | None:
    """Return the unit to do next."""
    return min(units, key=lambda unit: rank(unit, share, now), default=None)


def next_waiting(waiting: Iterable[Task], share: FairShare, now: float) -> Task | None:
    """Return the waiting request to begin: interactive ones first, late ones as them, owners in turn."""

    def order(task: Task) -> tuple[float, ...]:
        return (not (task.interactive or is_late(task, now)), share.given(task.owner), task.number)

    return min(waiting, key=order, default=None)
