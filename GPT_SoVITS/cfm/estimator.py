"""What estimates the velocity of the flow, whatever computes it."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
T = TypeVar("T")


def drained(parts: Generator[None, None, T]) -> T:
    """Do all parts of a computation at once and return its result."""
    results: list[T] = []

    def caught() -> Generator[None, None, None]:
        results.append((yield from parts))

    for _ in caught():
        pass
    return results[0]


@dataclass(frozen=True)
class Moment:
    """What a moment of the flow sets in the network, for B rows.

    Attributes:
        step: Embedded length of the step, (B, width).
        blocks: Shifts, scales and gates of every block, (depth, B, 6 * width).
        final: Scale, then shift, before the last product, (B, 2 * width).
    """

    step: Array
    blocks: Array
    final: Array

    def row(self, index: int) -> Moment:
        """That of one row, with B = 1."""
        part = slice(index, index + 1)
        return Moment(self.step[part], self.blocks[:, part], self.final[part])


class Estimator(Protocol):
    """The diffusion transformer of v3 and v4 (``f5_tts.model.DiT``), numpy in and out, float32.

    A batch may have rows of one length only, as in the official program, whose padding is part of what it computes.
    """

    @property
    def nbytes(self) -> int:
        """Bytes of weights held."""
        ...

    def embed(self, condition: Array) -> Array:
        """Embed the condition (B, T, text) -> (B, T, text); once for all steps."""
        ...

    def moment(self, times: Array, steps: Array) -> Moment:
        """Embed moments (B,) in 0..1 together with the lengths of their steps (B,)."""
        ...

    def velocity_parts(
        self, x: Array, prompt: Array, text: Array, moment: Moment, keys: Array | None = None
    ) -> Generator[None, None, Array]:
        """Estimate the velocity (B, T, mel), the generator's value, yielding between bounded parts of the work.

        Args:
            x: Where the flow is, (B, T, mel).
            prompt: Normalised mel of the reference, zero beyond it, (B, T, mel).
            text: What :meth:`embed` returned.
            moment: What :meth:`moment` returned for B rows, or for one that all share.
            keys: Frames that attention sees, (B,); those beyond get nothing from it. All by default.
        """
        ...

    def velocity(self, x: Array, prompt: Array, text: Array, moment: Moment, keys: Array | None = None) -> Array:
        """All of :meth:`velocity_parts` at once."""
        ...
