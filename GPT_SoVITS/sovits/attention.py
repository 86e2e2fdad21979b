"""Attention of the VITS encoders, kept in the (B, C, T) layout throughout: no transposition anywhere.

Queries, keys and values are pointwise convolutions, so a head is a slice of channels, (B, heads, dim, T), and both
products of attention are batched matrix products with one operand read transposed.
"""

from __future__ import annotations

from math import sqrt

from mindspore import Tensor, nn, ops

from GPT_SoVITS.layers.convolution import Conv1d
from GPT_SoVITS.layers.dropout import Dropout
from GPT_SoVITS.layers.parameters import parameter

MASKED = -1e4
"""Added to scores of padded keys: their weight underflows to exactly 0, and half precision can hold the number."""


def key_bias(mask: Tensor, heads: int, queries: int) -> Tensor:
    """Return what to add to scores for a mask of keys; mask (B, 1, S) of 0 and 1 -> (B, heads, queries, S).

    It is written out in full: on CPU arithmetic that broadcasts is slow, and each use of it keeps an index table.
    """
    return ops.tile(((1.0 - mask) * MASKED).expand_dims(1), (1, heads, queries, 1))


def over_channels(row: Tensor, channels: int) -> Tensor:
    """Repeat a mask or condition over channels, for arithmetic of equal shapes; (B, 1, T) -> (B, channels, T)."""
    return ops.tile(row, (1, channels, 1))


class _Heads(nn.Cell):
    """The projections that both kinds of attention share; parameter names as in the official MultiHeadAttention."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.channels, self.heads, self.dim = channels, heads, channels // heads
        self.conv_q = Conv1d(channels, channels, 1)
        self.conv_k = Conv1d(channels, channels, 1)
        self.conv_v = Conv1d(channels, channels, 1)
        self.conv_o = Conv1d(channels, channels, 1)
        self.scale = 1.0 / sqrt(self.dim)
        self.queries_by_keys = ops.BatchMatMul(transpose_a=True)
        self.values_by_weights = ops.BatchMatMul(transpose_b=True)

    def split(self, x: Tensor) -> Tensor:
        """(B, C, T) -> (B, heads, dim, T)."""
        return x.reshape((x.shape[0], self.heads, self.dim, x.shape[2]))


class CrossAttention(_Heads):
    """Scaled dot-product attention of x (B, C, T) over context (B, C, S); bias (B, heads, T, S)."""

    def construct(self, x: Tensor, context: Tensor, bias: Tensor) -> Tensor:
        q = self.split(self.conv_q(x) * self.scale)
        k = self.split(self.conv_k(context))
        v = self.split(self.conv_v(context))
        weights = ops.softmax(self.queries_by_keys(q, k) + bias, -1)  # (B, heads, T, S)
        return self.conv_o(self.values_by_weights(v, weights).reshape(x.shape))


class RelativeAttention(_Heads):
    """Self-attention with learned embeddings of the relative positions -window..window (Shaw et al., 2018).

    Beyond the window an embedding is zero. Agrees with ``attentions.MultiHeadAttention(window_size=window)``.
    x (B, C, T), bias (B, heads, T, T) -> (B, C, T).

    The relative terms live on a band of 2 * window + 1 diagonals. Rows of the band padded to T + 2 * window + 1 and
    read back as rows one shorter put element (i, r) at column i + r: that is its place in the square matrix. Measured
    15 times faster than gathering by index; reading the band of a square matrix is the same in reverse.
    """

    def __init__(self, channels: int, heads: int, window: int) -> None:
        super().__init__(channels, heads)
        self.window, self.width = window, 2 * window + 1
        self.emb_rel_k = parameter(1, self.width, self.dim)
        self.emb_rel_v = parameter(1, self.width, self.dim)
        self.both_transposed = ops.BatchMatMul(transpose_a=True, transpose_b=True)
        self.drop = Dropout()

    def _per_head(self, embedding: Tensor, batch: int) -> Tensor:
        """(1, width, dim) -> (batch, heads, width, dim)."""
        return ops.tile(embedding.expand_dims(0), (batch, self.heads, 1, 1))

    def _band_to_square(self, band: Tensor) -> Tensor:
        """(B, heads, T, width) -> (B, heads, T, T), zero off the band."""
        batch, heads, length, width = band.shape
        row = length + width - 1
        zeros = ops.zeros((batch, heads, length, length), band.dtype)
        flat = ops.cat((band, zeros), -1).reshape((batch, heads, length * (row + 1)))
        skewed = flat[:, :, : length * row].reshape((batch, heads, length, row))
        return skewed[:, :, :, self.window : self.window + length]

    def _square_to_band(self, square: Tensor) -> Tensor:
        """(B, heads, T, T) -> (B, heads, T, width), zero where the band leaves the square."""
        batch, heads, length, _ = square.shape
        row = length + self.width - 1
        edge = ops.zeros((batch, heads, length, self.window), square.dtype)
        flat = ops.cat((edge, square, edge), -1).reshape((batch, heads, length * row))
        tail = ops.zeros((batch, heads, length), square.dtype)
        skewed = ops.cat((flat, tail), -1).reshape((batch, heads, length, row + 1))
        return skewed[:, :, :, : self.width]

    def construct(self, x: Tensor, bias: Tensor) -> Tensor:
        q = self.split(self.conv_q(x) * self.scale)
        k = self.split(self.conv_k(x))
        v = self.split(self.conv_v(x))
        relative_keys = self._per_head(self.emb_rel_k, x.shape[0])
        relative_values = self._per_head(self.emb_rel_v, x.shape[0])
        local = self._band_to_square(self.both_transposed(q, relative_keys))
        weights = self.drop(ops.softmax(self.queries_by_keys(q, k) + local + bias, -1))  # (B, heads, T, T)
        y = self.values_by_weights(v, weights)
        y = y + self.both_transposed(relative_values, self._square_to_band(weights))
        return self.conv_o(y.reshape(x.shape))
