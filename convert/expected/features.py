"""Networks that describe text and audio: HuBERT, BERT and the speaker verifier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convert.expected.shapes import Shapes, size


def hubert(shapes: Shapes, config: Mapping[str, Any]) -> None:
    """Add ``transformers.HubertModel``."""
    inputs = 1
    for index, (outputs, kernel) in enumerate(zip(config["conv_dim"], config["conv_kernel"], strict=True)):
        name = f"feature_extractor.conv_layers.{index}"
        shapes.conv(f"{name}.conv", int(outputs), inputs, int(kernel), bias=bool(config.get("conv_bias", False)))
        if index == 0 or config.get("feat_extract_norm", "group") == "layer":
            shapes.norm(f"{name}.layer_norm", int(outputs))
        inputs = int(outputs)
    hidden, inner = size(config, "hidden_size"), size(config, "intermediate_size")
    if config.get("feat_proj_layer_norm", True):
        shapes.norm("feature_projection.layer_norm", inputs)
    shapes.linear("feature_projection.projection", inputs, hidden)
    groups, kernel = size(config, "num_conv_pos_embedding_groups"), size(config, "num_conv_pos_embeddings")
    shapes.conv("encoder.pos_conv_embed.conv", hidden, hidden // groups, kernel, norm_axis=2)
    shapes.norm("encoder.layer_norm", hidden)
    for index in range(size(config, "num_hidden_layers")):
        name = f"encoder.layers.{index}"
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            shapes.linear(f"{name}.attention.{part}", hidden, hidden)
        shapes.norm(f"{name}.layer_norm", hidden)
        shapes.linear(f"{name}.feed_forward.intermediate_dense", hidden, inner)
        shapes.linear(f"{name}.feed_forward.output_dense", inner, hidden)
        shapes.norm(f"{name}.final_layer_norm", hidden)


def bert(shapes: Shapes, config: Mapping[str, Any]) -> None:
    """Add ``transformers.BertModel`` without its pooler."""
    hidden, inner = size(config, "hidden_size"), size(config, "intermediate_size")
    tables = {
        "word": size(config, "vocab_size"),
        "position": size(config, "max_position_embeddings"),
        "token_type": size(config, "type_vocab_size"),
    }
    for table, rows in tables.items():
        shapes.add(f"embeddings.{table}_embeddings.weight", rows, hidden)
    shapes.norm("embeddings.LayerNorm", hidden)
    for index in range(size(config, "num_hidden_layers")):
        name = f"encoder.layer.{index}"
        for part in ("self.query", "self.key", "self.value", "output.dense"):
            shapes.linear(f"{name}.attention.{part}", hidden, hidden)
        shapes.norm(f"{name}.attention.output.LayerNorm", hidden)
        shapes.linear(f"{name}.intermediate.dense", hidden, inner)
        shapes.linear(f"{name}.output.dense", inner, hidden)
        shapes.norm(f"{name}.output.LayerNorm", hidden)


def eres2netv2(shapes: Shapes, config: Mapping[str, Any]) -> None:
    """Add ``ERes2NetV2``: four layers of multi-scale blocks, of which the last two fuse by attention."""
    base, expansion = size(config, "m_channels"), size(config, "expansion")
    shapes.conv("conv1", base, 1, 3, 3, bias=False)
    shapes.batch_norm("bn1", base)
    inputs = base
    for layer, blocks in enumerate(config["num_blocks"], 1):
        planes = base << (layer - 1)
        for index in range(int(blocks)):
            _res2_block(shapes, f"layer{layer}.{index}", config, inputs, planes, fuses=layer > 2)
            inputs = planes * expansion
    shapes.conv("layer3_ds", inputs, inputs // 2, 3, 3, bias=False)
    _fusion(shapes, "fuse34", inputs)
    statistics = 2 * inputs * (size(config, "feat_dim") // 8)  # mean and deviation of every channel and frequency
    shapes.linear("seg_1", statistics, size(config, "embedding_size"))


def _res2_block(shapes: Shapes, name: str, config: Mapping[str, Any], inputs: int, planes: int, *, fuses: bool) -> None:
    scale, outputs = size(config, "scale"), planes * size(config, "expansion")
    width = planes * size(config, "baseWidth") // 64
    shapes.conv(f"{name}.conv1", width * scale, inputs, 1, 1, bias=False)
    shapes.batch_norm(f"{name}.bn1", width * scale)
    for index in range(scale):
        shapes.conv(f"{name}.convs.{index}", width, width, 3, 3, bias=False)
        shapes.batch_norm(f"{name}.bns.{index}", width)
    for index in range(scale - 1 if fuses else 0):
        _fusion(shapes, f"{name}.fuse_models.{index}", width)
    shapes.conv(f"{name}.conv3", outputs, width * scale, 1, 1, bias=False)
    shapes.batch_norm(f"{name}.bn3", outputs)
    if inputs != outputs:
        shapes.conv(f"{name}.shortcut.0", outputs, inputs, 1, 1, bias=False)
        shapes.batch_norm(f"{name}.shortcut.1", outputs)


def _fusion(shapes: Shapes, name: str, channels: int) -> None:
    inner = channels // 4
    shapes.conv(f"{name}.local_att.0", inner, 2 * channels, 1, 1)
    shapes.batch_norm(f"{name}.local_att.1", inner)
    shapes.conv(f"{name}.local_att.3", channels, inner, 1, 1)
    shapes.batch_norm(f"{name}.local_att.4", channels)
