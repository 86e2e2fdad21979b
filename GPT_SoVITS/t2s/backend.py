"""What a decode backend has to offer: prefill and step over slots that sequences join and leave.

Decode loops and the engine's scheduler know this interface only. :mod:`GPT_SoVITS.t2s.jit_backend` is the portable
implementation and the reference for every other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from GPT_SoVITS.t2s.config import T2SConfig


class DecodeError(ValueError):
    """A decode cannot be done as asked; the message says what was found and what is possible."""


class SequenceTooLongError(DecodeError):
    """Text, prompt and speech together exceed what the backend can hold."""


def _whole_numbers(name: str, values: np.ndarray, limit: int) -> np.ndarray:
    array = np.asarray(values)
    if array.ndim != 1 or (array.size and not np.issubdtype(array.dtype, np.integer)):
        raise DecodeError(f"{name} must be whole numbers in one dimension, found {array.dtype} of shape {array.shape}")
    if array.size and (array.min() < 0 or array.max() >= limit):
        raise DecodeError(f"{name} must lie in 0..{limit - 1}, found {array.min()}..{array.max()}")
    return array.astype(np.int32)


@dataclass(frozen=True)
class DecodeInput:
    """What one sequence is decoded from.

    Attributes:
        phonemes: (T,) phoneme ids: the reference's text, then the text to speak.
        bert: (bert_dim, T) float features of the phonemes, zero where there are none.
        prompt: (P,) semantic tokens of the reference audio, empty for decoding without a prompt.
    """

    phonemes: np.ndarray
    bert: np.ndarray
    prompt: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def length(self) -> int:
        """Cache entries that the prefill fills."""
        return len(self.phonemes) + len(self.prompt)

    def checked(self, config: T2SConfig) -> DecodeInput:
        """Return the input with int32 ids and float32 features.

        Raises:
            DecodeError: the text is empty, an id is out of range, or the features do not fit the phonemes.
        """
        phonemes = _whole_numbers("phonemes", self.phonemes, config.phoneme_vocab_size)
        if not phonemes.size:
            raise DecodeError("there are no phonemes to speak")
        prompt = _whole_numbers("prompt tokens", self.prompt, config.eos)
        bert = np.asarray(self.bert, np.float32)
        if bert.shape != (config.bert_dim, len(phonemes)):
            raise DecodeError(
                f"BERT features have shape {bert.shape}, expected {(config.bert_dim, len(phonemes))}: "
                "one column per phoneme"
            )
        return DecodeInput(phonemes, bert, prompt)


@dataclass
class DecodeState:
    """Slots in use and how far each has come; what the cache is, only its backend knows.

    Attributes:
        lengths: (rows,) int32, cache entries filled; 0 for a free slot.
        positions: (rows,) int32, semantic tokens known to the cache, prompt included.
        active: (rows,) bool, slots that hold a sequence.
        cache: The backend's own.
    """

    lengths: np.ndarray
    positions: np.ndarray
    active: np.ndarray
    cache: Any

    @classmethod
    def empty(cls, rows: int, cache: Any) -> DecodeState:
        """State of free slots."""
        return cls(np.zeros(rows, np.int32), np.zeros(rows, np.int32), np.zeros(rows, bool), cache)

    @property
    def rows(self) -> int:
        """Slots, free ones included."""
        return len(self.lengths)

    @property
    def of_rows(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Everything known per row: lengths, positions, active."""
        return self.lengths, self.positions, self.active

    def free_slot(self) -> int | None:
        """Return a free slot, None when all are in use."""
        free = np.flatnonzero(~self.active)
        return int(free[0]) if free.size else None

    def leave(self, slot: int) -> None:
        """Free a slot; the other rows are not touched."""
        self.active[slot] = False
        self.lengths[slot] = self.positions[slot] = 0


class DecodeBackend(Protocol):
    """Prefill and step over the slots of a state. One thread at a time."""

    @property
    def config(self) -> T2SConfig:
        """Sizes of the network."""

    @property
    def max_length(self) -> int:
        """Most cache entries of one sequence: text, prompt and speech."""

    @property
    def max_rows(self) -> int:
        """Most sequences side by side."""

    def start(self, rows: int) -> DecodeState:
        """Return a state of at least ``rows`` free slots."""

    def prefill(self, state: DecodeState, slot: int, sequence: DecodeInput) -> np.ndarray:
        """Let a sequence join in a free slot; return the logits (vocab,) float32 of its first token.

        Raises:
            DecodeError: the input does not fit the network, or the slot is in use.
            SequenceTooLongError: text and prompt exceed ``max_length``.
        """

    def step(self, state: DecodeState, tokens: np.ndarray) -> np.ndarray:
        """Feed every active slot its token; return logits (rows, vocab) float32, meaningless for free slots.

        Args:
            state: Changed in place.
            tokens: (rows,) whole numbers; anything valid for free slots.

        Raises:
            SequenceTooLongError: an active sequence has reached ``max_length``.
        """

    def keep(self, state: DecodeState, slots: Sequence[int]) -> bool:
        """Reduce the state to these slots, in this order from 0 on, if fewer rows would then be computed.

        Returns:
            Whether the slots have been moved; when not, the state is unchanged.
        """

    def finish(self, state: DecodeState) -> None:
        """Give the state's memory back; the state must not be used afterwards."""


class ServingBackend(DecodeBackend, Protocol):
    """A decode backend that an engine serves with: it can be made ready, and says what it holds."""

    @property
    def nbytes(self) -> int:
        """Bytes of weights held."""

    @property
    def needs_compiling(self) -> bool:
        """Whether it runs graphs, which :meth:`warm_up_steps` compiles."""

    def warm_up_steps(self) -> Iterator[tuple[str, Callable[[], object]]]:
        """What has to be done once so that serving compiles nothing: in words, and what does it."""
