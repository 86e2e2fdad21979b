"""The scale of a loss whose gradients are computed in float16, as ``torch.amp.GradScaler`` moves it.

Small gradients would be zero in float16, so the loss is multiplied. Where that takes a gradient beyond float16 the step
is skipped and the scale halved; after many good steps it is doubled.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from GPT_SoVITS.training.trainer import NotFiniteError, finite

Array = np.ndarray[Any, np.dtype[Any]]
Precision = Literal["fp32", "fp16"]
PRECISIONS: tuple[Precision, ...] = ("fp32", "fp16")
FIRST_SCALE, LOWEST_SCALE = 2.0**16, 2.0**-8
GROWTH_PERIOD = 2000
"""Good steps after which the scale is doubled."""


class LossScaler:
    """Decides which gradients an optimiser may step with, and what the next loss is multiplied by.

    In float32 nothing is scaled, and gradients that are no numbers end the training.

    Attributes:
        active: Whether losses are scaled.
        scale: What they are multiplied by.
        skipped: Steps in all that overflowed.
    """

    def __init__(self, precision: Precision) -> None:
        self.active = precision == "fp16"
        self.scale, self.skipped = FIRST_SCALE if self.active else 1.0, 0
        self._good, self._overflowed = 0, False

    def checked(self, losses: Mapping[str, float]) -> Mapping[str, float]:
        """Return the losses; one that is no number is an overflow where losses are scaled: its gradients show it.

        Raises:
            NotFiniteError: nothing is scaled, and a loss is no number.
        """
        return losses if self.active else finite(losses)

    def accepts(self, norm: float) -> bool:
        """Return whether an optimiser may step with gradients of this norm.

        Raises:
            NotFiniteError: nothing is scaled, and the norm is no number.
        """
        fits = bool(np.isfinite(norm))
        if not fits and not self.active:
            raise NotFiniteError(f"the norm of the gradients is {norm}")
        self._overflowed |= not fits
        return fits

    def update(self) -> bool:
        """End a step in which all optimisers have had their turn; return whether one of them was left out.

        Raises:
            NotFiniteError: gradients overflow whatever the scale is.
        """
        overflowed, self._overflowed = self._overflowed, False
        if not self.active:
            return False
        if overflowed:
            self.scale, self._good, self.skipped = self.scale / 2, 0, self.skipped + 1
            if self.scale < LOWEST_SCALE:
                raise NotFiniteError("the gradients are no numbers in float16, whatever the loss is multiplied by")
        else:
            self._good += 1
            if self._good == GROWTH_PERIOD:
                self._good = 0
                if np.isfinite(np.float32(2 * self.scale)):
                    self.scale *= 2
        return overflowed

    def told(self) -> float | None:
        """Return the scale as a step tells it."""
        return self.scale if self.active else None

    def state(self, prefix: str) -> dict[str, Array]:
        """Return what a continued training needs, its names behind ``prefix``; nothing in float32."""
        values = {"scale": self.scale, "good": self._good, "skipped": self.skipped}
        return {f"{prefix}{name}": np.array(value) for name, value in values.items()} if self.active else {}

    def restore(self, state: Mapping[str, Array], prefix: str) -> None:
        """Continue from what :meth:`state` returned.

        Raises:
            KeyError: the state is that of another precision.
        """
        if self.active:
            self.scale = float(state[f"{prefix}scale"].item())
            self._good, self.skipped = (int(state[f"{prefix}{name}"].item()) for name in ("good", "skipped"))
