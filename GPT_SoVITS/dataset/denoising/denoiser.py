"""What a denoiser is, and which there are."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]


class DenoiserError(RuntimeError):
    """A denoiser is not installed or cannot be used; the message says what to do."""


class Denoiser(Protocol):
    """Takes noise out of one recording after the other; what comes out depends on that recording alone.

    Attributes:
        rate: Samples per second that it works at.
    """

    rate: int

    def __call__(self, samples: Samples) -> Samples:
        """Samples (N,) at its rate, full scale at 1 -> as many, in the same places.

        Raises:
            DenoiserError: this recording cannot be processed.
        """


DENOISERS = {"deepfilternet": "DeepFilterNet", "frcrn": "Frcrn"}
"""Module of this folder -> its class."""
DEFAULT = "deepfilternet"


def open_denoiser(name: str) -> Denoiser:
    """Load a denoiser.

    Args:
        name: A key of DENOISERS.

    Raises:
        DenoiserError: it is not installed.
    """
    module = importlib.import_module(f"GPT_SoVITS.dataset.denoising.{name}")
    make = cast("Callable[[], Denoiser]", getattr(module, DENOISERS[name]))
    return make()
