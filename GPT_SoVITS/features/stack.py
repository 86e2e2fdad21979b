"""HuBERT and RoBERTa over a stack of layers that somebody else computes: what is left of them, on the host.

The layers are where the time goes; :class:`LayerStack` computes them for any number of rows (the native encoder does,
without compiling or padding). What comes before them is small and is done here in numpy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

from GPT_SoVITS.features.hubert_config import HubertConfig
from GPT_SoVITS.features.roberta_config import RobertaConfig
from GPT_SoVITS.layers.elementwise import gelu, layer_norm
from GPT_SoVITS.layers.weights import WeightsError

Array = np.ndarray[Any, np.dtype[Any]]
Tensors = Mapping[str, Array]
LayerTensors = Callable[[int], Tensors]
"""Gives a layer's tensors: ``query``, ``key``, ``value``, ``out``, ``up``, ``down``, ``norm1`` and ``norm2``, each as
``.weight`` and ``.bias``."""

_ROBERTA_LAYER = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "out": "attention.output.dense",
    "norm1": "attention.output.LayerNorm",
    "up": "intermediate.dense",
    "down": "output.dense",
    "norm2": "output.LayerNorm",
}
_HUBERT_LAYER = {
    "query": "attention.q_proj",
    "key": "attention.k_proj",
    "value": "attention.v_proj",
    "out": "attention.out_proj",
    "norm1": "layer_norm",
    "up": "feed_forward.intermediate_dense",
    "down": "feed_forward.output_dense",
    "norm2": "final_layer_norm",
}


class LayerStack(Protocol):
    """Post-norm transformer layers with full attention."""

    def run(self, rows: Array) -> Array:
        """Return the last layer's state, (n, dim) float32, for the state before the first one."""


def _kept(arrays: Tensors, key: str, shape: tuple[int, ...], dtype: type | None = np.float32) -> Array:
    """A copy of an array, so that the file it may be mapped from can be closed."""
    if key not in arrays or arrays[key].shape != shape:
        found = tuple(arrays[key].shape) if key in arrays else "nothing"
        raise WeightsError(f"{key} is {found}, expected {shape}")
    return np.array(arrays[key], dtype or arrays[key].dtype, order="C")


def _kept_norm(arrays: Tensors, prefix: str, dim: int) -> tuple[Array, Array]:
    return _kept(arrays, f"{prefix}.weight", (dim,)), _kept(arrays, f"{prefix}.bias", (dim,))


def _layer(arrays: Tensors, prefix: str, names: Mapping[str, str]) -> dict[str, Array]:
    try:
        return {
            f"{ours}.{kind}": arrays[f"{prefix}.{theirs}.{kind}"]
            for ours, theirs in names.items()
            for kind in ("weight", "bias")
        }
    except KeyError as error:
        raise WeightsError(f"missing: {error.args[0]}") from None


def roberta_layers(arrays: Tensors) -> LayerTensors:
    """Return what gives RoBERTa's layers from official arrays."""
    return lambda index: _layer(arrays, f"encoder.layer.{index}", _ROBERTA_LAYER)


def hubert_layers(arrays: Tensors) -> LayerTensors:
    """Return what gives HuBERT's layers from official arrays, weight norm folded."""
    return lambda index: _layer(arrays, f"encoder.layers.{index}", _HUBERT_LAYER)


class StackedRoberta:
    """RoBERTa's features; takes the place of :class:`GPT_SoVITS.features.phone_features.Roberta`.

    Args:
        config: Sizes.
        arrays: Official arrays.
        stack: The layers below the hidden state that is used, ``config.feature_layers`` of them.

    Raises:
        WeightsError: an embedding is missing or misshapen.
    """

    def __init__(self, config: RobertaConfig, arrays: Tensors, stack: LayerStack) -> None:
        self.config, self.stack = config, stack
        dim = config.hidden_size
        # The largest table stays as the file has it; rows are widened when they are looked up.
        self._words = _kept(arrays, "embeddings.word_embeddings.weight", (config.vocabulary, dim), None)
        positions = _kept(arrays, "embeddings.position_embeddings.weight", (config.positions, dim))
        types = _kept(arrays, "embeddings.token_type_embeddings.weight", (config.token_types, dim))
        self._offsets = positions + types[:1]
        self._norm = _kept_norm(arrays, "embeddings.LayerNorm", dim)

    def __call__(self, ids: Array, mask: Array | None = None) -> Array:
        """Return ``hidden_states[-3]`` (B, L, hidden) float32 of tokens (B, L); padding (mask 0) gives zeros."""
        result = np.zeros((*ids.shape, self.config.hidden_size), np.float32)
        for row, tokens in enumerate(ids):
            valid = np.ones(len(tokens), bool) if mask is None else np.asarray(mask[row], bool)
            rows = self._words[tokens[valid]].astype(np.float32) + self._offsets[: len(tokens)][valid]
            result[row, valid] = self.stack.run(layer_norm(rows, self._norm, self.config.layer_norm_eps))
        return result

    def warm_up(self, longest: int = 1) -> float:
        """Nothing is compiled for a length."""
        return 0.0


class StackedHubertEncoder:
    """HuBERT from the convolutions' frames on; see :class:`GPT_SoVITS.features.hubert.HubertEncoder`.

    Args:
        config: Sizes.
        arrays: Official arrays, weight norm folded.
        stack: All layers.

    Raises:
        WeightsError: an array is missing or misshapen.
    """

    def __init__(self, config: HubertConfig, arrays: Tensors, stack: LayerStack) -> None:
        self.config, self.stack = config, stack
        inputs, dim = config.conv_dim[-1], config.hidden_size
        self._frame_norm = _kept_norm(arrays, "feature_projection.layer_norm", inputs)
        self._projection = _kept(arrays, "feature_projection.projection.weight", (dim, inputs))
        self._projection_bias = _kept(arrays, "feature_projection.projection.bias", (dim,))
        width, kernel = dim // config.position_groups, config.position_kernel
        weight = _kept(arrays, "encoder.pos_conv_embed.conv.weight", (dim, width, kernel))
        # (groups * out, in, kernel) -> (groups, in * kernel, out): a product with the windows of each group
        grouped = weight.reshape(config.position_groups, width, width * kernel)
        self._position = np.ascontiguousarray(grouped.transpose(0, 2, 1))
        self._position_bias = _kept(arrays, "encoder.pos_conv_embed.conv.bias", (dim,))
        self._norm = _kept_norm(arrays, "encoder.layer_norm", dim)

    def __call__(self, frames: Array) -> Array:
        """Return the last hidden state (n, hidden) float32 of frames (n, conv_dim)."""
        x = self.project(frames)
        x = layer_norm(x + gelu(self._positions(x)), self._norm, self.config.layer_norm_eps)
        return self.stack.run(np.asarray(x, np.float32))

    def project(self, frames: Array) -> Array:
        """Return frames (n, conv_dim) normalised and brought to the layers' width, (n, hidden) float32."""
        normalised = layer_norm(frames, self._frame_norm, self.config.layer_norm_eps)
        projected: Array = normalised @ self._projection.T + self._projection_bias
        return projected

    def lengths_to_warm(self, longest: int) -> list[int]:
        """Nothing is compiled for a length: one run shows that it works and fills caches."""
        return [1]

    def _positions(self, x: Array) -> Array:
        """The wide grouped convolution; an even kernel makes one frame too many, which is dropped."""
        kernel, groups = self.config.position_kernel, self.config.position_groups
        padded = np.pad(x, ((kernel // 2, kernel // 2), (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, kernel, axis=0)[: len(x)]  # (n, dim, kernel)
        parts = np.split(windows, groups, axis=1)
        columns = [part.reshape(len(x), -1) @ self._position[g] for g, part in enumerate(parts)]
        return np.concatenate(columns, axis=1) + self._position_bias
