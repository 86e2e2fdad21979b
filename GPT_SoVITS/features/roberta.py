"""RoBERTa-large for Chinese (a ``BertModel``): the network whose hidden states tell the phonemes their context.

Devlin et al., "BERT" (2019); Cui et al., "Pre-training with whole word masking for Chinese BERT" (2021). Agrees with
``transformers.BertModel``. Only the layers below the hidden state that is used are built.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from mindspore import Tensor, nn

from GPT_SoVITS.features.roberta_config import RobertaConfig
from GPT_SoVITS.features.transformer import AttentionBias, PostNormLayer, fuse_projections
from GPT_SoVITS.layers.linear import Embedding
from GPT_SoVITS.layers.normalisation import LayerNorm

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
