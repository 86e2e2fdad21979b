"""Cells that only checks need; imported where a graph is built."""

from __future__ import annotations

from typing import Any

from mindspore import nn


class Weighted(nn.Cell):  # type: ignore[misc]
    """A loss whose parts are weighed: the first output is the weighed sum of outputs 1 to 4, the others are as were."""

    def __init__(self, loss: nn.Cell) -> None:
        super().__init__()
        self.loss = loss

    def construct(self, weights: Any, *inputs: Any) -> Any:
        outputs = self.loss(*inputs)
        total = outputs[1] * weights[0] + outputs[2] * weights[1] + outputs[3] * weights[2] + outputs[4] * weights[3]
        return (total, *outputs[1:])
