"""Networks that make waveforms, and those that judge them in training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convert.expected.shapes import Shapes, size

_PERIODS = (2, 3, 5, 7, 11)
_PRO_PERIODS = (2, 3, 5, 7, 11, 17, 23)


def stages(config: Mapping[str, Any]) -> list[tuple[int, int]]:
    """Return (channels, kernel) of every upsampling stage; each halves the channels."""
    initial = size(config, "upsample_initial_channel")
    kernels = config["upsample_kernel_sizes"]
    return [(initial >> (index + 1), int(kernel)) for index, kernel in enumerate(kernels)]


def residual_blocks(
    shapes: Shapes, prefix: str, config: Mapping[str, Any], norm_axis: int | None
) -> list[tuple[str, int]]:
    """Add the residual blocks of all stages; return their names and channels."""
    blocks: list[tuple[str, int]] = []
    dilations = config["resblock_dilation_sizes"]
    for channels, _ in stages(config):
        for kernel, steps in zip(config["resblock_kernel_sizes"], dilations, strict=True):
            name = f"{prefix}resblocks.{len(blocks)}"
            groups = ("convs1", "convs2") if str(config["resblock"]) == "1" else ("convs",)
            for group in groups:
                for index in range(len(steps)):
                    shapes.conv(f"{name}.{group}.{index}", channels, channels, int(kernel), norm_axis=norm_axis)
            blocks.append((name, channels))
    return blocks


def generator(
    shapes: Shapes,
    prefix: str,
    config: Mapping[str, Any],
    inputs: int,
    *,
    conditioning: int = 0,
    post_bias: bool = False,
    norm_axis: int | None = 0,
) -> None:
    """Add a HiFi-GAN generator: ``module.models.Generator``.

    Args:
        shapes: Receives the parameters.
        prefix: Before every key, ending with a dot when not empty.
        config: ``upsample_*``, ``resblock*``.
        inputs: Channels of the input.
        conditioning: Channels of the conditioning vector, 0 for none.
        post_bias: Whether the last convolution has a bias.
        norm_axis: Axis weight norm keeps, None when the files come without weight norm.
    """
    channels = size(config, "upsample_initial_channel")
    shapes.conv(f"{prefix}conv_pre", channels, inputs, 7)
    for index, (outputs, kernel) in enumerate(stages(config)):
        shapes.transposed(f"{prefix}ups.{index}", channels, outputs, kernel, norm_axis)
        channels = outputs
    residual_blocks(shapes, prefix, config, norm_axis)
    shapes.conv(f"{prefix}conv_post", 1, channels, 7, bias=post_bias)
    if conditioning:
        shapes.conv(f"{prefix}cond", size(config, "upsample_initial_channel"), conditioning, 1)


def hifigan(shapes: Shapes, config: Mapping[str, Any]) -> None:
    """Add the 48 kHz vocoder of v4, which is published without weight norm."""
    bias = bool(config.get("is_bias", True))
    generator(shapes, "", config, size(config, "initial_channel"), post_bias=bias, norm_axis=None)


def bigvgan(shapes: Shapes, config: Mapping[str, Any]) -> None:
    """Add the 24 kHz vocoder of v3; snake activations have logarithmic ``alpha`` and ``beta`` per channel."""
    channels = size(config, "upsample_initial_channel")
    shapes.conv("conv_pre", channels, size(config, "num_mels"), 7, norm_axis=0)
    for index, (outputs, kernel) in enumerate(stages(config)):
        shapes.transposed(f"ups.{index}.0", channels, outputs, kernel)
        channels = outputs
    blocks = residual_blocks(shapes, "", config, 0)
    per_block = 2 * len(config["resblock_dilation_sizes"][0])
    for name, width in blocks:
        for index in range(per_block):
            _snake(shapes, f"{name}.activations.{index}", width)
    _snake(shapes, "activation_post", channels)
    shapes.conv("conv_post", 1, channels, 7, bias=bool(config.get("use_bias_at_final", True)), norm_axis=0)


def ap_bwe(shapes: Shapes, config: Mapping[str, Any]) -> None:
    """Add the network that raises the rate of v3: ConvNeXt blocks for amplitude and phase (``APNet_BWE_Model``)."""
    width, bins = size(config, "ConvNeXt_channels"), size(config, "n_fft") // 2 + 1
    for stream in ("mag", "pha"):
        shapes.conv(f"conv_pre_{stream}", width, bins, 7)
        shapes.norm(f"norm_pre_{stream}", width)
        for index in range(size(config, "ConvNeXt_layers")):
            block = f"convnext_{stream}.{index}"
            shapes.conv(f"{block}.dwconv", width, 1, 7)
            shapes.norm(f"{block}.norm", width)
            shapes.linear(f"{block}.pwconv1", width, 3 * width)
            shapes.linear(f"{block}.pwconv2", 3 * width, width)
            shapes.add(f"{block}.gamma", width)
        shapes.norm(f"norm_post_{stream}", width)
    for name in ("linear_post_mag", "linear_post_pha_r", "linear_post_pha_i"):
        shapes.linear(name, width, bins)


def _snake(shapes: Shapes, name: str, channels: int) -> None:
    shapes.add(f"{name}.act.alpha", channels)
    shapes.add(f"{name}.act.beta", channels)


def discriminator(shapes: Shapes, config: Mapping[str, Any]) -> None:
    """Add the multi-period discriminator of training: one over the waveform, the others over its periods."""
    periods = _PRO_PERIODS if "Pro" in str(config["model"]["version"]) else _PERIODS
    layers = ((16, 1, 15), (64, 4, 41), (256, 4, 41), (1024, 4, 41), (1024, 4, 41), (1024, 1024, 5))
    for index, weight in enumerate(layers):
        shapes.conv(f"discriminators.0.convs.{index}", *weight, norm_axis=0)
    shapes.conv("discriminators.0.conv_post", 1, 1024, 3, norm_axis=0)
    for number in range(1, len(periods) + 1):
        inputs = 1
        for index, outputs in enumerate((32, 128, 512, 1024, 1024)):
            shapes.conv(f"discriminators.{number}.convs.{index}", outputs, inputs, 5, 1, norm_axis=0)
            inputs = outputs
        shapes.conv(f"discriminators.{number}.conv_post", 1, inputs, 3, 1, norm_axis=0)
