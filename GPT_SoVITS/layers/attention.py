"""Self-attention for training, which keeps no scores: its gradient computes them again."""

from __future__ import annotations

import mindspore as ms
from mindspore import Tensor, nn, ops

from GPT_SoVITS.layers.dropout import Dropout


class LeanAttention(nn.Cell):
    """Attention of whole sequences, from queries, keys and values side by side.

    Scores of all heads are by far the largest tensors of a transformer. For its gradients MindSpore would keep them
    several times in each layer; of this cell it keeps the input and the result.

    Args:
        heads: Attention heads.
        head_dim: Width of each.
        drop: Dropout of the weights, which is linear: its gradient is itself.
        scores: Product of queries and keys, the second one transposed.
        mix: Product of weights and values.
    """

    def __init__(self, heads: int, head_dim: int, drop: Dropout, scores: nn.Cell, mix: nn.Cell) -> None:
        super().__init__()
        self.heads, self.head_dim, self.scale = heads, head_dim, head_dim**-0.5
        self.drop, self.scores, self.mix = drop, scores, mix
        self.gather = ops.BatchMatMul(transpose_a=True)
        self.softmax = ops.Softmax(-1)
        self.split = ops.Split(1, 3)
        self.transpose = ops.Transpose()
        self.depend = ops.Depend()

    def heads_of(self, rows: Tensor, batch: int, parts: int) -> Tensor:
        """(batch * N, parts * dim) -> (batch, parts * heads, N, head_dim)."""
        return self.transpose(rows.reshape((batch, -1, parts * self.heads, self.head_dim)), (0, 2, 1, 3))

    def rows_of(self, heads: Tensor) -> Tensor:
        """(batch, parts * heads, N, head_dim) -> (batch * N, parts * dim)."""
        return self.transpose(heads, (0, 2, 1, 3)).reshape((-1, heads.shape[1] * self.head_dim))

    def weights(self, queries: Tensor, keys: Tensor, mask: Tensor) -> Tensor:
        """Return what each row takes of each column, before dropout; queries are scaled."""
        return self.softmax((self.scores(queries, keys) + mask).astype(ms.float32))

    def construct(self, qkv: Tensor, mask: Tensor) -> Tensor:
        """(batch * N, 3 * dim), mask added to the scores (batch, heads, N, N) -> (batch * N, dim)."""
        queries, keys, values = self.split(self.heads_of(qkv, mask.shape[0], 3))
        weights = self.drop(self.weights(queries * self.scale, keys, mask).astype(values.dtype))
        return self.rows_of(self.mix(weights, values))

    def bprop(self, qkv: Tensor, mask: Tensor, out: Tensor, dout: Tensor) -> tuple[Tensor, Tensor]:
        """Return the gradient of the first input; nothing is learnt from a mask."""
        batch, length = mask.shape[0], mask.shape[3]
        # Else the graph would compute it early, or not at all, and keep it until here.
        qkv = self.depend(qkv, dout)
        queries, keys, values = self.split(self.heads_of(qkv, batch, 3))
        queries = queries * self.scale
        weights = self.weights(queries, keys, mask)
        dmixed = self.heads_of(dout, batch, 1)
        dvalues = self.gather(self.drop(weights), dmixed)
        # The sum of each row of weights times their gradients is that of the result times its gradient.
        own = (dmixed * self.heads_of(out, batch, 1)).sum(-1, keepdims=True)
        dscores = weights * (self.drop(self.scores(dmixed, values)) - ops.tile(own, (1, 1, 1, length)))
        dqueries = self.mix(dscores, keys) * self.scale
        dkeys = self.gather(dscores, queries)
        return self.rows_of(ops.cat((dqueries, dkeys, dvalues), 1)), ops.zeros_like(mask)
