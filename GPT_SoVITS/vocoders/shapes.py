"""BigVGAN's arrays under official names, weight norm folded, in the order in which native code wants them."""

from __future__ import annotations

from GPT_SoVITS.sovits.windows import EDGE_KERNEL
from GPT_SoVITS.vocoders.config import BigVganConfig

Shape = tuple[int, ...]


def bigvgan_shapes(config: BigVganConfig) -> dict[str, Shape]:
    """Return the shape of every array; filters are computed (``filters.py``)."""
    sizes = config.generator
    shapes: dict[str, Shape] = {}

    def layer(name: str, *shape: int, bias: int) -> None:
        shapes[f"{name}.weight"] = shape
        if bias:
            shapes[f"{name}.bias"] = (bias,)

    def activation(name: str, channels: int) -> None:
        shapes[f"{name}.act.alpha"] = shapes[f"{name}.act.beta"] = (channels,)

    inputs = sizes.initial_channels
    layer("conv_pre", inputs, sizes.input_channels, EDGE_KERNEL, bias=inputs)
    kernels = sizes.resblock_kernel_sizes
    for stage, kernel in enumerate(sizes.upsample_kernel_sizes):
        channels = sizes.channels(stage)
        layer(f"ups.{stage}.0", inputs, channels, kernel, bias=channels)
        for j, (size, dilations) in enumerate(zip(kernels, sizes.resblock_dilation_sizes, strict=True)):
            block = f"resblocks.{stage * len(kernels) + j}"
            for i in range(len(dilations)):
                activation(f"{block}.activations.{2 * i}", channels)
                layer(f"{block}.convs1.{i}", channels, channels, size, bias=channels)
                activation(f"{block}.activations.{2 * i + 1}", channels)
                layer(f"{block}.convs2.{i}", channels, channels, size, bias=channels)
        inputs = channels
    activation("activation_post", inputs)
    layer("conv_post", 1, inputs, EDGE_KERNEL, bias=int(sizes.post_bias))
    return shapes
