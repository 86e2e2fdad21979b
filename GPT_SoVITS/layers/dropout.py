"""Dropout whose random numbers come from outside, so that a resumed training draws what an uninterrupted one draws."""

from __future__ import annotations

import mindspore as ms
from mindspore import Tensor, nn, ops

POOL = "pool"
"""Name under which a dropout holds its pool, which is a parameter and no weight."""


class Dropout(nn.Cell):
    """The identity until :meth:`draw_from` gives it a pool; then x times factors from there, of any shape.

    MindSpore's own operator keeps a random state that can be neither saved nor restored. Here the factors, 0 or
    1 / (1 - rate), lie in a vector that the trainer fills anew before each step.
    """

    def __init__(self) -> None:
        super().__init__()
        self.active = False

    def draw_from(self, pool: ms.Parameter, offset: int) -> None:
        """Take factors from a pool that is shared; each place in a network begins at another offset."""
        self.pool, self.offset, self.active = pool, offset, True

    def construct(self, x: Tensor) -> Tensor:
        if not self.active:
            return x
        count, room = x.size, self.pool.shape[0]
        begin = self.offset % room
        turns = (begin + count + room - 1) // room
        factors = self.pool if turns == 1 else ops.tile(self.pool, (turns,))
        return x * factors[begin : begin + count].reshape(x.shape)
