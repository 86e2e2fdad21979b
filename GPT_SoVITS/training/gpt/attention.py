"""Self-attention for training, which keeps no scores: its gradient computes them again."""

from __future__ import annotations

import mindspore as ms
from mindspore import Tensor, nn, ops

from GPT_SoVITS import backend


class LeanAttention(nn.Cell):
    """Attention of whole sequences, from queries, keys and values side by side.

    Scores of all heads are by far the largest tensors of a transformer. What :meth:`gradient` needs is the input and
    the result. Heads are parted by ``Gather`` on a CPU, where every ``Transpose`` of a graph holds twice the memory of
    its tensor for good.

    Args:
        heads: Attention heads.
        head_dim: Width of each.
    """

    def __init__(self, heads: int, head_dim: int) -> None:
        super().__init__()
        self.heads, self.head_dim, self.scale = heads, head_dim, head_dim**-0.5
        self.scores, self.mix = ops.BatchMatMul(transpose_b=True), ops.BatchMatMul()
        self.collect = ops.BatchMatMul(transpose_a=True)
        self.softmax = ops.Softmax(-1)
        self.split = ops.Split(1, 3)
        self.transpose, self.gather = ops.Transpose(), ops.Gather()
        self.gathers = not backend.set_up().is_ascend

    def swapped(self, rows: Tensor, sizes: tuple[int, int, int]) -> Tensor:
        """Rows (a * b * c, head_dim) in the order (a, b, c) -> in the order (a, c, b)."""
        if not self.gathers:
            return self.transpose(rows.reshape((*sizes, self.head_dim)), (0, 2, 1, 3))
        places = ops.arange(sizes[0] * sizes[1] * sizes[2]).astype(ms.int32).reshape(sizes)
        return self.gather(rows, self.transpose(places, (0, 2, 1)).reshape((-1,)), 0)

    def heads_of(self, rows: Tensor, batch: int, parts: int) -> Tensor:
        """(batch * N, parts * dim) -> (batch, parts * heads, N, head_dim)."""
        length, count = rows.shape[0] // batch, parts * self.heads
        heads = self.swapped(rows.reshape((-1, self.head_dim)), (batch, length, count))
        return heads.reshape((batch, count, length, self.head_dim))

    def rows_of(self, heads: Tensor) -> Tensor:
        """(batch, parts * heads, N, head_dim) -> (batch * N, parts * dim)."""
        batch, count, length, _ = heads.shape
        rows = self.swapped(heads.reshape((-1, self.head_dim)), (batch, count, length))
        return rows.reshape((batch * length, count * self.head_dim))

    def weights(self, queries: Tensor, keys: Tensor, mask: Tensor) -> Tensor:
        """Return what each row takes of each column, before dropout; queries are scaled."""
        return self.softmax((self.scores(queries, keys) + mask).astype(ms.float32))

    def construct(self, qkv: Tensor, mask: Tensor, factors: tuple[Tensor, ...]) -> Tensor:
        """Attend.

        Args:
            qkv: (batch * N, 3 * dim).
            mask: Added to the scores, (batch, heads, N, N).
            factors: What the weights are multiplied by, (batch, heads, N, N): that of dropout, or nothing.

        Returns:
            (batch * N, dim).
        """
        queries, keys, values = self.split(self.heads_of(qkv, mask.shape[0], 3))
        weights = self.weights(queries * self.scale, keys, mask)
        for factor in factors:
            weights = weights * factor
        return self.rows_of(self.mix(weights, values))

    def gradient(self, qkv: Tensor, mask: Tensor, factors: tuple[Tensor, ...], out: Tensor, dout: Tensor) -> Tensor:
        """Return the gradient of ``qkv``, from the result ``out`` and its gradient (batch * N, dim)."""
        batch, length = mask.shape[0], mask.shape[3]
        queries, keys, values = self.split(self.heads_of(qkv, batch, 3))
        queries = queries * self.scale
        weights = self.weights(queries, keys, mask)
        dmixed = self.heads_of(dout, batch, 1)
        taken, asked = weights, self.scores(dmixed, values)
        for factor in factors:
            taken, asked = taken * factor, asked * factor
        dvalues = self.collect(taken, dmixed)
        # The sum of each row of weights times their gradients is that of the result times its gradient.
        own = (dmixed * self.heads_of(out, batch, 1)).sum(-1, keepdims=True)
        dscores = weights * (asked - ops.tile(own, (1, 1, 1, length)))
        dqueries = self.mix(dscores, keys) * self.scale
        dkeys = self.collect(dscores, queries)
        return self.rows_of(ops.cat((dqueries, dkeys, dvalues), 1))
