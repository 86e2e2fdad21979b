"""Small random networks of the feature extractors, under the official keys."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from GPT_SoVITS.features.hubert_config import HubertConfig
from GPT_SoVITS.features.hubert_extractor import Hubert
from GPT_SoVITS.features.roberta_config import RobertaConfig
from GPT_SoVITS.features.roberta_graph import Roberta
from GPT_SoVITS.features.speaker_network import SpeakerConfig

Array = np.ndarray[Any, np.dtype[Any]]
FIXTURES = Path(__file__).parents[1] / "data" / "parity"

HUBERT = HubertConfig(
    conv_dim=(12, 12, 12),
    conv_kernel=(10, 3, 2),
    conv_stride=(5, 2, 2),
    hidden_size=16,
    layers=2,
    heads=4,
    intermediate_size=24,
    position_kernel=6,
    position_groups=2,
)
ROBERTA = RobertaConfig(
    vocabulary=30, positions=24, token_types=2, hidden_size=16, layers=4, heads=4, intermediate_size=24
)
SPEAKER = SpeakerConfig(
    base_width=32, scale=2, expansion=2, channels=8, mel_bins=20, blocks=(1, 2, 2, 1), embedding_size=6
)


def _values(shapes: Mapping[str, tuple[int, ...]], seed: int) -> dict[str, Array]:
    """Random arrays: gains near 1, variances above 0, weights of the size that keeps activations near 1."""
    rng = np.random.default_rng(seed)
    arrays: dict[str, Array] = {}
    for key, shape in shapes.items():
        noise = rng.standard_normal(shape).astype(np.float32)
        if key.endswith("running_var"):
            arrays[key] = 1 + 0.3 * np.abs(noise)
        elif len(shape) == 1:
            arrays[key] = 0.2 * noise + np.float32(key.endswith("weight"))
        else:
            arrays[key] = noise / np.float32(np.sqrt(np.prod(shape[1:])))
    return arrays


def _linear(prefix: str, out: int, inner: int) -> dict[str, tuple[int, ...]]:
    return {f"{prefix}.weight": (out, inner), f"{prefix}.bias": (out,)}


def _norm(prefix: str, dim: int) -> dict[str, tuple[int, ...]]:
    return {f"{prefix}.weight": (dim,), f"{prefix}.bias": (dim,)}


def hubert_arrays(config: HubertConfig = HUBERT, seed: int = 0) -> dict[str, Array]:
    """Arrays with the keys of ``transformers.HubertModel``, weight norm folded."""
    dim, inner = config.hidden_size, config.intermediate_size
    shapes: dict[str, tuple[int, ...]] = {}
    before = 1
    for i, (channels, kernel) in enumerate(zip(config.conv_dim, config.conv_kernel, strict=True)):
        shapes[f"feature_extractor.conv_layers.{i}.conv.weight"] = (channels, before, kernel)
        before = channels
    shapes |= _norm("feature_extractor.conv_layers.0.layer_norm", config.conv_dim[0])
    shapes |= _norm("feature_projection.layer_norm", before) | _linear("feature_projection.projection", dim, before)
    shapes["encoder.pos_conv_embed.conv.weight"] = (dim, dim // config.position_groups, config.position_kernel)
    shapes["encoder.pos_conv_embed.conv.bias"] = (dim,)
    shapes |= _norm("encoder.layer_norm", dim)
    for i in range(config.layers):
        layer = f"encoder.layers.{i}"
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            shapes |= _linear(f"{layer}.attention.{name}", dim, dim)
        shapes |= _linear(f"{layer}.feed_forward.intermediate_dense", inner, dim)
        shapes |= _linear(f"{layer}.feed_forward.output_dense", dim, inner)
        shapes |= _norm(f"{layer}.layer_norm", dim) | _norm(f"{layer}.final_layer_norm", dim)
    return _values(shapes, seed)


@cache
def compiled_hubert() -> Hubert:
    """The small HuBERT, whose graphs all tests of a process share."""
    return Hubert(HUBERT, hubert_arrays())


@cache
def compiled_roberta() -> Roberta:
    """The small RoBERTa, whose graphs all tests of a process share."""
    return Roberta(ROBERTA, roberta_arrays())


def roberta_arrays(config: RobertaConfig = ROBERTA, seed: int = 0) -> dict[str, Array]:
    """Arrays with the keys of ``transformers.BertModel``."""
    dim, inner = config.hidden_size, config.intermediate_size
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (config.vocabulary, dim),
        "embeddings.position_embeddings.weight": (config.positions, dim),
        "embeddings.token_type_embeddings.weight": (config.token_types, dim),
    }
    shapes |= _norm("embeddings.LayerNorm", dim)
    for i in range(config.layers):
        layer = f"encoder.layer.{i}"
        for name in ("self.query", "self.key", "self.value", "output.dense"):
            shapes |= _linear(f"{layer}.attention.{name}", dim, dim)
        shapes |= _linear(f"{layer}.intermediate.dense", inner, dim) | _linear(f"{layer}.output.dense", dim, inner)
        shapes |= _norm(f"{layer}.attention.output.LayerNorm", dim) | _norm(f"{layer}.output.LayerNorm", dim)
    return _values(shapes, seed)


def _batch_norm(prefix: str, dim: int) -> dict[str, tuple[int, ...]]:
    return {f"{prefix}.{name}": (dim,) for name in ("weight", "bias", "running_mean", "running_var")}


def _fusion(prefix: str, channels: int) -> dict[str, tuple[int, ...]]:
    inner, attention = channels // 4, f"{prefix}.local_att"
    return {
        f"{attention}.0.weight": (inner, 2 * channels, 1, 1),
        f"{attention}.0.bias": (inner,),
        f"{attention}.3.weight": (channels, inner, 1, 1),
        f"{attention}.3.bias": (channels,),
        **_batch_norm(f"{attention}.1", inner),
        **_batch_norm(f"{attention}.4", channels),
    }


def speaker_arrays(config: SpeakerConfig = SPEAKER, seed: int = 0) -> dict[str, Array]:
    """Arrays with the keys of the official ERes2NetV2 class, counters left out."""
    shapes: dict[str, tuple[int, ...]] = {"conv1.weight": (config.channels, 1, 3, 3)}
    shapes |= _batch_norm("bn1", config.channels)
    before = config.channels
    for stage, blocks in enumerate(config.blocks):
        width, out = config.branch_width(stage), config.stage_channels(stage)
        for i in range(blocks):
            block, inner = f"layer{stage + 1}.{i}", width * config.scale
            shapes |= {f"{block}.conv1.weight": (inner, before, 1, 1), f"{block}.conv3.weight": (out, inner, 1, 1)}
            shapes |= _batch_norm(f"{block}.bn1", inner) | _batch_norm(f"{block}.bn3", out)
            for j in range(config.scale):
                shapes |= {f"{block}.convs.{j}.weight": (width, width, 3, 3)} | _batch_norm(f"{block}.bns.{j}", width)
                if stage >= 2 and j > 0:
                    shapes |= _fusion(f"{block}.fuse_models.{j - 1}", width)
            if i == 0:
                shapes |= {f"{block}.shortcut.0.weight": (out, before, 1, 1)} | _batch_norm(f"{block}.shortcut.1", out)
            before = out
    shapes["layer3_ds.weight"] = (config.stage_channels(3), config.stage_channels(2), 3, 3)
    shapes |= _fusion("fuse34", config.stage_channels(3))
    shapes |= _linear("seg_1", config.embedding_size, 2 * config.embedding_dim)
    return _values(shapes, seed)
