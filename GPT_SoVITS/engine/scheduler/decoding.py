"""Shared decode steps: sequences in the slots of one weight set's decoder.

A sequence that has to move (its company failed, its slot was lost) is prefilled again and fed the tokens it has already
chosen, so that it goes on exactly where it was: logits do not depend on the slot or the company.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from GPT_SoVITS.engine.scheduler.task import RunStage, SegmentRun, Task
from GPT_SoVITS.t2s.backend import DecodeBackend, DecodeState
from GPT_SoVITS.t2s.config import T2SConfig

logger = logging.getLogger(__name__)

NOT_FINITE = "the network's output is not a number"
FULL = "the decoder's cache is full"


def entry_bytes(config: T2SConfig) -> int:
    """Bytes of one cache entry in float32: a key and a value per block."""
    return 2 * config.n_layer * config.hidden_dim * 4


@dataclass(eq=False)
class Seat:
    """A sequence in a slot; ``fed`` counts the chosen tokens that the cache knows."""

    task: Task
    run: SegmentRun
    fed: int = 0

    @property
    def chosen(self) -> int:
        """Tokens chosen so far."""
        row = self.run.row
        assert row is not None  # noqa: S101
        return len(row.tokens) - row.prompt_length

    def next_token(self) -> int:
        """The token to feed."""
        row = self.run.row
        assert row is not None  # noqa: S101
        return int(row.tokens[row.prompt_length + self.fed])

    def accept(self, logits: NDArray[np.float32]) -> str | None:
        """Choose the next token unless it is known already; returns what is wrong with the logits (vocab,)."""
        if self.fed < self.chosen:
            return None
        if not np.isfinite(logits).all():
            return NOT_FINITE
        assert self.run.row is not None  # noqa: S101
        self.run.row.accept(logits)
        self.run.tokens = self.chosen
        return None


@dataclass(frozen=True)
class Outcome:
    """What a step or prefill did to a sequence: it went on or ended (``fault`` None), or cannot go on."""

    seat: Seat
    fault: str | None = None
    replayed: bool = False


class Group:
    """Sequences that share the steps of one decode state."""

    def __init__(self, decoder: DecodeBackend, rows: int, *, alone: bool = False) -> None:
        self.decoder, self.alone = decoder, alone
        self.state: DecodeState = decoder.start(rows)
        self.seats: dict[int, Seat] = {}

    @property
    def room(self) -> int:
        """Free slots."""
        return 1 - len(self.seats) if self.alone else self.state.rows - len(self.seats)

    def join(self, task: Task, run: SegmentRun) -> Outcome:
        """Prefill a sequence into a free slot and choose its first token."""
        slot = self.state.free_slot()
        assert slot is not None  # noqa: S101
        assert run.sequence is not None  # noqa: S101
        logits = self.decoder.prefill(self.state, slot, run.sequence)
        if run.row is None:
            run.row = run.segment.row(run.number)
        seat = Seat(task, run)
        replay = seat.chosen > 0
        self.seats[slot] = seat
        run.stage = RunStage.DECODING
        fault = seat.accept(logits)
        return Outcome(seat, fault, replay)

    def step(self) -> list[Outcome]:
        """Advance every sequence by one token."""
        full = [slot for slot in self.seats if self.state.lengths[slot] >= self.decoder.max_length]
        outcomes = [Outcome(self.seats[slot], FULL) for slot in full]
        going = {slot: seat for slot, seat in self.seats.items() if slot not in full}
        if not going:
            return outcomes
        for slot in full:
            self._leave(slot)
        tokens = np.zeros(self.state.rows, np.int64)
        for slot, seat in going.items():
            tokens[slot] = seat.next_token()
        logits = self.decoder.step(self.state, tokens)
        for slot, seat in going.items():
            seat.fed += 1
            replay = seat.fed < seat.chosen
            outcomes.append(Outcome(seat, seat.accept(logits[slot]), replay))
        return outcomes

    def remove(self, seat: Seat) -> None:
        """Free a sequence's slot."""
        for slot, other in list(self.seats.items()):
            if other is seat:
                self._leave(slot)

    def _leave(self, slot: int) -> None:
        del self.seats[slot]
        self.state.leave(slot)

    def shrink(self) -> None:
        """Compute fewer rows where the decoder can, after sequences have left."""
        slots = list(self.seats)
        if slots and self.decoder.keep(self.state, slots):
            self.seats = dict(enumerate(self.seats.values()))

    def finish(self) -> None:
        """Give the state back."""
        try:
            self.decoder.finish(self.state)
        except Exception:
            logger.exception("a decode state could not be given back")


class Deck:
    """All sequences of one weight set.

    Args:
        decoder: Computes them.
        max_rows: Most sequences at once.
        kv_budget: Bytes that their cache entries may take; 0 is no limit.
    """

    def __init__(self, decoder: DecodeBackend, max_rows: int, kv_budget: Callable[[], int]) -> None:
        self.decoder, self.max_rows = decoder, min(max_rows, decoder.max_rows)
        self._kv_budget = kv_budget
        self.groups: list[Group] = []
        # A decoder whose step costs what its slots are, used or not, gets states as large as the demand. Its graphs
        # belong to one cache of each size, so that a second state of a size would have to be compiled.
        self.slots_are_free = bool(getattr(decoder, "free_slots_are_free", False))
        self.sizes: tuple[int, ...] = tuple(getattr(decoder, "row_counts", ())) or (self.max_rows,)

    @property
    def seats(self) -> list[Seat]:
        """All sequences."""
        return [seat for group in self.groups for seat in group.seats.values()]

    @property
    def rows(self) -> int:
        """How many sequences there are."""
        return sum(len(group.seats) for group in self.groups)

    def _entries(self, run: SegmentRun) -> int:
        assert run.sequence is not None  # noqa: S101
        wanted = run.sequence.length + max(2 * run.segment.expected_tokens, run.tokens + 64)
        return min(wanted, self.decoder.max_length)

    def admits(self, run: SegmentRun) -> bool:
        """Whether a sequence may join now."""
        if self.rows >= self.max_rows or (self._open_group(run.alone) is None and self._size(run.alone, 1) is None):
            return False
        budget = self._kv_budget()
        if not budget or not self.rows:
            return True
        entries = self._entries(run) + sum(self._entries(seat.run) for seat in self.seats)
        return entries * entry_bytes(self.decoder.config) <= budget

    def _open_group(self, alone: bool) -> Group | None:
        return next((g for g in self.groups if not alone and not g.alone and g.room > 0), None)

    def _size(self, alone: bool, wanted: int) -> int | None:
        """Rows of a new state; None when there can be none now."""
        if alone and any(group.alone for group in self.groups):
            return None
        if self.slots_are_free:
            return 1 if alone else self.max_rows
        unused = [size for size in sorted(self.sizes) if all(group.state.rows != size for group in self.groups)]
        if alone:
            return unused[0] if unused else None
        return next((size for size in unused if size >= min(wanted, self.max_rows)), unused[-1] if unused else None)

    def join(self, task: Task, run: SegmentRun, wanted: int) -> Outcome:
        """Let a sequence in that :meth:`admits` let pass; ``wanted`` is how many would like to join now."""
        group = self._group(run.alone, wanted)
        try:
            return group.join(task, run)
        finally:
            self.tidy()

    def _group(self, alone: bool, wanted: int) -> Group:
        group = self._open_group(alone)
        if group is None:
            rows = self._size(alone, wanted)
            assert rows is not None  # :meth:`admits` has looked  # noqa: S101
            group = Group(self.decoder, rows, alone=alone)
            self.groups.append(group)
        return group

    def step(self, group: Group) -> list[Outcome]:
        """Advance a group; when its step fails, its sequences are to be decoded alone (:attr:`SegmentRun.alone`).

        Raises:
            Exception: the step of a sequence that was alone already.
        """
        try:
            return group.step()
        except Exception:
            logger.exception("a decode step of %d sequences failed", len(group.seats))
            self.groups.remove(group)
            seats = list(group.seats.values())
            group.finish()
            if group.alone:
                raise
            for seat in seats:
                seat.run.alone = True
                seat.run.stage = RunStage.PREFILL
            return []

    def remove(self, run: SegmentRun) -> None:
        """Take a segment's sequence out."""
        for group in self.groups:
            for seat in list(group.seats.values()):
                if seat.run is run:
                    group.remove(seat)

    def tidy(self) -> None:
        """Give back the states that hold nothing, and the rows that are not needed."""
        for group in list(self.groups):
            if not group.seats and (group.alone or not self.slots_are_free):
                self.groups.remove(group)
                group.finish()

    def shrink(self) -> None:
        """Compute fewer rows, when nobody waits for a slot."""
        if self.slots_are_free:
            return
        for group in self.groups:
            needed = next((size for size in sorted(self.sizes) if size >= len(group.seats)), group.state.rows)
            if all(other is group or other.state.rows != needed for other in self.groups):
                group.shrink()

    def close(self) -> None:
        """Give everything back."""
        for group in self.groups:
            group.finish()
        self.groups = []
