"""Whose turn it is on a device that several kinds need: one kind at a time, by a setting."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Sharing:
    """How kinds share a worker's device.

    Attributes:
        first: The kind for which others make room at once; None treats all alike.
        turn_seconds: How long a kind waits at most until the one on the device makes room, and how long it then keeps
            the device; 0 lets kinds other than ``first`` wait until nothing else is there to do.
    """

    first: str | None = None
    turn_seconds: float = 0.0


class DeviceTurns:
    """Decides; knows nothing of jobs or workers. Kinds that do not need the device are not its business.

    Args:
        sharing: The setting.
        clock: Monotonic seconds.
    """

    def __init__(self, sharing: Sharing, clock: Callable[[], float] = time.monotonic) -> None:
        self._sharing, self._clock = sharing, clock
        self._holder: str | None = None
        self._earned = False
        self._since: dict[str, float] = {}

    def decide(self, waiting: Collection[str], running: Mapping[str, int]) -> str | None:
        """Return the kind that may use the device now, to begin jobs and to go on; None while nobody wants it.

        Jobs of any other kind that are under way should be handed back at their next step; until they are, a kind
        that has the turn begins nothing.

        Args:
            waiting: Kinds of which a job could begin.
            running: How many jobs of each kind are on the device.
        """
        now = self._clock()
        busy = {kind for kind, count in running.items() if count}
        if self._holder is not None and self._holder not in busy and self._holder not in waiting:
            self._holder = None
        rivals = {kind for kind in waiting if kind != self._holder}
        self._since = {kind: self._since.get(kind, now) for kind in sorted(rivals)}
        if self._holder is None:
            self._give(self._best(busy or rivals), earned=False)
        elif (rival := self._best({kind for kind in rivals if self._is_due(kind, now)})) is not None:
            self._give(rival, earned=rival != self._sharing.first)
        return self._holder

    def _is_due(self, kind: str, now: float) -> bool:
        if kind == self._sharing.first and not self._earned:
            return True
        turn = self._sharing.turn_seconds
        return turn > 0 and now - self._since[kind] >= turn

    def _best(self, kinds: Collection[str]) -> str | None:
        """The first kind where it is among them, else the one that has waited longest."""
        if self._sharing.first in kinds:
            return self._sharing.first
        return min(kinds, key=lambda kind: (self._since.get(kind, 0.0), kind), default=None)

    def _give(self, kind: str | None, *, earned: bool) -> None:
        self._holder, self._earned = kind, earned
        if kind is not None:
            self._since.pop(kind, None)
