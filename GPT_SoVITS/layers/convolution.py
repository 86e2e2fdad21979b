"""Convolutions with PyTorch's parameter names and shapes, computed with the fastest portable formulation.

On CPU a one-dimensional convolution is fastest as a two-dimensional one of height 1 (measured against height along
time, sums of shifted products and im2col). Ascend's own Conv1d is the same operator with the same reshapes.
"""

from __future__ import annotations

from mindspore import Tensor, nn, ops

from GPT_SoVITS.layers.parameters import parameter


def same_padding(kernel_size: int, dilation: int = 1) -> int:
    """Padding on each side that keeps the length for an odd kernel."""
    return (kernel_size - 1) * dilation // 2


class Conv1d(nn.Cell):
    """1-D convolution, weight (out, in / groups, kernel); x (B, in, L) -> (B, out, L')."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        *,
        stride: int = 1,
        padding: int = 0,
        dilation: int = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.weight = parameter(out_channels, in_channels // groups, kernel_size)
        self.bias = parameter(out_channels) if bias else None
        self.conv = ops.Conv2D(
            out_channels,
            (1, kernel_size),
            pad_mode="pad",
            pad=(0, 0, padding, padding),
            stride=(1, stride),
            dilation=(1, dilation),
            group=groups,
        )
        self.bias_add = ops.BiasAdd()

    def kernel(self) -> Tensor:
        """Return the weight; layers whose weight is made from other parameters make it here."""
        return self.weight

    def construct(self, x: Tensor) -> Tensor:
        y = self.conv(x.expand_dims(2), self.kernel().expand_dims(2))  # (B, C, L) -> (B, C, 1, L)
        if self.bias is not None:
            y = self.bias_add(y, self.bias)
        return y.squeeze(2)


class Conv2d(nn.Cell):
    """2-D convolution, weight (out, in, kh, kw); x (B, in, H, W) -> (B, out, H', W')."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: tuple[int, int],
        *,
        stride: tuple[int, int] = (1, 1),
        padding: tuple[int, int] = (0, 0),
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.weight = parameter(out_channels, in_channels, *kernel_size)
        self.bias = parameter(out_channels) if bias else None
        top, left = padding
        self.conv = ops.Conv2D(out_channels, kernel_size, pad_mode="pad", pad=(top, top, left, left), stride=stride)
        self.bias_add = ops.BiasAdd()

    def kernel(self) -> Tensor:
        """Return the weight; layers whose weight is made from other parameters make it here."""
        return self.weight

    def construct(self, x: Tensor) -> Tensor:
        y = self.conv(x, self.kernel())
        if self.bias is not None:
            y = self.bias_add(y, self.bias)
        return y
