"""BigVGAN in a few lines of numpy: what native code is checked against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from GPT_SoVITS.sovits.reference_generator import convolve, upsample
from GPT_SoVITS.vocoders.config import BigVganConfig
from GPT_SoVITS.vocoders.filters import EDGE, GAIN, TAPS, low_pass

Array = np.ndarray[Any, np.dtype[Any]]
NO_DIVISION_BY_ZERO = 1e-9


def stages(config: BigVganConfig, arrays: Mapping[str, Array], mel: Array) -> tuple[Array, Array]:
    """Return the last activation (channels, samples) and the audio (samples,) of a mel spectrogram (bins, T).

    Args:
        config: Sizes.
        arrays: Official arrays, weight norm folded, float32.
        mel: Natural logarithm of mel magnitudes.
    """
    sizes = config.generator
    kernels = sizes.resblock_kernel_sizes
    x = convolve(mel, arrays, "conv_pre")
    for stage, (rate, kernel) in enumerate(zip(sizes.upsample_rates, sizes.upsample_kernel_sizes, strict=True)):
        x = upsample(x, arrays, f"ups.{stage}.0", kernel, rate)
        first = stage * len(kernels)
        x = np.mean(
            [
                _residual_block(x, arrays, f"resblocks.{first + j}", dilations)
                for j, dilations in enumerate(sizes.resblock_dilation_sizes)
            ],
            axis=0,
        )
    active = activate(x, arrays, "activation_post")
    audio = convolve(active, arrays, "conv_post")[0]
    return active, np.tanh(audio) if config.tangent else np.clip(audio, -1.0, 1.0)


def activate(x: Array, arrays: Mapping[str, Array], name: str) -> Array:
    """Raise x (C, L) to twice its rate, add ``sin^2(alpha x) / beta``, lower it again."""
    taps, (channels, length) = low_pass(), x.shape
    padded = np.pad(x, ((0, 0), (EDGE, EDGE)), mode="edge")
    raised = np.zeros((channels, 2 * padded.shape[1] + TAPS - 2), np.float32)
    for k in range(TAPS):
        raised[:, k : k + 2 * padded.shape[1] : 2] += np.float32(GAIN * taps[k]) * padded
    raised = raised[:, 3 * EDGE : 3 * EDGE + 2 * length]
    alpha = np.exp(arrays[f"{name}.act.alpha"])[:, None]
    beta = np.exp(arrays[f"{name}.act.beta"])[:, None]
    raised = raised + np.sin(raised * alpha) ** 2 / (beta + np.float32(NO_DIVISION_BY_ZERO))
    edges = np.pad(raised, ((0, 0), (TAPS // 2 - 1, TAPS // 2)), mode="edge")
    lowered: Array = sum(taps[k] * edges[:, k : k + 2 * length : 2] for k in range(TAPS))
    return lowered


def _residual_block(x: Array, arrays: Mapping[str, Array], name: str, dilations: tuple[int, ...]) -> Array:
    for i, dilation in enumerate(dilations):
        y = convolve(activate(x, arrays, f"{name}.activations.{2 * i}"), arrays, f"{name}.convs1.{i}", dilation)
        x = convolve(activate(y, arrays, f"{name}.activations.{2 * i + 1}"), arrays, f"{name}.convs2.{i}") + x
    return x
