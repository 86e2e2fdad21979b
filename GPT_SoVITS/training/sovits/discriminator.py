"""Discriminators of the generator's audio: one over samples, others over every second, third, ... sample.

Agrees with ``DiscriminatorS``, ``DiscriminatorP`` and ``MultiPeriodDiscriminator`` of the official
``module/models.py`` (HiFi-GAN, section 2.3); parameter names are the keys of their state dict.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from mindspore import Tensor, nn, ops

from convert.keymap import map_official
from GPT_SoVITS.layers.activation import LeakyRelu
from GPT_SoVITS.layers.convolution import same_padding
from GPT_SoVITS.layers.parameters import load_arrays
from GPT_SoVITS.layers.weight_norm import NormedConv1d, NormedConv2d
from GPT_SoVITS.sovits.generator import SLOPE
from GPT_SoVITS.training.sovits.periods import periods

WIDTH = 1024
"""Channels of the last layers, officially."""


def width_of(arrays: Mapping[str, np.ndarray]) -> int:
    """Return the width of discriminators from their official state dict; the official one where it cannot be told."""
    last = arrays.get("discriminators.0.conv_post.weight_v")
    return WIDTH if last is None or last.ndim != 3 else int(last.shape[1])


class _Discriminator(nn.Cell):
    """Convolutions with leaky ReLUs, each output a feature map, and a last one that judges."""

    def __init__(self, convs: list[nn.Cell], conv_post: nn.Cell) -> None:
        super().__init__()
        self.convs, self.conv_post = nn.CellList(convs), conv_post
        self.activation = LeakyRelu(SLOPE)

    def judge(self, x: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return the judgement (B, n) and all feature maps, the last one before flattening included."""
        features: tuple[Tensor, ...] = ()
        for conv in self.convs:
            x = self.activation(conv(x))
            features += (x,)
        x = self.conv_post(x)
        return x.reshape((x.shape[0], -1)), (*features, x)


class ScaleDiscriminator(_Discriminator):
    """Looks at the samples as they are; wave (B, 1, N)."""

    def __init__(self, width: int = WIDTH) -> None:
        narrow, middle = width // 64, width // 16
        grouped = ((narrow, middle, 4), (middle, width // 4, 16), (width // 4, width, 64), (width, width, 256))
        convs = [NormedConv1d(1, narrow, 15, padding=7)]
        convs += [
            NormedConv1d(inputs, outputs, 41, stride=4, groups=min(groups, inputs), padding=20)
            for inputs, outputs, groups in grouped
        ]
        convs.append(NormedConv1d(width, width, 5, padding=2))
        super().__init__(convs, NormedConv1d(width, 1, 3, padding=1))

    def construct(self, wave: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        return self.judge(wave)


class PeriodDiscriminator(_Discriminator):
    """Looks at every ``period``-th sample; wave (B, 1, N)."""

    def __init__(self, period: int, width: int = WIDTH) -> None:
        sizes = (1, width // 32, width // 8, width // 2, width, width)
        convs = [
            NormedConv2d(sizes[i], sizes[i + 1], (5, 1), stride=(3 if i < 4 else 1, 1), padding=(same_padding(5), 0))
            for i in range(5)
        ]
        super().__init__(convs, NormedConv2d(width, 1, (3, 1), padding=(1, 0)))
        self.period = period

    def construct(self, wave: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        batch, _, length = wave.shape
        missing = -length % self.period
        if missing > 0:  # completed by a reflection
            wave = ops.cat((wave, ops.flip(wave[:, :, length - 1 - missing : length - 1], (2,))), 2)
        return self.judge(wave.reshape((batch, 1, (length + missing) // self.period, self.period)))


class Discriminators(nn.Cell):
    """All of them; wave (B, 1, N) -> their judgements and their feature maps."""

    def __init__(self, version: str, width: int = WIDTH) -> None:
        super().__init__()
        cells: list[nn.Cell] = [ScaleDiscriminator(width)]
        cells += [PeriodDiscriminator(period, width) for period in periods(version)]
        self.discriminators = nn.CellList(cells)

    def load(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Fill the parameters from an official state dict.

        Raises:
            WeightsError: any key is missing, unexpected or misshapen; nothing has been changed then.
        """
        load_arrays(self, map_official("discriminator", arrays, training=True).arrays)

    def construct(self, wave: Tensor) -> tuple[tuple[Tensor, ...], tuple[tuple[Tensor, ...], ...]]:
        judgements: tuple[Tensor, ...] = ()
        features: tuple[tuple[Tensor, ...], ...] = ()
        for discriminator in self.discriminators:
            judgement, maps = discriminator(wave)
            judgements += (judgement,)
            features += (maps,)
        return judgements, features
