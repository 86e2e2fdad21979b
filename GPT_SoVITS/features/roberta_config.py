"""Sizes of a BERT network, read from the configuration beside its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from GPT_SoVITS.features.errors import FeatureError

FEATURE_STATE = -3
"""The hidden state that phoneme features are taken from, counted as in ``hidden_states`` of the official model."""


@dataclass(frozen=True)
class RobertaConfig:
    """Sizes of a BERT network.

    Attributes:
        vocabulary: Number of tokens.
        positions: Longest sequence, [CLS] and [SEP] included.
        token_types: Rows of the token type embedding; text features use type 0.
        hidden_size: Width.
        layers: Number of layers in the checkpoint.
        heads: Attention heads.
        intermediate_size: Width of the feed-forward layers.
        layer_norm_eps: Added to variances.
    """

    vocabulary: int
    positions: int
    token_types: int
    hidden_size: int
    layers: int
    heads: int
    intermediate_size: int
    layer_norm_eps: float = 1e-12

    @classmethod
    def from_official(cls, config: Mapping[str, Any]) -> RobertaConfig:
        """Read a Hugging Face ``config.json``.

        Raises:
            FeatureError: the configuration asks for a variant that is not built here, or lacks a size.
        """
        for key, built in (("hidden_act", "gelu"), ("position_embedding_type", "absolute")):
            if config.get(key, built) != built:
                raise FeatureError(
                    f"BERT with {key}={config[key]!r} is not supported, only {built!r}; use another model"
                )
        try:
            return cls(
                vocabulary=config["vocab_size"],
                positions=config["max_position_embeddings"],
                token_types=config["type_vocab_size"],
                hidden_size=config["hidden_size"],
                layers=config["num_hidden_layers"],
                heads=config["num_attention_heads"],
                intermediate_size=config["intermediate_size"],
                layer_norm_eps=config.get("layer_norm_eps", 1e-12),
            )
        except KeyError as error:
            raise FeatureError(f"the BERT configuration has no {error}; use the model's own config.json") from None

    @property
    def feature_layers(self) -> int:
        """Layers that have to run for the features: their output is ``hidden_states[-3]``, 22 of 24."""
        return self.layers + 1 + FEATURE_STATE
