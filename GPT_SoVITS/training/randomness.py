"""Random numbers of a training as functions of its seed and the step: nothing to save, nothing to restore."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

import numpy as np

from GPT_SoVITS.layers.dropout import Dropout, Pool

_STRIDE = 7_368_787
"""Distance of two places in the pool; a prime, so that they meet late."""


class Purpose(IntEnum):
    """What numbers are drawn for; each has a stream of its own."""

    REJECTED = 0
    NOISE = 1
    SLICE = 2
    DROPOUT = 3
    LORA = 4


def generator(seed: int, step: int, purpose: Purpose, part: int = 0) -> np.random.Generator:
    """Return the generator of one step and purpose, or of a part of the step."""
    return np.random.Generator(np.random.Philox(key=seed, counter=[0, part, int(purpose), step]))


class DropoutPools:
    """Factors for all dropouts of a network, one pool for each rate, drawn anew for each step.

    A place that needs more factors than the pool has uses them again; places share the pool at different offsets.

    Args:
        places: Dropouts and their rates; those of rate 0 stay switched off.
        elements: Size of a pool.
    """

    def __init__(self, places: Sequence[tuple[Dropout, float]], elements: int) -> None:
        self._pools: dict[float, Pool] = {}
        self._elements = elements
        for index, (place, rate) in enumerate(places):
            if rate > 0:
                if rate not in self._pools:
                    self._pools[rate] = Pool(elements, f"dropout.{rate}")
                place.draw_from(self._pools[rate], index * _STRIDE)

    def draw(self, seed: int, step: int, part: int = 0) -> None:
        """Fill the pools for a step, or for one of several runs of the network within it."""
        random = generator(seed, step, Purpose.DROPOUT, part)
        for rate, pool in self._pools.items():
            bits = random.integers(0, 1 << 16, self._elements, np.uint16)
            keep = bits >= np.uint16(round(rate * (1 << 16)))
            pool.fill(keep * np.float32(1 / (1 - rate)))
