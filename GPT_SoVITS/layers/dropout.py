"""Dropout whose random numbers come from outside, so that a resumed training draws what an uninterrupted one draws."""

from __future__ import annotations

from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn, ops

from GPT_SoVITS.layers.parameters import overwrite

POOL = "pool"
"""Name under which a dropout holds its pool, which is a parameter and no weight."""


class Pool:
    """Factors that many dropouts share.

    Attributes:
        parameter: As graphs see them.
        values: The same in numpy.
    """

    def __init__(self, elements: int, name: str) -> None:
        self.values: np.ndarray[Any, Any] = np.ones(elements, np.float32)
        self.parameter = ms.Parameter(ms.Tensor(self.values), name=name, requires_grad=False)

    def fill(self, values: np.ndarray[Any, Any]) -> None:
        """Take new factors of the same number."""
        self.values = values
        overwrite(self.parameter, values)


class Dropout(nn.Cell):
    """The identity until :meth:`draw_from` gives it a pool; then x times factors from there, of any shape.

    MindSpore's own operator keeps a random state that can be neither saved nor restored. Here the factors, 0 or
    1 / (1 - rate), lie in a vector that the trainer fills anew before each step.
    """

    def __init__(self) -> None:
        super().__init__()
        self.active = False

    def draw_from(self, pool: Pool, offset: int) -> None:
        """Take factors from a pool that is shared; each place in a network begins at another offset."""
        self.source, self.pool, self.offset, self.active = pool, pool.parameter, offset, True

    def factors(self, count: int) -> np.ndarray[Any, Any]:
        """Return what :meth:`construct` multiplies the elements of a tensor by, (count,) float32."""
        values = self.source.values
        begin = self.offset % len(values)
        if begin + count <= len(values):
            return values[begin : begin + count]
        result, filled = np.empty(count, np.float32), 0
        while filled < count:  # whole pieces: ten times as fast as an index for each factor
            piece = values[begin : begin + count - filled]
            result[filled : filled + len(piece)] = piece
            begin, filled = 0, filled + len(piece)
        return result

    def construct(self, x: Tensor) -> Tensor:
        if not self.active:
            return x
        count, room = x.size, self.pool.shape[0]
        begin = self.offset % room
        turns = (begin + count + room - 1) // room
        factors = self.pool if turns == 1 else ops.tile(self.pool, (turns,))
        return x * factors[begin : begin + count].reshape(x.shape)
