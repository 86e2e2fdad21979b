"""What processes that train together exchange."""

from __future__ import annotations

from mindspore import Tensor, nn, ops


class TimesSum(nn.Cell):
    """Each tensor times one factor, summed over all processes."""

    def __init__(self) -> None:
        super().__init__()
        self.reduce = ops.AllReduce()

    def construct(self, factor: Tensor, *tensors: Tensor) -> tuple[Tensor, ...]:
        results: tuple[Tensor, ...] = ()
        for tensor in tensors:
            results += (self.reduce(tensor * factor),)
        return results
