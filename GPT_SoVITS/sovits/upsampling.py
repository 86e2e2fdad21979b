"""Transposed convolution as an ordinary one that computes every phase of the output at once.

Output sample ``q * stride + r`` of a transposed convolution sees input ``q + d`` through kernel element
``r + padding - d * stride``, for the few offsets d where that exists. So phase r is an ordinary convolution with a
kernel of those elements, and all phases together are one convolution to ``out * stride`` channels followed by an
interleaving. On CPU this takes half the time of the transposed convolution at the generator's large factors.
"""

from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn, ops

from GPT_SoVITS.layers.parameters import parameter


def phase_reach(kernel_size: int, stride: int, padding: int) -> int:
    """Largest distance, in input samples, between an output's position and an input it sees."""
    return max((stride - 1 + padding) // stride, (kernel_size - 1 - padding) // stride)


def phase_weight(weight: np.ndarray, stride: int, padding: int) -> np.ndarray:
    """Rearrange a transposed convolution's weight for :class:`Upsample`.

    Args:
        weight: (in, out, kernel) as PyTorch's ConvTranspose1d holds it.
        stride: Upsampling factor.
        padding: Padding of the transposed convolution.

    Returns:
        (out * stride, in, 2 * reach + 1); the phases of one output channel follow each other.
    """
    inputs, outputs, kernel = weight.shape
    reach = phase_reach(kernel, stride, padding)
    phases = np.zeros((outputs, stride, inputs, 2 * reach + 1), weight.dtype)
    for phase in range(stride):
        for offset in range(-reach, reach + 1):
            element = phase + padding - offset * stride
            if 0 <= element < kernel:
                phases[:, phase, :, offset + reach] = weight[:, :, element].T
    return phases.reshape(outputs * stride, inputs, 2 * reach + 1)


class Upsample(nn.Cell):
    """``ConvTranspose1d(in, out, kernel, stride, padding)`` with kernel - stride = 2 * padding.

    The parameter ``weight`` holds what :func:`phase_weight` returns. x (B, in, L) -> (B, out, L * stride).
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, stride: int) -> None:
        super().__init__()
        self.stride, self.out_channels = stride, out_channels
        reach = phase_reach(kernel_size, stride, (kernel_size - stride) // 2)
        taps = 2 * reach + 1
        self.weight = parameter(out_channels * stride, in_channels, taps)
        self.bias = parameter(out_channels)
        self.conv = ops.Conv2D(out_channels * stride, (1, taps), pad_mode="pad", pad=(0, 0, reach, reach))
        self.bias_add = ops.BiasAdd()

    def kernel(self) -> Tensor:
        """Return the weight in phases; training makes it from the transposed convolution's parameters here."""
        return self.weight

    def construct(self, x: Tensor) -> Tensor:
        batch, _, length = x.shape
        phases = self.conv(x.expand_dims(2), self.kernel().expand_dims(2))  # (B, out * stride, 1, L)
        phases = phases.reshape((batch, self.out_channels, self.stride, length))
        y = phases.swapaxes(2, 3).reshape((batch, self.out_channels, length * self.stride))
        return self.bias_add(y, self.bias)
