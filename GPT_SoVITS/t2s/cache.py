"""The key-value cache of the decode step, and the graph that moves rows into it."""

from __future__ import annotations

import itertools

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn, ops

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

    def __init__(self, config: T2SConfig, rows: int, capacity: int, dtype: type = np.float32) -> None:
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


class MoveRows(nn.Cell):
    """Copies sequences into a cache: a prefilled one into its row, or the rows of another cache into a larger one.

    Whole rows are replaced: entries beyond the source's length become zero.
    """

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
