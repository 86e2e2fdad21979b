"""The generator in a few lines of numpy, without MindSpore or anything clever: what native code is checked against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from GPT_SoVITS.sovits.config import GeneratorConfig

Array = np.ndarray[Any, np.dtype[Any]]
SLOPE, LAST_SLOPE = 0.1, 0.01


def generate(config: GeneratorConfig, arrays: Mapping[str, Array], frames: Array, condition: Array) -> Array:
    """Return the audio (samples,) of frames (C, T) in a voice (gin,).

    Args:
        config: Sizes.
        arrays: Official arrays without prefix, weight norm folded, float32.
        frames: Latent frames.
        condition: Speaker condition.
    """
    kernels = config.resblock_kernel_sizes
    x = convolve(frames, arrays, "conv_pre")
    if config.condition_channels:
        x = x + (arrays["cond.weight"][:, :, 0] @ condition + arrays["cond.bias"])[:, None]
    for stage, (rate, kernel) in enumerate(zip(config.upsample_rates, config.upsample_kernel_sizes, strict=True)):
        x = upsample(_leaky(x), arrays, f"ups.{stage}", kernel, rate)
        first = stage * len(kernels)
        x = np.mean(
            [
                _residual_block(x, arrays, f"resblocks.{first + j}", dilations)
                for j, dilations in enumerate(config.resblock_dilation_sizes)
            ],
            axis=0,
        )
    audio: Array = np.tanh(convolve(_leaky(x, LAST_SLOPE), arrays, "conv_post")[0])
    return audio


def _leaky(x: Array, slope: float = SLOPE) -> Array:
    return np.maximum(x, np.float32(slope) * x)


def convolve(x: Array, arrays: Mapping[str, Array], name: str, dilation: int = 1) -> Array:
    """Convolve x (in, L) with an odd kernel, keeping the length -> (out, L)."""
    weight, length = arrays[f"{name}.weight"], x.shape[1]
    reach = (weight.shape[2] - 1) // 2 * dilation
    padded = np.pad(x, ((0, 0), (reach, reach)))
    taps = np.ascontiguousarray(weight.transpose(2, 0, 1))  # products with strided matrices are slow
    y: Array = sum(taps[k] @ padded[:, k * dilation : k * dilation + length] for k in range(len(taps)))  # (out, L)
    bias = arrays.get(f"{name}.bias")
    return y if bias is None else y + bias[:, None]


def upsample(x: Array, arrays: Mapping[str, Array], name: str, kernel: int, rate: int) -> Array:
    """Transposed convolution of x (in, L) -> (out, L * rate)."""
    weight, length = arrays[f"{name}.weight"], x.shape[1]  # (in, out, kernel)
    y = np.zeros((weight.shape[1], (length - 1) * rate + kernel), x.dtype)
    taps = np.ascontiguousarray(weight.transpose(2, 1, 0))
    for k in range(kernel):
        y[:, k : k + (length - 1) * rate + 1 : rate] += taps[k] @ x
    padding = (kernel - rate) // 2
    return y[:, padding : padding + length * rate] + arrays[f"{name}.bias"][:, None]


def _residual_block(x: Array, arrays: Mapping[str, Array], name: str, dilations: tuple[int, ...]) -> Array:
    for i, dilation in enumerate(dilations):
        y = convolve(_leaky(x), arrays, f"{name}.convs1.{i}", dilation)
        x = convolve(_leaky(y), arrays, f"{name}.convs2.{i}") + x
    return x
