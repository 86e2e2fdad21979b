"""The transformer layer that HuBERT and BERT share: self-attention and feed-forward, normalised after the addition."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from mindspore import Tensor, nn, ops

from GPT_SoVITS.layers.activation import Gelu
from GPT_SoVITS.layers.linear import Linear
from GPT_SoVITS.layers.normalisation import LayerNorm
from GPT_SoVITS.layers.weights import WeightsError

MASKED_SCORE = -1e4
"""Added to the score of a padded key: its exponential is 0 in float32 and float16, and float16 can hold it."""


class AttentionBias(nn.Cell):
    """Key mask (B, L), 1 valid and 0 padding -> what is added to attention scores, (B, heads, L, L).

    The full shape is made once for all layers, because adding equal shapes is several times faster on CPU than
    broadcasting in every layer.
    """

    def __init__(self, heads: int) -> None:
        super().__init__()
        self.heads = heads

    def construct(self, mask: Tensor) -> Tensor:
        batch, length = mask.shape
        bias = (1.0 - mask) * MASKED_SCORE
        return ops.broadcast_to(bias.reshape((batch, 1, 1, length)), (batch, self.heads, length, length))


class SelfAttention(nn.Cell):
    """Multi-head self-attention with one product for queries, keys and values; x (B, L, dim).

    ``qkv`` holds the three projections below each other, the queries' already scaled (see :func:`fuse_projections`).
    """

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.dim, self.heads = dim, heads
        self.qkv = Linear(dim, 3 * dim)
        self.out_proj = Linear(dim, dim)
        self.product = ops.BatchMatMul()
        self.product_with_keys = ops.BatchMatMul(transpose_b=True)

    def construct(self, x: Tensor, bias: Tensor) -> Tensor:
        batch, length, _ = x.shape
        heads = self.heads
        qkv = self.qkv(x).reshape((batch, length, 3 * heads, self.dim // heads))
        qkv = qkv.transpose((0, 2, 1, 3))  # (B, L, 3 heads, d) -> (B, 3 heads, L, d)
        query, key, value = qkv[:, :heads], qkv[:, heads : 2 * heads], qkv[:, 2 * heads :]
        weights = ops.softmax(self.product_with_keys(query, key) + bias, -1)
        context = self.product(weights, value).transpose((0, 2, 1, 3))  # (B, heads, L, d) -> (B, L, heads, d)
        return self.out_proj(context.reshape((batch, length, self.dim)))


class FeedForward(nn.Cell):
    """Two matrices with an exact GELU between; x (B, L, dim)."""

    def __init__(self, dim: int, intermediate: int) -> None:
        super().__init__()
        self.intermediate_dense = Linear(dim, intermediate)
        self.output_dense = Linear(intermediate, dim)
        self.gelu = Gelu()

    def construct(self, x: Tensor) -> Tensor:
        return self.output_dense(self.gelu(self.intermediate_dense(x)))


class PostNormLayer(nn.Cell):
    """``norm(x + attention(x))``, then ``norm(x + feed_forward(x))``; x (B, L, dim), bias (B, heads, L, L)."""

    def __init__(self, dim: int, heads: int, intermediate: int, eps: float) -> None:
        super().__init__()
        self.attention = SelfAttention(dim, heads)
        self.layer_norm = LayerNorm(dim, eps)
        self.feed_forward = FeedForward(dim, intermediate)
        self.final_layer_norm = LayerNorm(dim, eps)

    def construct(self, x: Tensor, bias: Tensor) -> Tensor:
        x = self.layer_norm(x + self.attention(x, bias))
        return self.final_layer_norm(x + self.feed_forward(x))


def fuse_projections(arrays: Mapping[str, np.ndarray], names: Sequence[str], heads: int) -> dict[str, np.ndarray]:
    """Put the query, key and value projections of every attention into one ``qkv``, the queries scaled by d**-0.5.

    Args:
        arrays: Official keys, attentions as ``<prefix>.<name>.weight`` and ``.bias``.
        names: The three names, queries first, for instance ``("q_proj", "k_proj", "v_proj")``.
        heads: Number of attention heads; a head size that is a power of 4 makes the scale exact.

    Returns:
        The arrays with ``<prefix>.qkv.weight`` (3 dim, dim) and ``<prefix>.qkv.bias`` in place of the six.

    Raises:
        WeightsError: an attention lacks some of its six arrays, or their shapes differ.
    """
    pattern = re.compile(rf"(.*)\.(?:{'|'.join(map(re.escape, names))})\.(weight|bias)")
    result: dict[str, np.ndarray] = {}
    for key, array in arrays.items():
        match = pattern.fullmatch(key)
        if not match:
            result[key] = array
            continue
        prefix, kind = match.groups()
        fused = f"{prefix}.qkv.{kind}"
        if fused not in result:
            result[fused] = _stack(arrays, [f"{prefix}.{name}.{kind}" for name in names], heads)
    return result


def _stack(arrays: Mapping[str, np.ndarray], keys: Sequence[str], heads: int) -> np.ndarray:
    missing = [key for key in keys if key not in arrays]
    if missing:
        raise WeightsError(f"an attention lacks {', '.join(missing)}")
    parts = [arrays[key] for key in keys]
    if len({part.shape for part in parts}) != 1:
        found = ", ".join(f"{key} {part.shape}" for key, part in zip(keys, parts, strict=True))
        raise WeightsError(f"the projections of an attention differ in shape: {found}")
    scale = np.float32((parts[0].shape[0] // heads) ** -0.5)
    return np.concatenate([parts[0] * scale, parts[1], parts[2]])
