"""Decode loops: from text and prompt to semantic tokens, with the official rules on where a sequence ends.

Two official loops differ in small ways that the waveform shows, so both are here: :func:`infer_panel` (one sequence;
an early stop keeps the last token) and :func:`infer_panel_batch_infer` (many; the last token is always dropped).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from collections.abc import Sequence as Series
from dataclasses import dataclass, replace
from enum import Enum, auto

import numpy as np

from GPT_SoVITS.t2s.backend import DecodeBackend, DecodeInput, DecodeState
from GPT_SoVITS.t2s.sampling import SamplingParameters, sample

MAX_STEPS = 1500
"""A sequence ends after this many tokens, 60 s of speech."""
STEPS_WITHOUT_END = 11
"""The end token cannot be chosen in the first steps, so that there are about 0.4 s to hear."""
NO_EARLY_STOP = -1

Cancelled = Callable[[], bool]


class DecodeCancelledError(RuntimeError):
    """The caller's cancel callback said so."""


class Ending(Enum):
    """Why a sequence ended."""

    END_TOKEN = auto()
    EARLY_STOP = auto()
    MAX_STEPS = auto()


@dataclass(frozen=True)
class Generation:
    """A finished sequence as the official functions return it.

    Attributes:
        tokens: (N,) int64, prompt and generated tokens, the end token removed.
        idx: Index of the last step; 0 for decoding without a prompt.
        ending: Why it ended.
    """

    tokens: np.ndarray
    idx: int
    ending: Ending

    @property
    def semantic(self) -> np.ndarray:
        """The tokens to speak: the last ``idx`` ones, all when ``idx`` is 0, as every official caller takes them.

        After an early stop of :func:`infer_panel` the first generated token is not among them.
        """
        return self.tokens[-self.idx :]


class Row:
    """One sequence while it is decoded: its tokens, its random generator, its end.

    The engine's scheduler uses rows directly: :meth:`accept` after every prefill or step, then :meth:`result`.
    """

    def __init__(
        self,
        prompt: np.ndarray,
        eos: int,
        parameters: SamplingParameters,
        rng: np.random.Generator,
        early_stop_num: int = NO_EARLY_STOP,
    ) -> None:
        self.eos, self.parameters, self.rng, self.early_stop_num = eos, parameters, rng, early_stop_num
        self.prompt_length = len(prompt)
        self.idx = -1
        self.ending: Ending | None = None
        self._tokens = np.empty(len(prompt) + MAX_STEPS, np.int64)
        self._tokens[: len(prompt)] = prompt
        self._length = len(prompt)

    @property
    def tokens(self) -> np.ndarray:
        """Prompt and generated tokens so far (a view)."""
        return self._tokens[: self._length]

    @property
    def last(self) -> int:
        """The token chosen last, to be fed to the next step."""
        return int(self._tokens[self._length - 1])

    def accept(self, logits: np.ndarray) -> Ending | None:
        """Choose a token from logits (vocab,) and return why the sequence ends, None while it goes on.

        The end token ends a sequence when it is drawn and also when it merely has the largest penalised logit.
        """
        self.idx += 1
        scores = logits[: self.eos if self.idx < STEPS_WITHOUT_END else None].astype(np.float32)
        token = sample(scores, self.tokens, self.parameters, self.rng)
        self._tokens[self._length] = token
        self._length += 1
        generated = self._length - self.prompt_length
        if token == self.eos or int(scores.argmax()) == self.eos:
            self.ending = Ending.END_TOKEN
        elif self.early_stop_num != NO_EARLY_STOP and generated > self.early_stop_num:
            self.ending = Ending.EARLY_STOP
        elif self.idx == MAX_STEPS - 1:
            self.ending = Ending.MAX_STEPS
        return self.ending

    def result(self, *, always_drop_last: bool) -> Generation:
        """Return the ended sequence; the last token goes with the end token, or always."""
        if self.ending is None:
            raise RuntimeError("the sequence has not ended yet")
        drop = always_drop_last or self.ending is Ending.END_TOKEN
        tokens = self.tokens[: self._length - drop].copy()
        return Generation(tokens, self.idx if self.prompt_length else 0, self.ending)


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

    def _accept(self, slot: int, row: Row, logits: np.ndarray) -> None:
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
