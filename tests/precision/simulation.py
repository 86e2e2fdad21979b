"""Rounds weights and the output of every cell to float16 while a network runs operator by operator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import nn

from GPT_SoVITS import backend, compiled

LARGEST = float(np.finfo(np.float16).max)


@dataclass
class Headroom:
    """The largest magnitude that any cell put out, and which cell it was."""

    value: float = 0.0
    cell: str = ""

    def see(self, value: float, cell: str) -> None:
        """Remember the value if it is the largest so far."""
        if value > self.value:
            self.value, self.cell = value, cell


def _round(value: Any, headroom: Headroom, name: str) -> Any:
    if isinstance(value, tuple | list):
        return type(value)(_round(item, headroom, name) for item in value)
    if not isinstance(value, ms.Tensor) or value.dtype != ms.float32:
        return value
    if value.size:
        headroom.see(float(abs(value).max().asnumpy()), name)
    return value.astype(ms.float16).astype(ms.float32)


def round_cell(cell: nn.Cell, headroom: Headroom) -> None:
    """Round a cell's parameters in place and make every cell below it round what it returns.

    Sums inside one operator (a matrix product, a mean, a softmax) stay in float32, as they do on the NPU.
    """
    for parameter in cell.get_parameters():
        if parameter.dtype == ms.float32:
            parameter.set_data(ms.Tensor(parameter.asnumpy().astype(np.float16).astype(np.float32)))
    for name, inner in cell.cells_and_names():
        label = f"{type(cell).__name__}.{name}"
        inner.register_forward_hook(lambda _, __, output, label=label: _round(output, headroom, label))


class RoundedCell:
    """Stands in for :class:`GPT_SoVITS.backend.CompiledCell`: eager, rounded."""

    headroom = Headroom()

    def __init__(self, cell: nn.Cell) -> None:
        backend.current()
        cell.set_train(False)
        self.cell = cell
        round_cell(cell, self.headroom)

    def __call__(self, *inputs: Any) -> Any:
        # Parameters among the inputs are state that the cell writes in place: what is written has been rounded.
        return self.cell(*(v if isinstance(v, ms.Parameter) else _round(v, self.headroom, "input") for v in inputs))


_COMPILED = compiled.CompiledCell


@contextmanager
def simulated_float16(active: bool = True) -> Iterator[Headroom]:
    """Within this context networks are built to run in simulated float16; yields the headroom seen.

    Args:
        active: False suspends an outer simulation: networks built inside run as they are.
    """
    before = compiled.CompiledCell
    if active:
        RoundedCell.headroom = Headroom()
    compiled.CompiledCell = RoundedCell if active else _COMPILED  # type: ignore[assignment, misc]
    try:
        yield RoundedCell.headroom
    finally:
        compiled.CompiledCell = before  # type: ignore[misc]
