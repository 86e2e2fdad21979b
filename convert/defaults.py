"""Configurations of the published networks, for files that come without one (training checkpoints, bare state dicts).

What is taken from here is checked like everything else: a file of other sizes is refused with the keys that do not fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_RESBLOCKS: dict[str, Any] = {
    "resblock": "1",
    "resblock_kernel_sizes": [3, 7, 11],
    "resblock_dilation_sizes": [[1, 3, 5], [1, 3, 5], [1, 3, 5]],
}
_FIXED: dict[str, dict[str, Any]] = {
    "hubert": {
        "conv_dim": [512] * 7,
        "conv_kernel": [10, 3, 3, 3, 3, 2, 2],
        "conv_stride": [5, 2, 2, 2, 2, 2, 2],
        "conv_bias": False,
        "feat_extract_norm": "group",
        "feat_proj_layer_norm": True,
        "hidden_size": 768,
        "intermediate_size": 3072,
        "num_attention_heads": 12,
        "num_hidden_layers": 12,
        "num_conv_pos_embeddings": 128,
        "num_conv_pos_embedding_groups": 16,
        "do_stable_layer_norm": False,
        "layer_norm_eps": 1e-5,
    },
    "bert": {
        "hidden_size": 1024,
        "intermediate_size": 4096,
        "num_attention_heads": 16,
        "num_hidden_layers": 24,
        "max_position_embeddings": 512,
        "type_vocab_size": 2,
        "vocab_size": 21128,
        "layer_norm_eps": 1e-12,
    },
    "eres2netv2": {
        "baseWidth": 24,
        "scale": 4,
        "expansion": 4,
        "m_channels": 64,
        "feat_dim": 80,
        "num_blocks": [3, 4, 6, 3],
        "embedding_size": 192,
    },
    "bigvgan": _RESBLOCKS
    | {
        "upsample_rates": [4, 4, 2, 2, 2, 2],
        "upsample_kernel_sizes": [8, 8, 4, 4, 4, 4],
        "upsample_initial_channel": 1536,
        "use_tanh_at_final": False,
        "use_bias_at_final": False,
        "activation": "snakebeta",
        "snake_logscale": True,
        "num_mels": 100,
        "hop_size": 256,
        "sampling_rate": 24000,
    },
    "hifigan": _RESBLOCKS
    | {
        "initial_channel": 100,
        "upsample_rates": [10, 6, 2, 2, 2],
        "upsample_kernel_sizes": [20, 12, 4, 4, 4],
        "upsample_initial_channel": 512,
        "gin_channels": 0,
        "is_bias": True,
    },
    "ap_bwe": {
        "n_fft": 1024,
        "hop_size": 80,
        "win_size": 320,
        "hr_sampling_rate": 48000,
        "ConvNeXt_channels": 512,
        "ConvNeXt_layers": 8,
    },
}


def _t2s(version: str) -> dict[str, Any]:
    model = {
        "vocab_size": 1025,
        "phoneme_vocab_size": 512 if version == "v1" else 732,
        "embedding_dim": 512,
        "hidden_dim": 512,
        "head": 16,
        "linear_units": 2048,
        "n_layer": 24,
        "dropout": 0,
        "EOS": 1024,
        "random_bert": 0,
    }
    return {"model": model, "inference": {"top_k": 15}, "data": {"max_sec": 54, "pad_val": 1024}}


def _sovits(version: str) -> dict[str, Any]:
    plus = version == "v2ProPlus"
    model = _RESBLOCKS | {
        "inter_channels": 192,
        "hidden_channels": 192,
        "filter_channels": 768,
        "n_heads": 2,
        "n_layers": 6,
        "kernel_size": 3,
        "p_dropout": 0.0 if "Pro" in version else 0.1,
        "upsample_rates": [10, 8, 2, 2, 2],
        "upsample_initial_channel": 768 if plus else 512,
        "upsample_kernel_sizes": [20 if plus else 16, 16, 8, 2, 2],
        "gin_channels": 1024 if "Pro" in version else 512,
        "semantic_frame_rate": "25hz",
        "freeze_quantizer": True,
    }
    data = {
        "sampling_rate": 32000,
        "filter_length": 2048,
        "hop_length": 640,
        "win_length": 2048,
        "n_mel_channels": 128,
        "mel_fmin": 0.0,
        "mel_fmax": None,
        "n_speakers": 300,
    }
    return {"model": model, "data": data, "train": {"segment_size": 20480}}


def default_config(kind: str, version: str) -> Mapping[str, Any]:
    """Return the configuration of the published network.

    Args:
        kind: One of :data:`convert.keymap.KINDS`.
        version: Version, for ``t2s`` and ``sovits``.
    """
    if kind == "t2s":
        return _t2s(version)
    if kind == "sovits":
        return _sovits(version)
    return _FIXED.get(kind, {"model": {"version": version}})
