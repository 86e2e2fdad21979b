"""Convolutions with weight normalisation for training: magnitude and direction are parameters of their own.

Names, shapes and results are those of ``torch.nn.utils.weight_norm``: ``weight = weight_g * weight_v / ||weight_v||``
with the norm over all axes but the first. Inference folds the two beforehand and has no use for these cells.
"""

from __future__ import annotations

from typing import Any

from mindspore import Tensor, nn, ops

from GPT_SoVITS.layers.convolution import Conv1d, Conv2d
from GPT_SoVITS.layers.parameters import parameter


def normalised(magnitude: Tensor, direction: Tensor) -> Tensor:
    """Return ``magnitude * direction / ||direction||``; (n, 1, ...) and (n, ...) -> (n, ...)."""
    rows = direction.reshape((direction.shape[0], -1))
    norm = ops.sqrt((rows * rows).sum(1, keepdims=True))
    scale = magnitude.reshape((-1, 1)) / norm
    return (rows * ops.tile(scale, (1, rows.shape[1]))).reshape(direction.shape)


class WeightNorm(nn.Cell):
    """:func:`normalised` as a layer, whose place a faster one may take."""

    def construct(self, magnitude: Tensor, direction: Tensor) -> Tensor:
        return normalised(magnitude, direction)


class NormedConv1d(Conv1d):
    """:class:`Conv1d` with parameters ``weight_g`` (out, 1, 1) and ``weight_v`` (out, in / groups, kernel)."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, **options: Any) -> None:
        super().__init__(in_channels, out_channels, kernel_size, **options)
        shape = self.weight.shape
        del self.weight
        self.weight_g, self.weight_v = parameter(shape[0], 1, 1), parameter(*shape)
        self.norm = WeightNorm()

    def kernel(self) -> Tensor:
        """Return the weight (out, in / groups, kernel)."""
        return self.norm(self.weight_g, self.weight_v)


class NormedConv2d(Conv2d):
    """:class:`Conv2d` with parameters ``weight_g`` (out, 1, 1, 1) and ``weight_v`` (out, in, kh, kw)."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: tuple[int, int], **options: Any) -> None:
        super().__init__(in_channels, out_channels, kernel_size, **options)
        shape = self.weight.shape
        del self.weight
        self.weight_g, self.weight_v = parameter(shape[0], 1, 1, 1), parameter(*shape)
        self.norm = WeightNorm()

    def kernel(self) -> Tensor:
        """Return the weight (out, in, kh, kw)."""
        return self.norm(self.weight_g, self.weight_v)
