"""The key-value cache of the decode step, and the two ways to move rows into it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

import mindspore as ms
import numpy as np
import numpy.typing as npt
from mindspore import Tensor, nn, ops

from GPT_SoVITS import backend
from GPT_SoVITS.compiled import CompiledCell, compile_cell, to_tensor
from GPT_SoVITS.t2s.config import T2SConfig

_serial = itertools.count()


class KVCache:
    """Keys and values of every block for a fixed number of rows and a fixed capacity.

    One parameter per block and kind, (rows * heads, capacity, head_dim): what the step's batched matrix product reads
    without a copy. Entries that hold nothing are zero, because the step writes by adding.

    Attributes:
        rows: Sequences side by side.
        capacity: Entries per sequence.
        parameters: Keys of all blocks, then values of all blocks: the graphs' arguments. Graphs that take them are
            compiled for this very cache, so caches are kept and used again rather than made anew.
    """

    def __init__(self, config: T2SConfig, rows: int, capacity: int, dtype: npt.DTypeLike = np.float32) -> None:
        self.rows, self.capacity = rows, capacity
        name = f"t2s_cache_{next(_serial)}"
        shape = (rows * config.head, capacity, config.head_dim)
        self.parameters = tuple(
            ms.Parameter(ms.Tensor.from_numpy(np.zeros(shape, dtype)), name=f"{name}_{i}", requires_grad=False)
            for i in range(2 * config.n_layer)
        )

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return sum(int(p.nbytes) for p in self.parameters)


class RowMover(Protocol):
    """Copies sequences into a cache: a prefilled one into its row, or rows of one cache into another."""

    def move(
        self, source: Sequence[Tensor], source_rows: Sequence[int], target: KVCache, target_rows: Sequence[int]
    ) -> None:
        """Replace whole rows; entries beyond the source's length become zero.

        Args:
            source: Keys of all blocks, then values of all blocks, each (m * heads, length, head_dim).
            source_rows: Rows to copy, out of m.
            target: Cache of at least the source's length.
            target_rows: Where they go, as many.
        """


class HostMover:
    """Moves rows through the tensors' own memory, which ``asnumpy`` shares on CPU: one copy, several times faster."""

    def __init__(self, config: T2SConfig) -> None:
        self.heads = config.head

    def _rows(self, tensor: Tensor) -> np.ndarray:
        array: np.ndarray = tensor.asnumpy()
        return array.reshape(-1, self.heads, *array.shape[1:])

    def move(
        self, source: Sequence[Tensor], source_rows: Sequence[int], target: KVCache, target_rows: Sequence[int]
    ) -> None:
        """Replace whole rows; entries beyond the source's length become zero."""
        for origin, parameter in zip(source, target.parameters, strict=True):
            given, into = self._rows(origin), self._rows(parameter)
            for source_row, target_row in zip(source_rows, target_rows, strict=True):
                into[target_row, :, : given.shape[2]] = given[source_row]
                into[target_row, :, given.shape[2] :] = 0


class MoveRows(nn.Cell):
    """The graph of :class:`GraphMover` for a target capacity."""

    def __init__(self, config: T2SConfig, capacity: int) -> None:
        super().__init__()
        self.heads, self.head_dim, self.capacity = config.head, config.head_dim, capacity
        self.count = 2 * config.n_layer
        self.gather = ops.Gather()
        self.update = ops.ScatterUpdate()
        self.concat = ops.Concat(1)
        self.heads_of_row = ms.Tensor(np.arange(config.head, dtype=np.int32)[None])

    def _head_rows(self, rows: Tensor) -> Tensor:
        return (rows.reshape((-1, 1)) * self.heads + self.heads_of_row).reshape((-1,))

    def construct(self, source_rows: Tensor, target_rows: Tensor, *tensors: Tensor) -> Tensor:
        """Rows (n,) int32; then the sources (m * heads, length, head_dim) and the target cache's parameters."""
        source, target = self._head_rows(source_rows), self._head_rows(target_rows)
        for i in range(self.count):
            moved = self.gather(tensors[i], source, 0)
            missing = self.capacity - moved.shape[1]
            if missing > 0:
                padding = ops.zeros((moved.shape[0], missing, self.head_dim), moved.dtype)
                moved = self.concat((moved, padding))
            self.update(tensors[self.count + i], target, moved)
        return target_rows


class GraphMover:
    """Moves rows on the device; nothing travels to the host."""

    def __init__(self, config: T2SConfig) -> None:
        self.config = config
        self._graphs: dict[int, CompiledCell] = {}

    def move(
        self, source: Sequence[Tensor], source_rows: Sequence[int], target: KVCache, target_rows: Sequence[int]
    ) -> None:
        """Replace whole rows; entries beyond the source's length become zero."""
        if target.capacity not in self._graphs:
            self._graphs[target.capacity] = compile_cell(MoveRows(self.config, target.capacity))
        rows = (to_tensor(np.array(r, np.int32)) for r in (source_rows, target_rows))
        self._graphs[target.capacity](*rows, *source, *target.parameters)


class _Increment(nn.Cell):
    """Adds one to a parameter given as an argument, as the step writes its cache."""

    def __init__(self) -> None:
        super().__init__()
        self.add = ops.AssignAdd()

    def construct(self, parameter: Tensor) -> Tensor:
        return self.add(parameter, 1.0)


@lru_cache(maxsize=1)
def memory_is_shared() -> bool:
    """Whether graphs see what the host writes into a parameter's array, and the other way round."""
    parameter = ms.Parameter(ms.Tensor.from_numpy(np.zeros(1, np.float32)), name="t2s_shared_memory_probe")
    increment = compile_cell(_Increment())
    increment(parameter)
    view = parameter.asnumpy()
    before = float(view[0])
    view[0] = 5.0
    after = float(increment(parameter).asnumpy()[0])
    return (before, after, float(view[0])) == (1.0, 6.0, 6.0)


def choose_mover(config: T2SConfig) -> RowMover:
    """Return the fastest way of moving rows that works on this device and with this version of MindSpore."""
    if not backend.set_up().is_ascend and memory_is_shared():
        return HostMover(config)
    return GraphMover(config)
