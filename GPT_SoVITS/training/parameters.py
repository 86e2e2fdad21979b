"""Parameters of a network as arrays and back, for checkpoints and exports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import nn

from convert.writer import as_dtype
from GPT_SoVITS.layers.dropout import POOL
from GPT_SoVITS.layers.parameters import overwrite
from GPT_SoVITS.layers.weights import check_shapes

Array = np.ndarray[Any, np.dtype[Any]]


def named(network: nn.Cell) -> list[tuple[str, ms.Parameter]]:
    """Return the parameters under their official names, without the pools of its dropouts."""
    return [(name, p) for name, p in network.parameters_and_names() if name.rpartition(".")[2] != POOL]


def arrays(network: nn.Cell, prefix: str = "") -> dict[str, Array]:
    """Return copies of all parameters under ``prefix`` and their names."""
    return {f"{prefix}{name}": np.array(parameter.asnumpy()) for name, parameter in named(network)}


def fill(network: nn.Cell, state: Mapping[str, Array], prefix: str = "") -> None:
    """Fill all parameters from what :func:`arrays` returned.

    Raises:
        WeightsError: one is missing, unexpected or misshapen; nothing has been changed then.
    """
    own = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
    targets = dict(named(network))
    check_shapes(type(network).__name__, {name: tuple(p.shape) for name, p in targets.items()}, own)
    for name, parameter in targets.items():
        overwrite(parameter, own[name])


def halved(state: Mapping[str, Array]) -> dict[str, Array]:
    """Return float16 copies, as official files hold weights.

    Raises:
        UnsupportedCheckpointError: a value is beyond the range of float16.
    """
    return {key: as_dtype(key, array, "fp16") for key, array in state.items()}
