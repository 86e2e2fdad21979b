"""Shared decode steps: sequences in the slots of one weight set's decoder.

A sequence that has to move (its company failed, its slot was lost) is prefilled again and fed the tokens it has
already chosen, so that it goes on exactly where it was: logits do not depend on the slot or the company.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from GPT_SoVITS.scheduler.task import SegmentRun, SegmentStage, Task
from GPT_SoVITS.t2s.backend import DecodeBackend, DecodeState

logger = logging.getLogger(__name__)

NOT_FINITE = "the network's output is not a number"
FULL = "the decoder's cache is full"


def entry_bytes(decoder: DecodeBackend) -> int:
    """Bytes of one cache entry: a key and a value per block, in float32 where the decoder does not say."""
    config = decoder.config
    return 2 * config.n_layer * config.hidden_dim * int(getattr(decoder, "cache_value_bytes", 4))


Prefill: TypeAlias = Generator[None, None, tuple[int, NDArray[np.float32]]]
"""A prefill under way; its value is the slot's index and the logits of the first token."""


@dataclass(eq=False)
class Slot:
    """A sequence that holds a slot of a decode state; ``fed`` counts the chosen tokens that the cache knows."""

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

    slot: Slot
    fault: str | None = None
    replayed: bool = False


class Group:
    """Sequences that share the steps of one decode state."""

    def __init__(self, decoder: DecodeBackend, rows: int, *, alone: bool = False) -> None:
        self.decoder, self.alone = decoder, alone
        self.state: DecodeState = decoder.start(rows)
        self.slots: dict[int, Slot] = {}
        self.joining: dict[SegmentRun, Prefill] = {}

    @property
    def rows(self) -> int:
        """Slots in use, or being filled."""
        return len(self.slots) + len(self.joining)

    @property
    def room(self) -> int:
        """Free slots."""
        return (1 if self.alone else self.state.rows) - self.rows

    def join(self, task: Task, run: SegmentRun) -> Outcome | None:
        """Prefill a sequence into a free slot, or go on with it; None while there is more of that to do."""
        try:
            if run not in self.joining:
                index = self.state.free_slot()
                assert index is not None  # noqa: S101
                self.joining[run] = self._prefill(index, run)
            next(self.joining[run])
        except StopIteration as stop:
            del self.joining[run]
            index, logits = stop.value
            return self._take_slot(index, task, run, logits)
        except Exception:
            self.joining.pop(run, None)
            raise
        return None

    def _prefill(self, index: int, run: SegmentRun) -> Prefill:
        """Prefill in as small pieces as the decoder can."""
        assert run.sequence is not None  # noqa: S101
        in_pieces = getattr(self.decoder, "prefill_steps", None)
        if in_pieces is not None:
            logits = yield from in_pieces(self.state, index, run.sequence)
        else:
            logits = self.decoder.prefill(self.state, index, run.sequence)
        return index, logits

    def _take_slot(self, index: int, task: Task, run: SegmentRun, logits: NDArray[np.float32]) -> Outcome:
        if run.row is None:
            run.row = run.segment.row(run.number)
        slot = Slot(task, run)
        replay = slot.chosen > 0
        self.slots[index] = slot
        run.stage = SegmentStage.DECODING
        return Outcome(slot, slot.accept(logits), replay)

    def step(self) -> list[Outcome]:
        """Advance every sequence by one token."""
        full = [index for index in self.slots if self.state.lengths[index] >= self.decoder.max_length]
        outcomes = [Outcome(self.slots[index], FULL) for index in full]
        going = {index: slot for index, slot in self.slots.items() if index not in full}
        if not going:
            return outcomes
        for index in full:
            self._leave(index)
        tokens = np.zeros(self.state.rows, np.int64)
        for index, slot in going.items():
            tokens[index] = slot.next_token()
        logits = self.decoder.step(self.state, tokens)
        for index, slot in going.items():
            slot.fed += 1
            replay = slot.fed < slot.chosen
            outcomes.append(Outcome(slot, slot.accept(logits[index]), replay))
        return outcomes

    def remove(self, run: SegmentRun) -> None:
        """Free a sequence's slot, if it has one here."""
        joining = self.joining.pop(run, None)
        if joining is not None:
            joining.close()
        for index, slot in list(self.slots.items()):
            if slot.run is run:
                self._leave(index)

    def _leave(self, index: int) -> None:
        del self.slots[index]
        self.state.leave(index)

    def shrink(self) -> None:
        """Compute fewer rows where the decoder can, after sequences have left."""
        indices = list(self.slots)
        if indices and not self.joining and self.decoder.keep(self.state, indices):
            self.slots = dict(enumerate(self.slots.values()))

    def finish(self) -> None:
        """Give the state back."""
        for run in list(self.joining):
            self.remove(run)
        try:
            self.decoder.finish(self.state)
        except Exception:
            logger.exception("a decode state could not be given back")


class DecodeBatch:
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
        # A decoder that names the sizes of its states computes whole states, used slots or not, so they are opened as
        # large as the demand; and its graphs belong to one cache of each size: a second one would be compiled anew.
        self.sizes: tuple[int, ...] = tuple(getattr(decoder, "row_counts", ()))
        self.slots_are_free = not self.sizes

    @property
    def slots(self) -> list[Slot]:
        """All sequences."""
        return [slot for group in self.groups for slot in group.slots.values()]

    @property
    def rows(self) -> int:
        """How many sequences there are."""
        return sum(group.rows for group in self.groups)

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
        others = [*(slot.run for slot in self.slots), *(run for group in self.groups for run in group.joining)]
        entries = self._entries(run) + sum(self._entries(other) for other in others)
        return entries * entry_bytes(self.decoder) <= budget

    def is_joining(self, run: SegmentRun) -> bool:
        """Whether a sequence has a slot that is being filled."""
        return any(run in group.joining for group in self.groups)

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

    def join(self, task: Task, run: SegmentRun, wanted: int) -> Outcome | None:
        """Let a sequence in that :meth:`admits` let pass; None while there is more of that to do.

        Args:
            task: Whose it is.
            run: The sequence.
            wanted: How many would like to join now.
        """
        group = next((group for group in self.groups if run in group.joining), None)
        if group is None:
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
            logger.exception("a decode step of %d sequences failed", len(group.slots))
            self.groups.remove(group)
            slots = list(group.slots.values())
            group.finish()
            if group.alone:
                raise
            for slot in slots:
                slot.run.alone = True
                slot.run.stage = SegmentStage.PREFILL
            return []

    def remove(self, run: SegmentRun) -> None:
        """Take a segment's sequence out."""
        for group in self.groups:
            group.remove(run)

    def tidy(self) -> None:
        """Give back the states that hold nothing, and the rows that are not needed."""
        for group in list(self.groups):
            if not group.rows and (group.alone or not self.slots_are_free):
                self.groups.remove(group)
                group.finish()

    def shrink(self) -> None:
        """Compute fewer rows, when nobody waits for a slot."""
        if self.slots_are_free:
            return
        for group in self.groups:
            needed = next((size for size in sorted(self.sizes) if size >= group.rows), group.state.rows)
            if all(other is group or other.state.rows != needed for other in self.groups):
                group.shrink()

    def close(self) -> None:
        """Give everything back."""
        for group in self.groups:
            group.finish()
        self.groups = []
