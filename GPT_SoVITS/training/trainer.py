"""What the loop needs of a training, whichever network it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from GPT_SoVITS.training.checkpoint import Position
from GPT_SoVITS.training.samples import Sample

Array = np.ndarray[Any, np.dtype[Any]]


class TrainingError(RuntimeError):
    """The training cannot go on; the message says why, what is saved, and what to do."""


class NotFiniteError(TrainingError):
    """A loss or a gradient is infinite or not a number; no parameter has been changed with it."""


@dataclass(frozen=True)
class StepResult:
    """What a step shows.

    Attributes:
        losses: Name to value.
        learning_rate: Of the step, or of the optimiser's next one where gradients are accumulated.
        gradient_norm: L2 norm of all gradients; None where it was not computed.
        loss_scale: What the next loss is multiplied by; None where losses are not scaled.
        overflowed: Gradients were beyond float16, and an optimiser left out its step.
    """

    losses: Mapping[str, float]
    learning_rate: float
    gradient_norm: float | None = None
    loss_scale: float | None = None
    overflowed: bool = False


class Trainer(Protocol):
    """One network being trained. Everything it does is a function of its state and of the position."""

    @property
    def stage(self) -> str:
        """``s1`` or ``s2``."""
        ...

    def epoch_steps(self, epoch: int) -> int:
        """Return the batches of an epoch, counted from 1."""
        ...

    def step(self, position: Position) -> StepResult:
        """Train on one batch.

        Raises:
            NotFiniteError: a loss or a gradient is no number.
        """
        ...

    def settings(self) -> Mapping[str, Any]:
        """Return what must be the same for a training to go on in the same way."""
        ...

    def state(self) -> dict[str, Array]:
        """Return everything that a training goes on from."""
        ...

    def restore(self, state: Mapping[str, Array]) -> None:
        """Go on from what :meth:`state` returned."""
        ...

    def export(self, epoch: int, step: int) -> Path:
        """Write the weights in the official format and return where.

        Raises:
            OSError: they cannot be written.
        """
        ...

    def sample(self) -> Sample | None:
        """Return what the last step made, None where there is nothing to hear."""
        ...

    def skipped(self) -> Mapping[str, int]:
        """Return how many recordings are not trained on, by reason."""
        ...


def finite(losses: Mapping[str, float]) -> Mapping[str, float]:
    """Return the losses.

    Raises:
        NotFiniteError: one of them is infinite or not a number.
    """
    for name, value in losses.items():
        if not np.isfinite(value):
            raise NotFiniteError(f"the loss {name} is {value}")
    return losses
