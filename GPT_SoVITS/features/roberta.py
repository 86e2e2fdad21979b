"""RoBERTa-large for Chinese (a ``BertModel``): the network whose hidden states tell the phonemes their context.

Devlin et al., "BERT" (2019); Cui et al., "Pre-training with whole word masking for Chinese BERT" (2021). Agrees with
``transformers.BertModel``. Only the layers below the hidden state that is used are built.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from mindspore import Tensor, nn

from GPT_SoVITS.features.errors import FeatureError
from GPT_SoVITS.features.transformer import AttentionBias, PostNormLayer, fuse_projections
from GPT_SoVITS.layers.activation import Gelu
from GPT_SoVITS.layers.linear import Embedding, Linear
from GPT_SoVITS.layers.normalisation import LayerNorm
from GPT_SoVITS.layers.parameters import parameter

FEATURE_STATE = -3
"""The hidden state that phoneme features are taken from, counted as in ``hidden_states`` of the official model."""
_PROJECTIONS = ("self.query", "self.key", "self.value")
# Official name within a layer -> name in PostNormLayer, after the projections have been fused.
_LAYER_NAMES = {
    "attention.output.dense": "attention.out_proj",
    "attention.output.LayerNorm": "layer_norm",
    "intermediate.dense": "feed_forward.intermediate_dense",
    "output.dense": "feed_forward.output_dense",
    "output.LayerNorm": "final_layer_norm",
}
_LAYER_KEY = re.compile(r"encoder\.layer\.(\d+)\.(.+)\.(weight|bias)")


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


class _Embeddings(nn.Cell):
    """Token, position and type-0 embeddings, normalised; ids (B, L) int -> (B, L, hidden)."""

    def __init__(self, config: RobertaConfig) -> None:
        super().__init__()
        self.word_embeddings = Embedding(config.vocabulary, config.hidden_size)
        self.position_embeddings = Embedding(config.positions, config.hidden_size)
        self.token_type_embeddings = Embedding(config.token_types, config.hidden_size)
        self.LayerNorm = LayerNorm(config.hidden_size, config.layer_norm_eps)

    def construct(self, ids: Tensor) -> Tensor:
        offsets = self.position_embeddings.weight[: ids.shape[1]] + self.token_type_embeddings.weight[:1]
        return self.LayerNorm(self.word_embeddings(ids) + offsets)


class _Layers(nn.Cell):
    def __init__(self, config: RobertaConfig, count: int) -> None:
        super().__init__()
        self.layer = nn.CellList(
            [
                PostNormLayer(config.hidden_size, config.heads, config.intermediate_size, config.layer_norm_eps)
                for _ in range(count)
            ]
        )

    def construct(self, x: Tensor, bias: Tensor) -> list[Tensor]:
        states = [x]
        for layer in self.layer:
            states.append(layer(states[-1], bias))
        return states


class RobertaEncoder(nn.Cell):
    """Token ids (B, L) and their mask (B, L), 1 valid and 0 padding, to hidden states, each (B, L, hidden).

    Args:
        config: Sizes.
        states: Which hidden states to return: 0 the embeddings, n after layer n; layers above the last of them are not
            built. None for the one that features are taken from.
    """

    def __init__(self, config: RobertaConfig, states: Sequence[int] | None = None) -> None:
        super().__init__()
        self.states = (config.feature_layers,) if states is None else tuple(states)
        self.embeddings = _Embeddings(config)
        self.encoder = _Layers(config, max(self.states))
        self.attention_bias = AttentionBias(config.heads)

    def construct(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
        states = self.encoder(self.embeddings(ids), self.attention_bias(mask))
        return tuple([states[i] for i in self.states])


class _HeadTransform(nn.Cell):
    def __init__(self, config: RobertaConfig) -> None:
        super().__init__()
        self.dense = Linear(config.hidden_size, config.hidden_size)
        self.LayerNorm = LayerNorm(config.hidden_size, config.layer_norm_eps)
        self.gelu = Gelu()

    def construct(self, x: Tensor) -> Tensor:
        return self.LayerNorm(self.gelu(self.dense(x)))


class MaskedLanguageHead(nn.Cell):
    """Logits over the vocabulary from the last hidden state; x (B, L, hidden) -> (B, L, vocabulary).

    Features do not need it; it completes the network (names as in ``cls.predictions``, decoder.weight is the token
    embedding).
    """

    def __init__(self, config: RobertaConfig) -> None:
        super().__init__()
        self.transform = _HeadTransform(config)
        self.decoder = Linear(config.hidden_size, config.vocabulary, bias=False)
        self.bias = parameter(config.vocabulary)

    def construct(self, x: Tensor) -> Tensor:
        return self.decoder(self.transform(x)) + self.bias


def encoder_arrays(arrays: Mapping[str, np.ndarray], config: RobertaConfig, layers: int) -> dict[str, np.ndarray]:
    """Bring official arrays to the names of :class:`RobertaEncoder`: rename, fuse projections, drop unused layers.

    Args:
        arrays: Keys as in ``transformers.BertModel``.
        config: Sizes.
        layers: Number of layers that are built; arrays of the checkpoint's layers above them are left out.

    Raises:
        WeightsError: an attention's projections are incomplete.
    """
    result: dict[str, np.ndarray] = {}
    for key, array in fuse_projections(arrays, _PROJECTIONS, config.heads).items():
        match = _LAYER_KEY.fullmatch(key)
        if match is None:
            result[key] = array
            continue
        number, name, kind = match.groups()
        if not layers <= int(number) < config.layers:
            result[f"encoder.layer.{number}.{_LAYER_NAMES.get(name, name)}.{kind}"] = array
    return result
