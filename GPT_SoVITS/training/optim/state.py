"""State of optimisers: parameters that are not trained, read and written by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import mindspore as ms
import numpy as np

from GPT_SoVITS.layers.parameters import overwrite

Array = np.ndarray[Any, np.dtype[Any]]


def blank(name: str, shape: Sequence[int]) -> ms.Parameter:
    """Return zeros (float32) that a graph may write to."""
    return ms.Parameter(ms.Tensor.from_numpy(np.zeros(tuple(shape), np.float32)), name=name, requires_grad=False)


def zeros_like(parameters: Sequence[ms.Parameter], prefix: str) -> list[ms.Parameter]:
    """Return one blank parameter for each parameter."""
    return [blank(f"{prefix}.{i}", p.shape) for i, p in enumerate(parameters)]


def read(prefix: str, names: Sequence[str], parameters: Sequence[ms.Parameter]) -> dict[str, Array]:
    """Return copies of parameters under ``prefix.name``."""
    return {f"{prefix}.{name}": np.array(p.asnumpy()) for name, p in zip(names, parameters, strict=True)}


def write(prefix: str, names: Sequence[str], parameters: Sequence[ms.Parameter], state: Mapping[str, Array]) -> None:
    """Fill parameters from what :func:`read` returned.

    Raises:
        KeyError: a name is missing.
        ValueError: a shape differs.
    """
    for name, parameter in zip(names, parameters, strict=True):
        array = state[f"{prefix}.{name}"]
        if tuple(array.shape) != tuple(parameter.shape):
            raise ValueError(f"{prefix}.{name} is {array.shape}, expected {tuple(parameter.shape)}")
        overwrite(parameter, array)
