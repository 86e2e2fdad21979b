"""Size of gradients."""

from __future__ import annotations

from mindspore import Tensor, nn, ops


class GradientNorm(nn.Cell):
    """L2 norm of all gradients together."""

    def construct(self, *gradients: Tensor) -> Tensor:
        total = ops.zeros(())
        for gradient in gradients:
            total = total + (gradient * gradient).sum()
        return ops.sqrt(total)
