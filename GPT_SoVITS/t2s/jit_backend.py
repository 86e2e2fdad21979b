"""The portable decode backend: MindSpore graphs of fixed shape over preallocated caches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from GPT_SoVITS.backend import bucket
from GPT_SoVITS.compiled import CompiledCell, compile_cell, to_tensor
from GPT_SoVITS.layers.parameters import held_bytes, load_arrays
from GPT_SoVITS.t2s.backend import DecodeError, DecodeInput, DecodeState, SequenceTooLongError
from GPT_SoVITS.t2s.cache import KVCache, RowMover, choose_mover
from GPT_SoVITS.t2s.config import T2SConfig
from GPT_SoVITS.t2s.network import Text2SemanticDecoder
from GPT_SoVITS.t2s.prefill import Prefill
from GPT_SoVITS.t2s.step import DecodeStep

CAPACITIES = (256, 512, 1024, 2048)
"""Cache entries per row; the step's attention costs what its capacity is."""
PREFILL_LENGTHS = (64, 128, 192, 256, 320, 384, 448, 512, 640, 768, 1024, 1536, 2048)
ROW_COUNTS = (1, 2, 4, 8, 16)


class JitBackend:
    """Decode backend over one network; see :class:`~GPT_SoVITS.t2s.backend.DecodeBackend`.

    A graph is compiled on first use of each prefill length and of each cache (rows and capacity); caches are pooled
    because their graphs belong to them.

    Args:
        network: The decoder with its weights.
        capacities: Sizes of the cache, entries per row.
        prefill_lengths: Lengths of text and prompt that a prefill graph is compiled for.
        row_counts: Sizes of a batch.
        mover: How rows get into a cache; by default the fastest way that works.
    """

    def __init__(
        self,
        network: Text2SemanticDecoder,
        *,
        capacities: Sequence[int] = CAPACITIES,
        prefill_lengths: Sequence[int] = PREFILL_LENGTHS,
        row_counts: Sequence[int] = ROW_COUNTS,
        mover: RowMover | None = None,
    ) -> None:
        self.network = network
        self.capacities, self.row_counts = tuple(sorted(capacities)), tuple(sorted(row_counts))
        self.prefill_lengths = tuple(sorted({min(n, self.capacities[-1]) for n in prefill_lengths}))
        self._dtype = network.ar_text_position.alpha.asnumpy().dtype
        self.cache_value_bytes = self._dtype.itemsize
        self._prefills: dict[int, CompiledCell] = {}
        self._steps: dict[tuple[int, int], CompiledCell] = {}
        self._mover = mover if mover is not None else choose_mover(network.config)
        self._free: dict[tuple[int, int], list[KVCache]] = defaultdict(list)

    @classmethod
    def from_arrays(cls, config: T2SConfig, arrays: Mapping[str, np.ndarray], **options: Any) -> JitBackend:
        """Build the network and load its weights.

        Args:
            config: Sizes.
            arrays: Weights under the network's parameter names.
            options: Keyword arguments of the constructor, where the defaults do not fit.

        Raises:
            WeightsError: the arrays do not fit the configuration.
        """
        network = Text2SemanticDecoder(config)
        load_arrays(network, arrays)
        return cls(network, **options)

    @property
    def config(self) -> T2SConfig:
        """Sizes of the network."""
        return self.network.config

    @property
    def max_length(self) -> int:
        """Most cache entries of one sequence."""
        return self.capacities[-1]

    @property
    def max_rows(self) -> int:
        """Most sequences side by side."""
        return self.row_counts[-1]

    @property
    def nbytes(self) -> int:
        """Bytes of weights held."""
        return held_bytes(self.network)

    @property
    def needs_compiling(self) -> bool:
        """Every size of a batch and a cache, and every length of a prefill, has a graph of its own."""
        return True

    def warm_up_steps(self) -> Iterator[tuple[str, Callable[[], object]]]:
        """All graphs: the steps of each size of a batch, then the prefills."""
        lengths = self.prefill_lengths
        for rows in self.row_counts:
            yield f"decoder, {rows} rows", partial(self.warm_up, rows, self.capacities, lengths[:1])
        yield "decoder, prefill", partial(self.warm_up, 1, self.capacities[:1], lengths)

    def start(self, rows: int) -> DecodeState:
        """Return a state of at least ``rows`` free slots."""
        rows = bucket(rows, self.row_counts)
        return DecodeState.empty(rows, self._take(rows, self.capacities[0]))

    def prefill(self, state: DecodeState, slot: int, sequence: DecodeInput) -> np.ndarray:
        """Let a sequence join in a free slot; return the logits (vocab,) of its first token."""
        if state.active[slot]:
            raise DecodeError(f"slot {slot} is in use; let its sequence leave first")
        sequence = sequence.checked(self.config)
        if sequence.length > min(self.max_length, self.prefill_lengths[-1]):
            raise SequenceTooLongError(
                f"{len(sequence.phonemes)} phonemes and {len(sequence.prompt)} prompt tokens, "
                f"at most {min(self.max_length, self.prefill_lengths[-1])} together; split the text"
            )
        padded = bucket(sequence.length, self.prefill_lengths)
        logits, *source = self._run_prefill(sequence, padded)
        # Waited for first: asking for another tensor while the graph runs spins on a core that the graph needs.
        first: np.ndarray = logits.asnumpy()[0].astype(np.float32)
        self._grow(state, padded)
        self._mover.move(source, [0], state.cache, [slot])
        state.active[slot] = True
        state.lengths[slot] = sequence.length
        state.positions[slot] = len(sequence.prompt)
        return first

    def step(self, state: DecodeState, tokens: np.ndarray) -> np.ndarray:
        """Feed every active slot its token; return logits (rows, vocab)."""
        longest = int(state.lengths.max()) + 1
        if longest > self.max_length:
            raise SequenceTooLongError(f"a sequence has reached the largest cache of {self.max_length} entries")
        self._grow(state, longest)
        cache: KVCache = state.cache
        tokens = np.where(state.active, tokens, 0).astype(np.int32)
        # Copies: the graph may still read its inputs when the caller counts on.
        inputs = [to_tensor(array.copy()) for array in (tokens, state.positions, state.lengths)]
        logits: np.ndarray = self._step_graph(cache)(*inputs, *cache.parameters).asnumpy().astype(np.float32)
        state.lengths += state.active
        state.positions += state.active
        return logits

    def keep(self, state: DecodeState, slots: Sequence[int]) -> bool:
        """Reduce the state to these slots if that halves the rows computed."""
        if not slots or bucket(len(slots), self.row_counts) >= state.rows:
            return False
        kept = list(slots)
        rows = bucket(len(kept), self.row_counts)
        old: KVCache = state.cache
        smaller = DecodeState.empty(rows, self._take(rows, old.capacity))
        self._mover.move(old.parameters, kept, smaller.cache, range(len(kept)))
        for of_kept, of_all in zip(smaller.of_rows, state.of_rows, strict=True):
            of_kept[: len(kept)] = of_all[kept]
        state.lengths, state.positions, state.active, state.cache = *smaller.of_rows, smaller.cache
        self._free[old.rows, old.capacity].append(old)
        return True

    def finish(self, state: DecodeState) -> None:
        """Give the state's cache back to the pool."""
        cache: KVCache = state.cache
        self._free[cache.rows, cache.capacity].append(cache)
        state.cache = None

    def warm_up(self, rows: int, capacities: Iterable[int], prefill_lengths: Iterable[int]) -> None:
        """Compile the graphs for these rows, capacities and prefill lengths by running them."""
        silence = np.zeros((self.config.bert_dim, 1), np.float32)
        for capacity in capacities:
            for length in prefill_lengths:
                state = self.start(rows)
                self._grow(state, max(capacity, length))
                bert = np.repeat(silence, length, 1)
                self.prefill(state, 0, DecodeInput(np.zeros(length, np.int64), bert))
                if length < self.max_length:
                    self.step(state, np.zeros(state.rows, np.int64))
                self.finish(state)

    def _run_prefill(self, sequence: DecodeInput, padded: int) -> tuple:
        if padded not in self._prefills:
            self._prefills[padded] = compile_cell(Prefill(self.network, padded))
        text, whole = len(sequence.phonemes), sequence.length
        phonemes, tokens, positions = (np.zeros(padded, np.int32) for _ in range(3))
        bert = np.zeros((padded, self.config.bert_dim), np.float32)
        phonemes[:text], bert[:text] = sequence.phonemes, sequence.bert.T
        tokens[text:whole] = sequence.prompt
        positions[:text], positions[text:whole] = np.arange(text), np.arange(whole - text)
        lengths = (np.array([n], np.int32) for n in (text, whole))
        arrays = (phonemes, tokens, positions, bert, *lengths)
        logits, cache = self._prefills[padded](*(to_tensor(array) for array in arrays))
        return (logits, *cache)

    def _step_graph(self, cache: KVCache) -> CompiledCell:
        key = cache.rows, cache.capacity
        if key not in self._steps:
            self._steps[key] = compile_cell(DecodeStep(self.network, *key))
        return self._steps[key]

    def _take(self, rows: int, capacity: int) -> KVCache:
        free = self._free[rows, capacity]
        return free.pop() if free else KVCache(self.config, rows, capacity, self._dtype)

    def _grow(self, state: DecodeState, length: int) -> None:
        old: KVCache = state.cache
        if length <= old.capacity:
            return
        new = self._take(old.rows, bucket(length, self.capacities))
        if state.active.any():
            every = range(old.rows)
            self._mover.move(old.parameters, every, new, every)
        state.cache = new
        self._free[old.rows, old.capacity].append(old)
