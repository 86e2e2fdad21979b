"""Sizes of a HuBERT network, read from the configuration beside its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from GPT_SoVITS.features.errors import FeatureError

_BUILT_FOR: dict[str, tuple[Any, Any]] = {
    # key of config.json: (value we build, what an absent key means)
    "feat_extract_norm": ("group", "group"),
    "feat_extract_activation": ("gelu", "gelu"),
    "hidden_act": ("gelu", "gelu"),
    "conv_bias": (False, False),
    "feat_proj_layer_norm": (True, True),
    "do_stable_layer_norm": (False, False),
    "conv_pos_batch_norm": (False, False),
}


@dataclass(frozen=True)
class HubertConfig:
    """Sizes of a HuBERT network.

    Attributes:
        conv_dim: Output channels of each convolution of the frame encoder.
        conv_kernel: Their kernels.
        conv_stride: Their strides; the product is the number of samples per frame.
        hidden_size: Width of the transformer.
        layers: Number of transformer layers.
        heads: Attention heads.
        intermediate_size: Width of the feed-forward layers.
        position_kernel: Kernel of the convolution that encodes positions.
        position_groups: Its groups.
        layer_norm_eps: Added to variances.
    """

    conv_dim: tuple[int, ...]
    conv_kernel: tuple[int, ...]
    conv_stride: tuple[int, ...]
    hidden_size: int
    layers: int
    heads: int
    intermediate_size: int
    position_kernel: int
    position_groups: int
    layer_norm_eps: float = 1e-5

    @classmethod
    def from_official(cls, config: Mapping[str, Any]) -> HubertConfig:
        """Read a Hugging Face ``config.json``.

        Raises:
            FeatureError: the configuration asks for a variant that is not built here, or lacks a size.
        """
        for key, (built, default) in _BUILT_FOR.items():
            if config.get(key, default) != built:
                raise FeatureError(
                    f"HuBERT with {key}={config[key]!r} is not supported, only {built!r}; use another model"
                )
        try:
            return cls(
                conv_dim=tuple(config["conv_dim"]),
                conv_kernel=tuple(config["conv_kernel"]),
                conv_stride=tuple(config["conv_stride"]),
                hidden_size=config["hidden_size"],
                layers=config["num_hidden_layers"],
                heads=config["num_attention_heads"],
                intermediate_size=config["intermediate_size"],
                position_kernel=config["num_conv_pos_embeddings"],
                position_groups=config["num_conv_pos_embedding_groups"],
                layer_norm_eps=config.get("layer_norm_eps", 1e-5),
            )
        except KeyError as error:
            raise FeatureError(f"the HuBERT configuration has no {error}; use the model's own config.json") from None

    @property
    def hop(self) -> int:
        """Samples per frame (320: 20 ms at 16 kHz)."""
        return prod(self.conv_stride)

    def steps_before(self, frames: int, first: int = 0) -> int:
        """Return how many inputs the layers from ``first`` on read for ``frames`` frames (samples for layer 0)."""
        steps = frames
        for kernel, stride in reversed(list(zip(self.conv_kernel, self.conv_stride, strict=True))[first:]):
            steps = (steps - 1) * stride + kernel
        return steps

    def frames(self, samples: int) -> int:
        """Return the number of frames of a recording, 0 or less when it is too short for one."""
        steps = samples
        for kernel, stride in zip(self.conv_kernel, self.conv_stride, strict=True):
            steps = (steps - kernel) // stride + 1
        return steps
