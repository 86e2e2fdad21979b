"""Parameters of a network: placeholders at construction, arrays from a checkpoint afterwards."""

from __future__ import annotations

from collections.abc import Mapping

import mindspore as ms
import numpy as np
from mindspore import nn, ops

from GPT_SoVITS import backend
from GPT_SoVITS.layers.weights import check_shapes


def parameter(*shape: int) -> ms.Parameter:
    """Return a float32 parameter of zeros that :func:`load_arrays` fills."""
    backend.set_up()
    return ms.Parameter(ms.Tensor.from_numpy(np.zeros(shape, np.float32)))


def overwrite(parameter: ms.Parameter, array: np.ndarray) -> None:
    """Change the values of a parameter that compiled graphs may hold already.

    A graph keeps the memory that a parameter had when it first ran, so ``set_data``, which gives the parameter other
    memory, is not seen by it; an assignment writes where both look.

    Args:
        parameter: Float32.
        array: Of its shape.
    """
    ops.assign(parameter, ms.Tensor(np.array(array, np.float32)))


def held_bytes(network: nn.Cell) -> int:
    """Return the bytes of a network's parameters."""
    return sum(int(parameter.nbytes) for _, parameter in network.parameters_and_names())


def check_arrays(network: nn.Cell, arrays: Mapping[str, np.ndarray]) -> None:
    """Compare a network's parameters with arrays of the same dotted names.

    Raises:
        WeightsError: any key is missing, unexpected or misshapen.
    """
    expected = {name: tuple(parameter.shape) for name, parameter in network.parameters_and_names()}
    check_shapes(type(network).__name__, expected, arrays)


def load_arrays(network: nn.Cell, arrays: Mapping[str, np.ndarray], dtype: type = np.float32) -> None:
    """Fill a network's parameters from arrays of the same dotted names, every one or none.

    This is for networks that no graph has run yet: later changes are not seen by it (see :func:`overwrite`). So a
    switch of weights builds a network and its graphs anew.

    Args:
        network: Cell whose parameter names are the keys of the official state dict (weight norm folded).
        arrays: Parameter name to array; float arrays are converted to ``dtype``.
        dtype: numpy float type the weights are held in.

    Raises:
        WeightsError: any key is missing, unexpected or misshapen; nothing has been changed then.
    """
    check_arrays(network, arrays)
    for name, target in dict(network.parameters_and_names()).items():
        source: np.ndarray = np.array(arrays[name], dtype=dtype, order="C")
        data = ms.Tensor.from_numpy(source)
        target.set_dtype(data.dtype)  # set_data alone would cast the data to the placeholder's float32
        target.set_data(data, slice_shape=False)
        target.name = name
