"""Activations in the formulation that is fast on the device."""

from __future__ import annotations

import mindspore as ms
from mindspore import Tensor, nn, ops

from GPT_SoVITS import backend
from GPT_SoVITS.layers.gelu import GELU_TAIL


class Gelu(nn.Cell):
    """Exact GELU, ``x * Phi(x)`` with the error function (as ``torch.nn.functional.gelu``).

    MindSpore's CPU kernel of the error function is scalar: ten times the price of an exponential. There the identity
    ``gelu(x) = max(x, 0) - |x| Phi(-|x|)`` is used with ``log Phi(-t)`` as a polynomial of degree 5, minimax in the
    error of the result: 4.4e-7 at most over all x in exact arithmetic, 6.4e-7 in float32 (the error function in float32
    reaches 4.5e-7 itself). For large x either way the polynomial goes to minus infinity, so nothing needs clipping.
    """

    def __init__(self) -> None:
        super().__init__()
        self.plain = backend.set_up().is_ascend

    def construct(self, x: Tensor) -> Tensor:
        if self.plain:
            return x * 0.5 * (ops.erf(x * 0.7071067811865476) + 1.0)
        c0, c1, c2, c3, c4, c5 = GELU_TAIL
        t = ops.abs(x)
        tail = ((((t * c5 + c4) * t + c3) * t + c2) * t + c1) * t + c0
        return ops.relu(x) - t * ops.exp(tail)


class Mish(nn.Cell):
    """``x * tanh(log(1 + e^x))`` without logarithm; above 10 it is x (9e-9 off).

    MindSpore's own is NaN from 45 on (on a CPU), which a loud reference reaches.
    """

    def construct(self, x: Tensor) -> Tensor:
        # e^10 squared is 5e8: too much for half precision.
        wide = ops.minimum(x, 10.0).astype(ms.float32)
        e = ops.exp(wide)
        square = e * (e + 2.0)
        return x * (square / (square + 2.0)).astype(x.dtype)


class LeakyRelu(nn.Cell):
    """``max(x, slope * x)`` for slopes below 1."""

    def __init__(self, slope: float) -> None:
        super().__init__()
        self.slope = slope

    def construct(self, x: Tensor) -> Tensor:
        return ops.maximum(x, x * self.slope)
