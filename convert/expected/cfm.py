"""The diffusion transformer of v3 and v4: ``DiT(dim=1024, heads=16, ff_mult=2, conv_layers=4)``."""

from __future__ import annotations

from convert.expected.shapes import Shapes

WIDTH = 1024
FEED_FORWARD = 2 * WIDTH
FREQUENCIES = 256
TEXT_BLOCKS = 4
POSITION_KERNEL = 31
POSITION_GROUPS = 16


def conditional_flow_matching(shapes: Shapes, name: str, mel: int, text: int, depth: int) -> None:
    """Add the estimator's parameters.

    Args:
        shapes: Receives the parameters.
        name: Before every key.
        mel: Mel bins.
        text: Channels of the condition.
        depth: Transformer blocks.
    """
    for embedding in ("time_embed", "d_embed"):
        shapes.linear(f"{name}.{embedding}.time_mlp.0", FREQUENCIES, WIDTH)
        shapes.linear(f"{name}.{embedding}.time_mlp.2", WIDTH, WIDTH)
    for index in range(TEXT_BLOCKS):
        _text_block(shapes, f"{name}.text_embed.text_blocks.{index}", text)
    shapes.linear(f"{name}.input_embed.proj", 2 * mel + text, WIDTH)
    for index in (0, 2):
        position = f"{name}.input_embed.conv_pos_embed.conv1d.{index}"
        shapes.conv(position, WIDTH, WIDTH // POSITION_GROUPS, POSITION_KERNEL)
    for index in range(depth):
        _block(shapes, f"{name}.transformer_blocks.{index}")
    shapes.linear(f"{name}.norm_out.linear", WIDTH, 2 * WIDTH)
    shapes.linear(f"{name}.proj_out", WIDTH, mel)


def _text_block(shapes: Shapes, name: str, channels: int) -> None:
    shapes.conv(f"{name}.dwconv", channels, 1, 7)
    shapes.norm(f"{name}.norm", channels)
    shapes.linear(f"{name}.pwconv1", channels, 2 * channels)
    shapes.gamma_beta(f"{name}.grn", 1, 1, 2 * channels)
    shapes.linear(f"{name}.pwconv2", 2 * channels, channels)


def _block(shapes: Shapes, name: str) -> None:
    shapes.linear(f"{name}.attn_norm.linear", WIDTH, 6 * WIDTH)
    for part in ("to_q", "to_k", "to_v", "to_out.0"):
        shapes.linear(f"{name}.attn.{part}", WIDTH, WIDTH)
    shapes.linear(f"{name}.ff.ff.0.0", WIDTH, FEED_FORWARD)
    shapes.linear(f"{name}.ff.ff.2", FEED_FORWARD, WIDTH)
