"""The hyperbolic tangent that the flow and the generator share."""

from __future__ import annotations

from mindspore import Tensor, nn, ops

from GPT_SoVITS import backend


class Tanh(nn.Cell):
    """Hyperbolic tangent to within 2e-6.

    MindSpore's CPU kernel returns exactly -1 or 1 beyond 5 in magnitude, which is 1e-4 off; its sigmoid does not.
    """

    def __init__(self) -> None:
        super().__init__()
        self.native = backend.set_up().is_ascend

    def construct(self, x: Tensor) -> Tensor:
        return ops.tanh(x) if self.native else ops.sigmoid(x * 2.0) * 2.0 - 1.0
