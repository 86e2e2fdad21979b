"""The native decode backend: C++ kernels for prefill and step, weights packed once, a paged key-value cache.

Nothing is compiled while it runs, a free slot costs nothing, and a row's logits are the same to the last bit whatever
else is decoded beside it, in whichever slot and with however many threads.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from GPT_SoVITS.layers.weights import WeightsError
from GPT_SoVITS.native.decoder import NativeDecoder, NativeError, NativePrefill, NativeSession, Precision, Sizes
from GPT_SoVITS.t2s.backend import DecodeError, DecodeInput, DecodeState, SequenceTooLongError
from GPT_SoVITS.t2s.config import T2SConfig
from GPT_SoVITS.t2s.positions import sine_table

MAX_LENGTH = 2048
MAX_ROWS = 32
LAYERS_AT_A_TIME = 3
"""Of a divided prefill: about a tenth of it, the time of a few steps."""


@dataclass
class NativeState(DecodeState):
    """Slots over a native session; leaving gives a slot's memory back at once.

    Attributes:
        joining: Slots whose prefill is under way: not free, and not yet stepped.
    """

    joining: set[int] = field(default_factory=set)

    def free_slot(self) -> int | None:
        """Return a slot that is neither in use nor being filled."""
        free = (int(slot) for slot in np.flatnonzero(~self.active))
        return next((slot for slot in free if slot not in self.joining), None)

    def leave(self, slot: int) -> None:
        """Free a slot and its part of the cache."""
        super().leave(slot)
        if slot not in self.joining:
            self.cache.release(slot)


class NativeBackend:
    """Decode backend over native kernels; see :class:`~GPT_SoVITS.t2s.backend.DecodeBackend`.

    Args:
        library: The loaded native library.
        config: Sizes of the network.
        arrays: Weights under the network's parameter names; not needed afterwards.
        precision: How weights are held: ``fp32``, ``fp16`` (exact for weights that came from float16 files) or
            ``int8`` in groups. The cache is float32 with ``fp32``, else float16; sums are float32 always.
        threads: Of every computation; 0 for as many as the process may use.

    Attributes:
        cache_value_bytes: Of one number in the cache.

    Raises:
        WeightsError: the arrays do not fit the configuration, or a weight is not finite in this precision.
    """

    def __init__(
        self,
        library: ctypes.CDLL,
        config: T2SConfig,
        arrays: Mapping[str, np.ndarray],
        precision: Precision = "fp16",
        *,
        threads: int = 0,
    ) -> None:
        self._config = config
        self.cache_value_bytes = 4 if precision == "fp32" else 2
        sizes = Sizes(
            dim=config.hidden_dim, heads=config.head, layers=config.n_layer, ffn=config.feed_forward_dim,
            vocab=config.vocab_size, bert_dim=config.bert_dim, phonemes=config.phoneme_vocab_size,
        )  # fmt: skip
        table = sine_table(config.max_positions, config.hidden_dim)
        try:
            self.decoder = NativeDecoder(library, sizes, arrays, table, precision, threads=threads)
        except KeyError as error:
            raise WeightsError(f"missing: {error}") from error
        except NativeError as error:
            raise WeightsError(str(error)) from error

    @property
    def config(self) -> T2SConfig:
        """Sizes of the network."""
        return self._config

    @property
    def max_length(self) -> int:
        """Most cache entries of one sequence."""
        return min(MAX_LENGTH, self._config.max_positions)

    @property
    def max_rows(self) -> int:
        """Most sequences side by side."""
        return MAX_ROWS

    @property
    def nbytes(self) -> int:
        """Bytes of weights held."""
        return self.decoder.nbytes

    @property
    def needs_compiling(self) -> bool:
        """Nothing is compiled."""
        return False

    def warm_up_steps(self) -> Iterator[tuple[str, Callable[[], object]]]:
        """Nothing has to be done; the self-check has run the kernels."""
        return iter(())

    def start(self, rows: int) -> NativeState:
        """Return a state of ``rows`` free slots; they take no memory until they are used."""
        if not 1 <= rows <= MAX_ROWS:
            raise DecodeError(f"{rows} rows, expected 1 to {MAX_ROWS}")
        lengths, positions = np.zeros(rows, np.int32), np.zeros(rows, np.int32)
        return NativeState(lengths, positions, np.zeros(rows, bool), self.decoder.session(rows, self.max_length))

    def prefill(self, state: DecodeState, slot: int, sequence: DecodeInput) -> np.ndarray:
        """Let a sequence join in a free slot; return the logits (vocab,) of its first token."""
        with self._joining(state, slot, sequence) as job:
            return job.finish()

    def prefill_steps(
        self, state: DecodeState, slot: int, sequence: DecodeInput, *, layers: int = LAYERS_AT_A_TIME
    ) -> Generator[None, None, np.ndarray]:
        """Prefill in pieces of some layers; between two pieces other slots of the state may be stepped.

        The generator's value is what :meth:`prefill` returns. Closing it early frees the slot.

        Raises:
            DecodeError: see :meth:`DecodeBackend.prefill`.
        """
        with self._joining(state, slot, sequence) as job:
            while (logits := job.run(layers)) is None:
                yield
            return logits

    @contextmanager
    def _joining(self, state: DecodeState, slot: int, sequence: DecodeInput) -> Iterator[NativePrefill]:
        """Hold a slot while it is filled; it is in use afterwards, or free again if anything went wrong."""
        if not isinstance(state, NativeState):
            raise DecodeError("this state is another backend's")
        if state.active[slot] or slot in state.joining:
            raise DecodeError(f"slot {slot} is in use; let its sequence leave first")
        sequence = sequence.checked(self._config)
        if sequence.length > self.max_length:
            raise SequenceTooLongError(
                f"{len(sequence.phonemes)} phonemes and {len(sequence.prompt)} prompt tokens, "
                f"at most {self.max_length} together; split the text"
            )
        session: NativeSession = state.cache
        state.joining.add(slot)
        job: NativePrefill | None = None
        try:
            job = session.prefill(slot, sequence.phonemes, sequence.prompt, sequence.bert.T)
            yield job
            state.active[slot] = True
            state.lengths[slot] = sequence.length
            state.positions[slot] = len(sequence.prompt)
        finally:
            if job is not None:
                job.close()
            state.joining.discard(slot)
            if not state.active[slot] and state.cache is not None:
                session.release(slot)

    def step(self, state: DecodeState, tokens: np.ndarray) -> np.ndarray:
        """Feed every active slot its token; return logits (rows, vocab), zero for free slots."""
        slots = np.flatnonzero(state.active).astype(np.int32)
        logits: np.ndarray = np.zeros((state.rows, self._config.vocab_size), np.float32)
        if not slots.size:
            return logits
        lengths, positions = state.lengths[slots], state.positions[slots]
        if int(lengths.max()) + 1 > self.max_length:
            raise SequenceTooLongError(f"a sequence has reached the largest cache of {self.max_length} entries")
        session: NativeSession = state.cache
        logits[slots] = session.step(slots, lengths, positions, np.asarray(tokens)[slots].astype(np.int32))
        state.lengths += state.active
        state.positions += state.active
        return logits

    def keep(self, state: DecodeState, slots: Sequence[int]) -> bool:
        """Never moves anything: free slots are not computed, so fewer of them would save nothing."""
        return False

    def finish(self, state: DecodeState) -> None:
        """Give the state's memory back."""
        if state.cache is not None:
            state.cache.close()
            state.cache = None

    def close(self) -> None:
        """Give the weights' memory back; states must be finished before, and nothing used afterwards."""
        self.decoder.close()

    def memory(self) -> dict[str, Any]:
        """Bytes of weights held, and of cache pages kept for the next sequences."""
        return {"weights": self.decoder.nbytes, "free_cache": self.decoder.free_cache_bytes}
