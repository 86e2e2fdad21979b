"""Layer normalisation over the last axis or over channels.

On CPU the LayerNorm operator is scalar, reductions of three-dimensional tensors are slower still, and arithmetic that
broadcasts is slow and keeps an index table of 16 bytes an element for every use. So there averages are products with a
vector of 1/dim, means are repeated with ``tile``, and ``weight / sqrt(var + eps)`` is written out as an outer product:
0.25 ms against the operator's 0.45 (256 x 512), 0.40 against 1.40 (544 x 768). For the few rows of a decode step the
operator wins. Ascend has a fused kernel and always takes it.
"""

from __future__ import annotations

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn, ops

from GPT_SoVITS import backend
from GPT_SoVITS.layers.parameters import parameter

FEW_ROWS = 32
"""Up to this many rows the LayerNorm operator is faster on CPU than several operators."""


class Normalisation(nn.Cell):
    """Layer norm over the last axis of a network whose weights are inputs; x (..., dim), weight and bias (dim,).

    Statistics are float32 whatever x is.
    """

    def __init__(self, dim: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.dim, self.eps = dim, eps
        self.fused = backend.set_up().is_ascend
        self.kernel = ops.LayerNorm(-1, -1, eps)
        self.average = ms.Tensor(np.full((dim, 1), 1.0 / dim, np.float32))
        self.matmul = ops.MatMul()
        self.bias_add = ops.BiasAdd()

    def construct(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        if self.fused:
            return self.kernel(x, weight, bias)[0]
        rows = x.reshape((-1, self.dim)).astype(ms.float32)
        weight, bias = weight.astype(ms.float32), bias.astype(ms.float32)
        if rows.shape[0] <= FEW_ROWS:
            return self.kernel(rows, weight, bias)[0].reshape(x.shape).astype(x.dtype)
        centred = rows - ops.tile(self.matmul(rows, self.average), (1, self.dim))
        variance = self.matmul(centred * centred, self.average)  # (N, 1)
        scale = self.matmul(ops.rsqrt(variance + self.eps), weight.reshape((1, -1)))  # (N, dim)
        return self.bias_add(centred * scale, bias).reshape(x.shape).astype(x.dtype)


class LayerNorm(nn.Cell):
    """PyTorch's LayerNorm over the last axis; parameters ``weight`` and ``bias``; x (..., dim)."""

    def __init__(self, dim: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.weight = parameter(dim)
        self.bias = parameter(dim)
        self.normalise = Normalisation(dim, eps)

    def construct(self, x: Tensor) -> Tensor:
        return self.normalise(x, self.weight, self.bias)


class ChannelLayerNorm(nn.Cell):
    """Layer norm over axis 1, parameters ``gamma`` and ``beta`` as in the VITS encoders; x (B, C, L).

    Statistics are float32 whatever x is.
    """

    def __init__(self, channels: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.channels, self.eps = channels, eps
        self.gamma = parameter(channels)
        self.beta = parameter(channels)
        self.fused = backend.set_up().is_ascend
        self.kernel = ops.LayerNorm(-1, -1, eps)
        self.average = ms.Tensor(np.full((1, channels), 1.0 / channels, np.float32))
        self.bias_add, self.product = ops.BiasAdd(), ops.BatchMatMul()

    def construct(self, x: Tensor) -> Tensor:
        if self.fused:
            rows = x.swapaxes(1, 2)  # (B, C, L) -> (B, L, C)
            return self.kernel(rows, self.gamma, self.beta)[0].swapaxes(1, 2)
        columns = x.astype(ms.float32)
        centred = columns - ops.tile(ops.matmul(self.average, columns), (1, self.channels, 1))
        variance = ops.matmul(self.average, centred * centred)  # (B, 1, L)
        # ``ops.matmul`` has no gradient of such a product where the batch is 1.
        gamma = ops.tile(self.gamma.astype(ms.float32).reshape((1, -1, 1)), (x.shape[0], 1, 1))
        scale = self.product(gamma, ops.rsqrt(variance + self.eps))  # (B, C, L)
        return self.bias_add(centred * scale, self.beta.astype(ms.float32)).astype(x.dtype)
