"""Gradients as an optimiser takes them, whatever the loss was multiplied by and whoever shares the batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn

from GPT_SoVITS.compiled import compile_cell, compile_gradient, to_tensor
from GPT_SoVITS.training.processes import ALONE, Processes
from GPT_SoVITS.training.scaling import LossScaler


class _Scaled(nn.Cell):
    """A cell's outputs behind the first of them times a scale."""

    def __init__(self, loss: nn.Cell) -> None:
        super().__init__()
        self.loss = loss

    def construct(self, scale: Tensor, *inputs: Tensor) -> tuple[Tensor, ...]:
        outputs = self.loss(*inputs)
        return (outputs[0] * scale, *outputs)


class _Times(nn.Cell):
    """Tensors times one factor."""

    def construct(self, factor: Tensor, *tensors: Tensor) -> tuple[Tensor, ...]:
        results: tuple[Tensor, ...] = ()
        for tensor in tensors:
            results += (tensor * factor,)
        return results


def _number(value: float) -> Tensor:
    return to_tensor(np.array(value, np.float32))


class Gradients:
    """A cell's outputs and the gradients of the first of them, unscaled, and their means over all processes.

    Args:
        loss: Its first output is differentiated.
        weights: By what.
        scaler: What the loss is multiplied by.
        group: The processes.
    """

    def __init__(
        self, loss: nn.Cell, weights: Sequence[ms.Parameter], scaler: LossScaler, group: Processes = ALONE
    ) -> None:
        self._scaler, self._group = scaler, group
        self._run = compile_gradient(_Scaled(loss) if scaler.active else loss, weights)
        self._times = compile_cell(_Times())

    def __call__(self, *inputs: Tensor) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Run; return the cell's outputs and a gradient for each weight."""
        if self._scaler.active:
            outputs, gradients = self._run(_number(self._scaler.scale), *inputs)
            outputs = outputs[1:]
        else:
            outputs, gradients = self._run(*inputs)
        factor = 1 / (self._scaler.scale * self._group.size)
        if self._group.size > 1:
            return outputs, self._group.sums(factor, gradients)
        return outputs, gradients if factor == 1 else self._times(_number(factor), *gradients)
