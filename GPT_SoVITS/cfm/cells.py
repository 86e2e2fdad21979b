"""Layers of the diffusion transformer as cells, under official parameter names (``f5_tts.model.modules``).

All take rows of time, (B, T, C), with a mask (B, T, C) of the frames that exist where neighbours or sums over time are
concerned, so that inputs may be padded to any length.
"""

from __future__ import annotations

from math import sqrt

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn, ops

from GPT_SoVITS import backend
from GPT_SoVITS.cfm.config import NORM_EPS, CfmConfig
from GPT_SoVITS.layers.activation import Gelu, Mish
from GPT_SoVITS.layers.convolution import Conv1d, same_padding
from GPT_SoVITS.layers.dropout import Dropout
from GPT_SoVITS.layers.linear import Linear
from GPT_SoVITS.layers.normalisation import LayerNorm
from GPT_SoVITS.layers.parameters import parameter
from GPT_SoVITS.sovits.activation import Tanh
from GPT_SoVITS.sovits.attention import MASKED

GRN_FLOOR = 1e-6


class Silu(nn.Cell):
    """``x * sigmoid(x)``."""

    def construct(self, x: Tensor) -> Tensor:
        return x * ops.sigmoid(x)


class GeluTanh(nn.Cell):
    """GELU with the hyperbolic tangent (``approximate="tanh"``)."""

    def __init__(self) -> None:
        super().__init__()
        self.tanh = Tanh()

    def construct(self, x: Tensor) -> Tensor:
        return x * 0.5 * (self.tanh((x * x * 0.044715 + 1.0) * x * 0.7978845608028654) + 1.0)


class PlainNorm(nn.Cell):
    """Layer norm over the last axis without weight and bias; statistics are float32 whatever x (B, T, dim) is."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim
        self.fused = backend.set_up().is_ascend
        self.kernel = ops.LayerNorm(-1, -1, NORM_EPS)
        self.ones, self.zeros = ms.Tensor(np.ones(dim, np.float32)), ms.Tensor(np.zeros(dim, np.float32))
        self.average = ms.Tensor(np.full((dim, 1), 1.0 / dim, np.float32))
        self.matmul = ops.MatMul()

    def construct(self, x: Tensor) -> Tensor:
        if self.fused:
            return self.kernel(x, self.ones.astype(x.dtype), self.zeros.astype(x.dtype))[0]
        rows = x.reshape((-1, self.dim)).astype(ms.float32)
        centred = rows - ops.tile(self.matmul(rows, self.average), (1, self.dim))
        variance = self.matmul(centred * centred, self.average)
        scaled = centred * ops.tile(ops.rsqrt(variance + NORM_EPS), (1, self.dim))
        return scaled.reshape(x.shape).astype(x.dtype)


class TimeEmbedding(nn.Cell):
    """Sines and cosines of moments (n, frequencies) -> (n, width)."""

    def __init__(self, config: CfmConfig) -> None:
        super().__init__()
        self.time_mlp = nn.CellList(
            [Linear(config.frequencies, config.width), Silu(), Linear(config.width, config.width)]
        )

    def construct(self, x: Tensor) -> Tensor:
        return self.time_mlp[2](self.time_mlp[1](self.time_mlp[0](x)))


class ResponseNorm(nn.Cell):
    """Global response normalisation over time (GRN of ConvNeXt V2); x and mask (B, T, C)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.gamma = parameter(1, 1, channels)
        self.beta = parameter(1, 1, channels)
        self.total = ops.ReduceSum(keep_dims=True)

    def construct(self, x: Tensor, mask: Tensor) -> Tensor:
        batch, count, _ = x.shape
        # A sum of squares over a thousand frames is beyond half precision.
        wide = (x * mask).astype(ms.float32)
        response = ops.sqrt(self.total(wide * wide, 1))  # (B, 1, C)
        mean = self.total(response, 2) * (1.0 / self.channels)
        response = response / (ops.tile(mean, (1, 1, self.channels)) + GRN_FLOOR)
        gain = ops.tile(self.gamma, (batch, 1, 1)).astype(ms.float32) * response + 1.0
        return x * ops.tile(gain.astype(x.dtype), (1, count, 1)) + ops.tile(self.beta, (batch, count, 1))


class TextBlock(nn.Cell):
    """ConvNeXt V2 block with its residual; x and mask (B, T, C), wide mask (B, T, 2 C)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.dwconv = Conv1d(channels, channels, 7, padding=same_padding(7), groups=channels)
        self.norm = LayerNorm(channels, NORM_EPS)
        self.pwconv1 = Linear(channels, 2 * channels)
        self.act = Gelu()
        self.grn = ResponseNorm(2 * channels)
        self.pwconv2 = Linear(2 * channels, channels)

    def construct(self, x: Tensor, mask: Tensor, wide_mask: Tensor) -> Tensor:
        y = self.dwconv((x * mask).swapaxes(1, 2)).swapaxes(1, 2)
        y = self.act(self.pwconv1(self.norm(y)))
        return x + self.pwconv2(self.grn(y, wide_mask))


class TextEmbedding(nn.Cell):
    """Condition with its positions added, mask, (B, T, text) each -> its embedding (B, T, text)."""

    def __init__(self, config: CfmConfig) -> None:
        super().__init__()
        self.text_blocks = nn.CellList([TextBlock(config.text) for _ in range(config.text_blocks)])
        self.count = config.text_blocks

    def construct(self, x: Tensor, mask: Tensor) -> Tensor:
        wide_mask = ops.cat((mask, mask), 2)
        for i in range(self.count):
            x = self.text_blocks[i](x, mask, wide_mask)
        return x * mask


class PositionEmbedding(nn.Cell):
    """Two grouped convolutions, each with Mish; x and mask (B, width, T)."""

    def __init__(self, config: CfmConfig) -> None:
        super().__init__()

        def conv() -> Conv1d:
            kernel, groups = config.position_kernel, config.position_groups
            return Conv1d(config.width, config.width, kernel, padding=same_padding(kernel), groups=groups)

        self.conv1d = nn.CellList([conv(), Mish(), conv(), Mish()])

    def construct(self, x: Tensor, mask: Tensor) -> Tensor:
        x = self.conv1d[1](self.conv1d[0](x * mask)) * mask
        return self.conv1d[3](self.conv1d[2](x)) * mask


class InputEmbedding(nn.Cell):
    """x and prompt (B, T, mel), text (B, T, text), mask (B, width, T) -> (B, T, width)."""

    def __init__(self, config: CfmConfig) -> None:
        super().__init__()
        self.proj = Linear(2 * config.mel + config.text, config.width)
        self.conv_pos_embed = PositionEmbedding(config)

    def construct(self, x: Tensor, prompt: Tensor, text: Tensor, mask: Tensor) -> Tensor:
        x = self.proj(ops.cat((x, prompt, text), 2))
        return x + self.conv_pos_embed(x.swapaxes(1, 2), mask).swapaxes(1, 2)


class Attention(nn.Cell):
    """Attention of which the first head alone knows positions; x (B, T, width), bias (B, heads, T, T).

    Rotations are cosines and sines (B, T, head_dim / 2).
    """

    def __init__(self, config: CfmConfig) -> None:
        super().__init__()
        width = config.width
        self.to_q, self.to_k, self.to_v = Linear(width, width), Linear(width, width), Linear(width, width)
        self.to_out = nn.CellList([Linear(width, width), Dropout()])
        self.heads, self.dim = config.heads, config.head_dim
        self.scale = 1.0 / sqrt(config.head_dim)
        self.by_keys = ops.BatchMatMul(transpose_b=True)
        self.by_values = ops.BatchMatMul()

    def rotate(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """Rotate neighbouring channels of the first head."""
        batch, count, _ = x.shape
        pairs = x[:, :, : self.dim].reshape((batch, count, self.dim // 2, 2))
        even, odd = pairs[:, :, :, 0], pairs[:, :, :, 1]
        turned = ops.stack((even * cos - odd * sin, odd * cos + even * sin), 3).reshape((batch, count, self.dim))
        return ops.cat((turned, x[:, :, self.dim :]), 2)

    def split(self, x: Tensor) -> Tensor:
        """(B, T, width) -> (B, heads, T, dim)."""
        return x.reshape((x.shape[0], x.shape[1], self.heads, self.dim)).swapaxes(1, 2)

    def construct(self, x: Tensor, bias: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        q = self.split(self.rotate(self.to_q(x) * self.scale, cos, sin))
        k = self.split(self.rotate(self.to_k(x), cos, sin))
        weights = ops.softmax(self.by_keys(q, k) + bias, -1)
        y = self.by_values(weights, self.split(self.to_v(x)))
        return self.to_out[1](self.to_out[0](y.swapaxes(1, 2).reshape(x.shape)))


class FeedForward(nn.Cell):
    """Two products with a GELU between; ``factors``, of a dropout drawn elsewhere, multiply what lies between."""

    def __init__(self, config: CfmConfig) -> None:
        super().__init__()
        up, down = Linear(config.width, config.feed_forward), Linear(config.feed_forward, config.width)
        self.ff = nn.CellList([nn.CellList([up, GeluTanh()]), Dropout(), down])

    def construct(self, x: Tensor, *factors: Tensor) -> Tensor:
        hidden = self.ff[1](self.ff[0][1](self.ff[0][0](x)))
        for factor in factors:
            hidden = hidden * factor
        return self.ff[2](hidden)


class AdaptiveNorm(nn.Cell):
    """Holds the product that turns an embedded moment into ``parts`` vectors of the width."""

    def __init__(self, config: CfmConfig, parts: int) -> None:
        super().__init__()
        self.linear = Linear(config.width, parts * config.width)

    def construct(self, x: Tensor) -> Tensor:
        return self.linear(x)


def modulated(x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """``x * (1 + scale) + shift``, the vectors (1, 1, C), or (B, 1, C) for every row its own, written out over rows."""
    return x * over_rows(scale + 1.0, x) + over_rows(shift, x)


def over_rows(vectors: Tensor, x: Tensor) -> Tensor:
    """Write vectors (1, 1, C) or (B, 1, C) out to the shape of x (B, T, C)."""
    return ops.tile(vectors, (x.shape[0] // vectors.shape[0], x.shape[1], 1))


class Block(nn.Cell):
    """A transformer block; see :class:`Attention`.

    moment (1, 1, 6 * width), or (B, 1, 6 * width), as :class:`AdaptiveNorm` makes it, attended (B, T, width): 0 for
    rows that attention gives nothing to, and whatever else multiplies its result; factors as for :class:`FeedForward`.
    """

    def __init__(self, config: CfmConfig) -> None:
        super().__init__()
        self.attn_norm = AdaptiveNorm(config, 6)
        self.attn, self.ff = Attention(config), FeedForward(config)
        self.norm = PlainNorm(config.width)
        self.width = config.width

    def construct(
        self, x: Tensor, moment: Tensor, bias: Tensor, attended: Tensor, cos: Tensor, sin: Tensor, *factors: Tensor
    ) -> Tensor:
        w = self.width
        parts = [moment[:, :, i * w : (i + 1) * w] for i in range(6)]
        y = self.attn(modulated(self.norm(x), parts[1], parts[0]), bias, cos, sin) * attended
        x = x + over_rows(parts[2], x) * y
        y = self.ff(modulated(self.norm(x), parts[4], parts[3]), *factors)
        return x + over_rows(parts[5], x) * y


def key_bias(keys: Tensor, heads: int) -> Tensor:
    """What to add to scores: keys (B, T) of 0 and 1 -> (B, heads, T, T)."""
    count = keys.shape[1]
    return ops.tile(((1.0 - keys) * MASKED).reshape((keys.shape[0], 1, 1, count)), (1, heads, count, 1))
