"""Shapes of the arrays of v3 and v4 that v1 and v2 do not have, under official names, from the sizes alone."""

from __future__ import annotations

from GPT_SoVITS.cfm.config import CfmConfig

Shape = tuple[int, ...]
ESTIMATOR = "cfm.estimator."
CONDITION = ("bridge.", "wns1.")
UNUSED = ("linear_mel.",)
"""A training loss of an early version; in every published file, in no inference."""


def estimator_shapes(config: CfmConfig) -> dict[str, Shape]:
    """Return the shape of every array of the estimator, without the prefix :data:`ESTIMATOR`."""
    found: dict[str, Shape] = {}
    width, text = config.width, config.text

    def layer(name: str, outputs: int, *inputs: int) -> None:
        found[f"{name}.weight"], found[f"{name}.bias"] = (outputs, *inputs), (outputs,)

    for embedding in ("time_embed", "d_embed"):
        layer(f"{embedding}.time_mlp.0", width, config.frequencies)
        layer(f"{embedding}.time_mlp.2", width, width)
    for i in range(config.text_blocks):
        block = f"text_embed.text_blocks.{i}"
        layer(f"{block}.dwconv", text, 1, 7)
        layer(f"{block}.norm", text)
        layer(f"{block}.pwconv1", 2 * text, text)
        found[f"{block}.grn.gamma"] = found[f"{block}.grn.beta"] = (1, 1, 2 * text)
        layer(f"{block}.pwconv2", text, 2 * text)
    layer("input_embed.proj", width, 2 * config.mel + text)
    for i in (0, 2):
        layer(f"input_embed.conv_pos_embed.conv1d.{i}", width, width // config.position_groups, config.position_kernel)
    for i in range(config.depth):
        block = f"transformer_blocks.{i}"
        layer(f"{block}.attn_norm.linear", 6 * width, width)
        for part in ("to_q", "to_k", "to_v", "to_out.0"):
            layer(f"{block}.attn.{part}", width, width)
        layer(f"{block}.ff.ff.0.0", config.feed_forward, width)
        layer(f"{block}.ff.ff.2", width, config.feed_forward)
    layer("norm_out.linear", 2 * width, width)
    layer("proj_out", config.mel, width)
    return found


def condition_shapes(config: CfmConfig) -> dict[str, Shape]:
    """Return the shape of every array that turns content into the condition: ``bridge`` and ``wns1``."""
    found: dict[str, Shape] = {}
    text, layers = config.text, config.condition_layers

    def conv(name: str, outputs: int, inputs: int, kernel: int = 1) -> None:
        found[f"{name}.weight"], found[f"{name}.bias"] = (outputs, inputs, kernel), (outputs,)

    conv("bridge.0", text, config.content_channels)
    conv("wns1.pre", text, text)
    conv("wns1.proj", text, text)
    conv("wns1.enc.cond_layer", 2 * text * layers, config.timbre_channels)
    for i in range(layers):
        conv(f"wns1.enc.in_layers.{i}", 2 * text, text, config.condition_kernel)
        conv(f"wns1.enc.res_skip_layers.{i}", text * (2 if i < layers - 1 else 1), text)
    return found
