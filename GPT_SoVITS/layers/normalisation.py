"""Layer normalisation over the last axis or over channels.

MindSpore's CPU kernel for LayerNorm is slower than the same sums written as products with a vector of 1/dim, which
run on the fast matrix product; Ascend has a fused kernel. The choice is made once, in the constructor.
"""

from __future__ import annotations

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn, ops

from GPT_SoVITS import backend
from GPT_SoVITS.layers.parameters import parameter


class _Normalise(nn.Cell):
    """``(x - mean) / sqrt(var + eps)`` over the last axis; x (..., dim)."""

    def __init__(self, dim: int, eps: float) -> None:
        super().__init__()
        self.eps = eps
        self.dim = dim
        self.average = ms.Tensor(np.full((dim, 1), 1.0 / dim, np.float32))
        self.matmul = ops.MatMul()

    def construct(self, x: Tensor) -> Tensor:
        rows = x.reshape((-1, self.dim))
        centred = rows - self.matmul(rows, self.average)
        variance = self.matmul(centred * centred, self.average)
        return (centred * ops.rsqrt(variance + self.eps)).reshape(x.shape)


class LayerNorm(nn.Cell):
    """PyTorch's LayerNorm over the last axis; parameters ``weight`` and ``bias``; x (..., dim)."""

    def __init__(self, dim: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.weight = parameter(dim)
        self.bias = parameter(dim)
        self.fused = backend.current().is_ascend
        self.kernel = ops.LayerNorm(-1, -1, eps)
        self.normalise = _Normalise(dim, eps)

    def construct(self, x: Tensor) -> Tensor:
        if self.fused:
            return self.kernel(x, self.weight, self.bias)[0]
        return self.normalise(x) * self.weight + self.bias


class ChannelLayerNorm(nn.Cell):
    """Layer norm over axis 1, parameters ``gamma`` and ``beta`` as in the VITS encoders; x (B, C, L).

    On CPU the averages are products from the left, so that no transposition is needed.
    """

    def __init__(self, channels: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.gamma = parameter(channels)
        self.beta = parameter(channels)
        self.fused = backend.current().is_ascend
        self.kernel = ops.LayerNorm(-1, -1, eps)
        self.eps = eps
        self.average = ms.Tensor(np.full((1, channels), 1.0 / channels, np.float32))

    def construct(self, x: Tensor) -> Tensor:
        if self.fused:
            rows = x.swapaxes(1, 2)  # (B, C, L) -> (B, L, C)
            return self.kernel(rows, self.gamma, self.beta)[0].swapaxes(1, 2)
        wide = x.astype(ms.float32)
        centred = wide - ops.matmul(self.average, wide)
        variance = ops.matmul(self.average, centred * centred)  # (B, 1, L)
        y = centred * ops.rsqrt(variance + self.eps) * self.gamma.expand_dims(1) + self.beta.expand_dims(1)
        return y.astype(x.dtype)
