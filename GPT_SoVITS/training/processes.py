"""Processes that train one network together, each on its share of every batch (data parallel).

``msrun`` starts them, or the command itself (docs/TRAINING.md). They exchange numbers through MindSpore's own
communication: HCCL between NPUs, "mccl" between processes on a CPU. All of them take every decision from exchanged
numbers, so they take the same.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from GPT_SoVITS import backend

if TYPE_CHECKING:
    from mindspore import Tensor

    from GPT_SoVITS.compiled import CompiledCell

Array = np.ndarray[Any, np.dtype[Any]]
ROLE = "MS_ROLE"
"""Set by whoever starts several processes: ``msrun``, or :mod:`GPT_SoVITS.training.together`."""


class Processes:
    """One process of several, or the only one.

    Args:
        rank: Which one this is.
        size: How many there are.
    """

    def __init__(self, rank: int = 0, size: int = 1) -> None:
        self.rank, self.size = rank, size

    @property
    def leads(self) -> bool:
        """Whether this process writes files and tells events."""
        return self.rank == 0

    def seed(self, seed: int) -> int:
        """Return what this process seeds random numbers with: each draws its own, the first as if it were alone."""
        return seed + (self.rank << 64)

    @cached_property
    def _times_sum(self) -> CompiledCell:
        from GPT_SoVITS.compiled import compile_cell
        from GPT_SoVITS.training.exchange import TimesSum

        return compile_cell(TimesSum())

    def sums(self, factor: float, tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Return each tensor's sum over all processes times a factor; all must call this in the same order."""
        from GPT_SoVITS.compiled import to_tensor

        return tuple(self._times_sum(to_tensor(np.array(factor, np.float32)), *tensors))

    def mean(self, numbers: Sequence[float]) -> list[float]:
        """Return the means of numbers over all processes, in float32 where there are several."""
        if self.size == 1:
            return list(numbers)
        from GPT_SoVITS.compiled import to_tensor

        (found,) = self.sums(1 / self.size, [to_tensor(np.asarray(numbers, np.float32))])
        return [float(number) for number in found.asnumpy()]


ALONE = Processes()


def join(device: backend.DeviceTarget | None) -> Processes:
    """Return the group that this process was started in; the scheduler stays here until all have ended.

    Args:
        device: What to compute on.

    Raises:
        BackendError: the device cannot be used.
    """
    if ROLE not in os.environ:
        return ALONE
    backend.configure(device)
    backend.set_up()
    from mindspore.communication import get_group_size, get_rank, init

    init()
    return Processes(get_rank(), get_group_size())
