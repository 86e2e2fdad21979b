"""The generator's upsampling layers with weight normalisation."""

from __future__ import annotations

from mindspore import Tensor, ops

from GPT_SoVITS.layers.parameters import parameter
from GPT_SoVITS.layers.weight_norm import WeightNorm
from GPT_SoVITS.sovits.upsampling import Upsample


class NormedUpsample(Upsample):
    """:class:`Upsample` with a transposed convolution's ``weight_g`` (in, 1, 1) and ``weight_v`` (in, out, kernel)."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, stride: int) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride)
        taps = self.weight.shape[2]
        del self.weight
        self.weight_g = parameter(in_channels, 1, 1)
        self.weight_v = parameter(in_channels, out_channels, kernel_size)
        self.norm = WeightNorm()
        self.in_channels, self.taps = in_channels, taps
        self.before = (taps // 2) * stride - (kernel_size - stride) // 2
        self.after = taps * stride - kernel_size - self.before

    def kernel(self) -> Tensor:
        """Return what ``phase_weight`` returns for the normalised weight, (out * stride, in, taps)."""
        weight = self.norm(self.weight_g, self.weight_v)
        ends = (self.in_channels, self.out_channels)
        padded = ops.cat((ops.zeros((*ends, self.before)), weight, ops.zeros((*ends, self.after))), 2)
        phases = ops.flip(padded.reshape((*ends, self.taps, self.stride)), (2,))
        return phases.transpose((1, 3, 0, 2)).reshape((-1, self.in_channels, self.taps))
