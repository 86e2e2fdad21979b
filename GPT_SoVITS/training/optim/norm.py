"""Size of gradients."""

from __future__ import annotations

from mindspore import Tensor, nn, ops

from GPT_SoVITS.layers.sums import total


class GradientNorm(nn.Cell):
    """L2 norm of all gradients together."""

    def construct(self, *gradients: Tensor) -> Tensor:
        squares = ops.zeros(())
        for gradient in gradients:
            squares = squares + total(gradient * gradient)
        return ops.sqrt(squares)
