"""HiFi-GAN generator with a speaker condition (``Generator`` and ``ResBlock1`` of the official code)."""

from __future__ import annotations

from mindspore import Tensor, nn, ops

from GPT_SoVITS.layers.activation import LeakyRelu
from GPT_SoVITS.layers.convolution import Conv1d, same_padding
from GPT_SoVITS.sovits.activation import Tanh
from GPT_SoVITS.sovits.config import GeneratorConfig
from GPT_SoVITS.sovits.upsampling import Upsample

SLOPE = 0.1
LAST_SLOPE = 0.01
"""Before the last convolution the official code calls ``leaky_relu`` with PyTorch's own default."""


class ResidualBlock(nn.Cell):
    """Pairs of a dilated and a plain convolution, each pair with a residual connection.

    x (B, C, L) with its activation, which parallel blocks share, and an optional mask (B, 1, L) -> (B, C, L).
    """

    def __init__(
        self, channels: int, kernel_size: int, dilations: tuple[int, ...], conv: type[Conv1d] = Conv1d
    ) -> None:
        super().__init__()
        self.convs1 = nn.CellList(
            [conv(channels, channels, kernel_size, dilation=d, padding=same_padding(kernel_size, d)) for d in dilations]
        )
        self.convs2 = nn.CellList(
            [conv(channels, channels, kernel_size, padding=same_padding(kernel_size)) for _ in dilations]
        )
        self.pairs = len(dilations)
        self.activation = LeakyRelu(SLOPE)

    def construct(self, x: Tensor, activated: Tensor, mask: Tensor | None = None) -> Tensor:
        for i in range(self.pairs):
            if i > 0:
                activated = masked(self.activation(x), mask)
            y = masked(self.activation(self.convs1[i](activated)), mask)
            x = self.convs2[i](y) + x
        return x


def masked(x: Tensor, mask: Tensor | None) -> Tensor:
    """``x * mask``, or x itself without a mask (decided when the graph is compiled)."""
    return x if mask is None else x * mask


class Generator(nn.Cell):
    """Latent frames to audio; frames (B, C, T), condition (B, gin, 1) -> (B, 1, T * samples_per_frame).

    A network without condition takes any and ignores it.

    With a mask (B, 1, T) of 0 and 1 the frames it hides have no influence on the others: the input of every
    convolution is zero there, as the edge padding is without them. This costs a product per convolution, so the usual
    graphs have no mask (see ``windows.py``). Training passes the layers that have weight normalisation.
    """

    def __init__(
        self, config: GeneratorConfig, conv: type[Conv1d] = Conv1d, upsample: type[Upsample] = Upsample
    ) -> None:
        super().__init__()
        self.rates = config.upsample_rates
        self.stages, self.kernels = len(config.upsample_rates), len(config.resblock_kernel_sizes)
        self.conv_pre = Conv1d(config.input_channels, config.initial_channels, 7, padding=3)
        self.conditioned = config.condition_channels > 0
        if self.conditioned:
            self.cond = Conv1d(config.condition_channels, config.initial_channels, 1)
        ups, blocks = [], []
        inputs = config.initial_channels
        for stage, (rate, kernel) in enumerate(zip(config.upsample_rates, config.upsample_kernel_sizes, strict=True)):
            channels = config.channels(stage)
            ups.append(upsample(inputs, channels, kernel, rate))
            blocks += [
                ResidualBlock(channels, size, dilations, conv)
                for size, dilations in zip(config.resblock_kernel_sizes, config.resblock_dilation_sizes, strict=True)
            ]
            inputs = channels
        self.ups = nn.CellList(ups)
        self.resblocks = nn.CellList(blocks)
        self.conv_post = Conv1d(inputs, 1, 7, padding=3, bias=config.post_bias)
        self.activation = LeakyRelu(SLOPE)
        self.last_activation = LeakyRelu(LAST_SLOPE)
        self.tanh = Tanh()

    def _blocks(self, x: Tensor, stage: int, mask: Tensor | None) -> Tensor:
        """Mean of the parallel residual blocks of one stage."""
        activated = masked(self.activation(x), mask)
        total = self.resblocks[stage * self.kernels](x, activated, mask)
        for j in range(1, self.kernels):
            total = total + self.resblocks[stage * self.kernels + j](x, activated, mask)
        return total * (1.0 / self.kernels)

    def construct(self, frames: Tensor, condition: Tensor, mask: Tensor | None = None) -> Tensor:
        x = self.conv_pre(masked(frames, mask))
        if self.conditioned:
            x = x + self.cond(condition)
        for stage in range(self.stages):
            x = self.ups[stage](masked(self.activation(x), mask))
            if mask is not None:
                mask = ops.tile(mask.expand_dims(3), (1, 1, 1, self.rates[stage])).reshape((x.shape[0], 1, x.shape[2]))
            x = self._blocks(x, stage, mask)
        return self.tanh(self.conv_post(masked(self.last_activation(x), mask)))
