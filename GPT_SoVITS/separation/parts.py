"""What a recording becomes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Parts:
    """The two parts of a recording; their sum is the recording.

    Attributes:
        kept: What the model keeps, (2, n) float32 at 44.1 kHz: the accompaniment, or the echo, by the model.
        rest: Everything else.
    """

    kept: np.ndarray
    rest: np.ndarray
