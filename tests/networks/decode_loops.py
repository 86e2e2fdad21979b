"""The official decode loops over whole sequences, to compare token by token.

Two official loops differ in small ways that the waveform shows, so both are here: :func:`infer_panel` (one sequence;
an early stop keeps the last token) and :func:`infer_panel_batch_infer` (many; the last token is always dropped).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from collections.abc import Sequence as Series
from dataclasses import replace
from typing import Any

import numpy as np

from GPT_SoVITS.t2s.backend import DecodeBackend, DecodeInput, DecodeState
from GPT_SoVITS.t2s.decoding import NO_EARLY_STOP, Ending, Generation, Row
from GPT_SoVITS.t2s.sampling import SamplingParameters

Cancelled = Callable[[], bool]


class DecodeCancelledError(RuntimeError):
    """The caller's cancel callback said so."""


def _stop_if(cancelled: Cancelled | None) -> None:
    if cancelled is not None and cancelled():
        raise DecodeCancelledError("decoding was cancelled")


def _decode(
    backend: DecodeBackend, sequence: DecodeInput, row: Row, cancelled: Cancelled | None
) -> Generator[int, None, None]:
    _stop_if(cancelled)
    state = backend.start(1)
    try:
        logits = backend.prefill(state, 0, sequence)
        while row.accept(logits) is None:
            yield row.last
            _stop_if(cancelled)
            logits = backend.step(state, np.full(state.rows, row.last))[0]
        if row.ending is not Ending.END_TOKEN:
            yield row.last
    finally:
        backend.finish(state)


def generate(
    backend: DecodeBackend,
    sequence: DecodeInput,
    parameters: SamplingParameters,
    rng: np.random.Generator,
    *,
    early_stop_num: int = NO_EARLY_STOP,
    cancelled: Cancelled | None = None,
) -> Generator[int, None, Generation]:
    """Decode one sequence, yielding every generated token as it comes; the generator's value is the result.

    Rules and result of :func:`infer_panel`. Closing the generator ends the decode and frees its memory.

    Raises:
        DecodeCancelledError: ``cancelled`` returned True; it is asked before the prefill and before every step.
        DecodeError: see :meth:`DecodeBackend.prefill` and :meth:`DecodeBackend.step`.
    """
    row = Row(sequence.prompt, backend.config.eos, parameters, rng, early_stop_num)
    yield from _decode(backend, sequence, row, cancelled)
    return row.result(always_drop_last=False)


def infer_panel(
    backend: DecodeBackend,
    sequence: DecodeInput,
    parameters: SamplingParameters,
    rng: np.random.Generator,
    *,
    early_stop_num: int = NO_EARLY_STOP,
    cancelled: Cancelled | None = None,
) -> Generation:
    """Decode one sequence as the official ``infer_panel`` does.

    Args:
        backend: Computes the logits.
        sequence: Text and prompt; an empty prompt decodes without one (``idx`` of the result is then 0).
        parameters: Sampling.
        rng: The sequence's own generator.
        early_stop_num: End as soon as more tokens than this have been generated; -1 for no such limit.
        cancelled: Asked before the prefill and before every step.

    Raises:
        DecodeCancelledError: ``cancelled`` returned True.
        DecodeError: the input does not fit the network or the backend.
    """
    row = Row(sequence.prompt, backend.config.eos, parameters, rng, early_stop_num)
    for _ in _decode(backend, sequence, row, cancelled):
        pass
    return row.result(always_drop_last=False)


class _Batch:
    """Rows in the slots of one state, and those that wait for a slot."""

    def __init__(self, backend: DecodeBackend, sequences: Series[DecodeInput], rows: Series[Row]) -> None:
        self.backend = backend
        self.waiting = deque(zip(sequences, rows, strict=True))
        self.state: DecodeState = backend.start(min(len(rows), backend.max_rows))
        self.running: dict[int, Row] = {}

    def _accept(self, slot: int, row: Row, logits: np.ndarray[Any, Any]) -> None:
        if row.accept(logits) is None:
            self.running[slot] = row
        else:
            self.running.pop(slot, None)
            self.state.leave(slot)

    def admit(self, cancelled: Cancelled | None) -> None:
        """Prefill waiting rows while slots are free; without any, close the gaps that ended rows left."""
        while self.waiting and (slot := self.state.free_slot()) is not None:
            _stop_if(cancelled)
            sequence, row = self.waiting.popleft()
            self._accept(slot, row, self.backend.prefill(self.state, slot, sequence))
        slots = list(self.running)
        if slots and not self.waiting and self.backend.keep(self.state, slots):
            self.running = dict(enumerate(self.running.values()))

    def step(self) -> None:
        """Advance every running row by one token."""
        tokens = np.zeros(self.state.rows, np.int64)
        for slot, row in self.running.items():
            tokens[slot] = row.last
        logits = self.backend.step(self.state, tokens)
        for slot, row in list(self.running.items()):
            self._accept(slot, row, logits[slot])


def infer_panel_batch_infer(
    backend: DecodeBackend,
    sequences: Series[DecodeInput],
    parameters: SamplingParameters,
    rngs: Series[np.random.Generator],
    *,
    early_stop_num: int = NO_EARLY_STOP,
    cancelled: Cancelled | None = None,
) -> list[Generation]:
    """Decode several sequences side by side as the official ``infer_panel_batch_infer`` does.

    Rows do not influence each other: ended ones leave, and sequences beyond the backend's rows join as slots become
    free. Without prompts the official function hands every item to the naive loop and forgets the repetition penalty
    on the way, so that the default applies; that is kept here, and callers who want their own penalty without a prompt
    use :func:`infer_panel`.

    Args:
        backend: Computes the logits.
        sequences: Text and prompt of each; either all have a prompt or none.
        parameters: Sampling, for all.
        rngs: A generator for each sequence.
        early_stop_num: As in :func:`infer_panel`.
        cancelled: As in :func:`infer_panel`.

    Raises:
        ValueError: some sequences have a prompt and others not, or there are not as many generators as sequences.
        DecodeCancelledError: ``cancelled`` returned True.
        DecodeError: an input does not fit the network or the backend.
    """
    if len(rngs) != len(sequences):
        raise ValueError(f"{len(rngs)} random generators for {len(sequences)} sequences, expected one each")
    prompted = {len(s.prompt) > 0 for s in sequences}
    if len(prompted) > 1:
        raise ValueError("some sequences have a prompt and others not; decode the two kinds separately")
    if prompted == {False}:
        parameters = replace(parameters, repetition_penalty=SamplingParameters.repetition_penalty)
        return [
            infer_panel(backend, s, parameters, rng, early_stop_num=early_stop_num, cancelled=cancelled)
            for s, rng in zip(sequences, rngs, strict=True)
        ]
    eos = backend.config.eos
    rows = [Row(s.prompt, eos, parameters, r, early_stop_num) for s, r in zip(sequences, rngs, strict=True)]
    if not rows:
        return []
    batch = _Batch(backend, sequences, rows)
    try:
        batch.admit(cancelled)
        while batch.running:
            _stop_if(cancelled)
            batch.step()
            batch.admit(cancelled)
    finally:
        backend.finish(batch.state)
    return [row.result(always_drop_last=True) for row in rows]
