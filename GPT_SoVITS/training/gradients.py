"""Gradients as an optimiser takes them, whatever the loss was multiplied by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn

from GPT_SoVITS.compiled import compile_cell, compile_gradient, to_tensor
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
    """A cell's outputs and the gradients of the first of them, unscaled.

    Args:
        loss: Its first output is differentiated.
        weights: By what.
        scaler: What the loss is multiplied by.
    """

    def __init__(self, loss: nn.Cell, weights: Sequence[ms.Parameter], scaler: LossScaler) -> None:
        self._scaler = scaler
        self._run = compile_gradient(_Scaled(loss) if scaler.active else loss, weights)
        self._times = compile_cell(_Times())

    def __call__(self, *inputs: Tensor) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Run; return the cell's outputs and a gradient for each weight."""
        if not self._scaler.active:
            return self._run(*inputs)
        outputs, gradients = self._run(_number(self._scaler.scale), *inputs)
        return outputs[1:], self._times(_number(1 / self._scaler.scale), *gradients)
