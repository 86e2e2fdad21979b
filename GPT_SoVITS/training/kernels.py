"""What training computes natively on a CPU, with gradients of its own: convolutions, leaky ReLU, weight normalisation.

MindSpore's CPU build reaches a quarter of the processor's speed in convolutions and less in their gradients; what it
composes of many small operators passes over memory many times and keeps what lies between. These operators take the
places of others inside the networks' layers (same inputs, same results within rounding), so a network is written once.
Ascend, and a CPU without native code, keep MindSpore's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn, ops

from GPT_SoVITS import backend
from GPT_SoVITS.layers.activation import LeakyRelu
from GPT_SoVITS.layers.convolution import Conv1d, Conv2d
from GPT_SoVITS.layers.weight_norm import WeightNorm
from GPT_SoVITS.native.library import load
from GPT_SoVITS.sovits.upsampling import Upsample

Shape = Sequence[int]


def _operator(library: Path, name: str, shape: Callable[..., Any], dtype: Callable[..., Any]) -> ops.Custom:
    return ops.Custom(f"{library}:{name}", out_shape=shape, out_dtype=dtype, func_type="aot")


class NativeConvolution(nn.Cell):
    """What ``ops.Conv2D`` computes for kernels along one axis; x (B, in, H, W), weight (out, in / groups, kh, kw).

    Args:
        library: File with the native kernels.
        conv: The operator whose place this takes.
    """

    def __init__(self, library: Path, conv: ops.Conv2D) -> None:
        super().__init__()
        self.axis = 0 if conv.kernel_size[1] == 1 and conv.kernel_size[0] != 1 else 1
        self.kernel, self.groups = conv.kernel_size[self.axis], conv.group
        self.stride, self.dilation = conv.stride[2 + self.axis], conv.dilation[2 + self.axis]
        self.padding = conv.padding[2 * self.axis]
        self.geometry = Tensor(np.array([self.stride, self.dilation, self.padding, self.groups], np.int32))
        kind = lambda geometry, first, *others: first  # noqa: E731
        self.convolve = _operator(library, "TrainConv", self._output, kind)
        self.input_gradient = _operator(library, "TrainConvInput", self._input, kind)
        self.weight_gradient = _operator(library, "TrainConvWeight", self._weight, kind)

    def _output(self, geometry: Shape, x: Shape, weight: Shape) -> Shape:
        reach = self.dilation * (self.kernel - 1)
        length = (x[2 + self.axis] + 2 * self.padding - reach - 1) // self.stride + 1
        return (x[0], weight[0], *self._ends(length, x))

    def _input(self, geometry: Shape, dy: Shape, weight: Shape, places: Shape) -> Shape:
        return (dy[0], weight[1] * self.groups, *self._ends(places[0], dy))

    def _weight(self, geometry: Shape, x: Shape, dy: Shape) -> Shape:
        return (dy[1], x[1] // self.groups, *((self.kernel, 1) if self.axis == 0 else (1, self.kernel)))

    def _ends(self, length: int, like: Shape) -> Shape:
        return (length, like[3]) if self.axis == 0 else (like[2], length)

    def construct(self, x: Tensor, weight: Tensor) -> Tensor:
        return self.convolve(self.geometry, x, weight)

    def bprop(self, x: Tensor, weight: Tensor, out: Tensor, dout: Tensor) -> tuple[Tensor, Tensor]:
        """Return the gradients of x and the weight from that of the result; one that nobody needs is not computed."""
        # A stride leaves open how long x was: an empty-handed tensor of that length says it without keeping x.
        places = ops.zeros((x.shape[2 + self.axis],), ms.int32)
        dx = self.input_gradient(self.geometry, dout, weight, places)
        return dx, self.weight_gradient(self.geometry, x, dout)


class NativeLeakyRelu(nn.Cell):
    """:class:`LeakyRelu` in one pass; its gradient needs the result and not x, which the next layer keeps anyway."""

    def __init__(self, library: Path, slope: float) -> None:
        super().__init__()
        self.slope = Tensor(np.array([slope], np.float32))
        same = lambda slope, x, *others: x  # noqa: E731
        self.activate = _operator(library, "TrainLeaky", same, same)
        self.gradient = _operator(library, "TrainLeakyGradient", same, same)

    def construct(self, x: Tensor) -> Tensor:
        return self.activate(self.slope, x)

    def bprop(self, x: Tensor, out: Tensor, dout: Tensor) -> tuple[Tensor]:
        """Return the gradient of x."""
        return (self.gradient(self.slope, out, dout),)


class NativeWeightNorm(nn.Cell):
    """:class:`WeightNorm` in one pass each way; magnitude (n, 1, ...), direction (n, ...) -> (n, ...)."""

    def __init__(self, library: Path) -> None:
        super().__init__()
        second = lambda magnitude, direction: direction  # noqa: E731
        both = lambda magnitude, direction, gradient: (magnitude, direction)  # noqa: E731
        self.scale = _operator(library, "TrainWeight", second, second)
        self.gradients = _operator(library, "TrainWeightGradient", both, both)

    def construct(self, magnitude: Tensor, direction: Tensor) -> Tensor:
        return self.scale(magnitude, direction)

    def bprop(self, magnitude: Tensor, direction: Tensor, out: Tensor, dout: Tensor) -> tuple[Tensor, Tensor]:
        """Return the gradients of both."""
        return self.gradients(magnitude, direction, dout)


def use_native_kernels(network: nn.Cell) -> bool:
    """Let a network's layers compute natively where that is possible; return whether it is."""
    if backend.set_up().is_ascend:
        return False
    library = load()
    if library.path is None or library.handle is None:
        return False
    for _, cell in list(network.cells_and_names()):
        _replace(cell, library.path)
    return True


def _replace(cell: Any, library: Path) -> None:
    """Put native operators in the place of what a layer holds directly."""
    conv = getattr(cell, "conv", None) if isinstance(cell, (Conv1d, Conv2d, Upsample)) else None
    if isinstance(conv, ops.Conv2D) and 1 in conv.kernel_size:
        del cell.conv
        cell.conv = NativeConvolution(library, conv)
    for name, child in list(cell.name_cells().items()):
        if isinstance(child, LeakyRelu):
            setattr(cell, name, NativeLeakyRelu(library, child.slope))
        elif isinstance(child, WeightNorm):
            setattr(cell, name, NativeWeightNorm(library))
