"""BigVGAN as cells, under official parameter names: what runs it on Ascend, and without native code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn, ops

from GPT_SoVITS import compiled
from GPT_SoVITS.layers.convolution import Conv1d, same_padding
from GPT_SoVITS.layers.parameters import held_bytes, load_arrays, parameter
from GPT_SoVITS.sovits.activation import Tanh
from GPT_SoVITS.sovits.upsampling import Upsample, phase_weight
from GPT_SoVITS.vocoders.config import BigVganConfig
from GPT_SoVITS.vocoders.filters import GAIN, TAPS, low_pass
from GPT_SoVITS.vocoders.reference_bigvgan import NO_DIVISION_BY_ZERO

Array = np.ndarray[Any, np.dtype[Any]]
REACH = TAPS // 4
"""Samples to a side that a raised sample sees."""


def _raising() -> Array:
    """(2, 1, 1, 2 * REACH + 1): the taps of even and of odd raised samples."""
    taps, phases = low_pass() * np.float32(GAIN), np.zeros((2, 1, 1, 2 * REACH + 1), np.float32)
    phases[0, 0, 0, :-1], phases[1, 0, 0, 1:] = taps[::-2], taps[-2::-2]
    return phases


class Snake(nn.Cell):
    """``x + sin^2(alpha x) / beta``; x (B, C, L)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.alpha, self.beta = parameter(channels), parameter(channels)

    def construct(self, x: Tensor) -> Tensor:
        batch, _, length = x.shape
        alpha = ops.exp(self.alpha.astype(ms.float32))
        inverse = 1.0 / (ops.exp(self.beta.astype(ms.float32)) + NO_DIVISION_BY_ZERO)
        alpha = ops.tile(alpha.astype(x.dtype).reshape((1, -1, 1)), (batch, 1, length))
        inverse = ops.tile(inverse.astype(x.dtype).reshape((1, -1, 1)), (batch, 1, length))
        sine = ops.sin(x * alpha)
        return x + sine * sine * inverse


class Activation(nn.Cell):
    """A snake at twice the rate, so that what it adds above half the rate does not fold back; x (B, C, L).

    Channels go where batches are: one filter serves all of them.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.act = Snake(channels)
        self.raising = ms.Tensor(_raising())
        self.lowering = ms.Tensor(low_pass().reshape(1, 1, 1, TAPS).copy())
        self.up = ops.Conv2D(2, (1, 2 * REACH + 1))
        self.down = ops.Conv2D(1, (1, TAPS), stride=(1, 2))

    def construct(self, x: Tensor) -> Tensor:
        batch, channels, length = x.shape
        rows = x.reshape((batch * channels, 1, 1, length))
        phases = self.up(repeated(rows, REACH, REACH), self.raising.astype(x.dtype))  # (B C, 2, 1, L)
        raised = phases.reshape((batch * channels, 2, length)).swapaxes(1, 2).reshape((batch, channels, 2 * length))
        bent = self.act(raised).reshape((batch * channels, 1, 1, 2 * length))
        edges = repeated(bent, TAPS // 2 - 1, TAPS // 2)
        return self.down(edges, self.lowering.astype(x.dtype)).reshape(x.shape)


def repeated(x: Tensor, before: int, after: int) -> Tensor:
    """Repeat the first and the last value of x (N, 1, 1, L)."""
    first, last = ops.tile(x[:, :, :, :1], (1, 1, 1, before)), ops.tile(x[:, :, :, -1:], (1, 1, 1, after))
    return ops.cat((first, x, last), 3)


class PeriodicBlock(nn.Cell):
    """Pairs of a dilated and a plain convolution, an activation before each, a residual around each pair."""

    def __init__(self, channels: int, kernel: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.convs1 = nn.CellList(
            [Conv1d(channels, channels, kernel, dilation=d, padding=same_padding(kernel, d)) for d in dilations]
        )
        self.convs2 = nn.CellList([Conv1d(channels, channels, kernel, padding=same_padding(kernel)) for _ in dilations])
        self.activations = nn.CellList([Activation(channels) for _ in range(2 * len(dilations))])
        self.pairs = len(dilations)

    def construct(self, x: Tensor) -> Tensor:
        for i in range(self.pairs):
            y = self.convs1[i](self.activations[2 * i](x))
            x = self.convs2[i](self.activations[2 * i + 1](y)) + x
        return x


class BigVgan(nn.Cell):
    """Mel (B, bins, T) -> audio (B, 1, samples)."""

    def __init__(self, config: BigVganConfig) -> None:
        super().__init__()
        sizes = config.generator
        self.stages, self.kernels = len(sizes.upsample_rates), len(sizes.resblock_kernel_sizes)
        self.conv_pre = Conv1d(sizes.input_channels, sizes.initial_channels, 7, padding=3)
        ups, blocks, inputs = [], [], sizes.initial_channels
        for stage, (rate, kernel) in enumerate(zip(sizes.upsample_rates, sizes.upsample_kernel_sizes, strict=True)):
            channels = sizes.channels(stage)
            ups.append(nn.CellList([Upsample(inputs, channels, kernel, rate)]))
            blocks += [
                PeriodicBlock(channels, size, dilations)
                for size, dilations in zip(sizes.resblock_kernel_sizes, sizes.resblock_dilation_sizes, strict=True)
            ]
            inputs = channels
        self.ups, self.resblocks = nn.CellList(ups), nn.CellList(blocks)
        self.activation_post = Activation(inputs)
        self.conv_post = Conv1d(inputs, 1, 7, padding=3, bias=sizes.post_bias)
        self.tangent, self.tanh = config.tangent, Tanh()

    def construct(self, mel: Tensor) -> Tensor:
        x = self.conv_pre(mel)
        for stage in range(self.stages):
            x = self.ups[stage][0](x)
            total = self.resblocks[stage * self.kernels](x)
            for j in range(1, self.kernels):
                total = total + self.resblocks[stage * self.kernels + j](x)
            x = total * (1.0 / self.kernels)
        x = self.conv_post(self.activation_post(x))
        return self.tanh(x) if self.tangent else ops.maximum(ops.minimum(x, 1.0), -1.0)


def arrange(config: BigVganConfig, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Return the arrays with transposed convolutions split into phases (``sovits/upsampling.py``)."""
    arranged = dict(arrays)
    rates, kernels = config.generator.upsample_rates, config.generator.upsample_kernel_sizes
    for stage, (rate, kernel) in enumerate(zip(rates, kernels, strict=True)):
        key = f"ups.{stage}.0.weight"
        # Anything else than a kernel of the expected length is left for the loader to report.
        if key in arrays and arrays[key].ndim == 3 and arrays[key].shape[2] == kernel:
            arranged[key] = phase_weight(arrays[key], rate, (kernel - rate) // 2)
    return arranged


class BigVganGraph:
    """Mel (bins, T) -> audio (samples,); every length compiles once.

    Raises:
        WeightsError: the arrays do not fit the sizes.
    """

    def __init__(self, config: BigVganConfig, arrays: Mapping[str, Array], dtype: type = np.float32) -> None:
        network = BigVgan(config)
        load_arrays(network, arrange(config, arrays), dtype)
        self.nbytes = held_bytes(network)
        self._graph, self._dtype = compiled.compile_cell(network), dtype

    def __call__(self, mel: Array) -> Array:
        audio = self._graph(compiled.to_tensor(np.asarray(mel[None], self._dtype))).asnumpy()
        return np.asarray(audio[0, 0], np.float32)
