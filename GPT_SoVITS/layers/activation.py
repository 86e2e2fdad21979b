"""Activations in the formulation that is fast on the device."""

from __future__ import annotations

from mindspore import Tensor, nn, ops


class Gelu(nn.Cell):
    """Exact GELU, ``x * Phi(x)`` with the error function (as ``torch.nn.functional.gelu``)."""

    def construct(self, x: Tensor) -> Tensor:
        return x * 0.5 * (ops.erf(x * 0.7071067811865476) + 1.0)


class LeakyRelu(nn.Cell):
    """``max(x, slope * x)`` for slopes below 1."""

    def __init__(self, slope: float) -> None:
        super().__init__()
        self.slope = slope

    def construct(self, x: Tensor) -> Tensor:
        return ops.maximum(x, x * self.slope)
