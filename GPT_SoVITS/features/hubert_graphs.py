"""HuBERT's convolutions and transformer as compiled graphs: how Ascend and a machine without native code run them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from GPT_SoVITS import compiled
from GPT_SoVITS.features.hubert import FrameEncoder, HubertEncoder
from GPT_SoVITS.features.hubert_config import HubertConfig
from GPT_SoVITS.features.lengths import padded_length, padded_lengths
from GPT_SoVITS.features.transformer import fuse_projections
from GPT_SoVITS.layers.parameters import load_arrays

SMALLEST_LENGTH = 64
"""Frames of the smallest transformer graph (1.3 s)."""
WINDOW_FRAMES = 32
"""Frames per run of the convolutions: the largest activation is 4 MB, which caches hold (twice as many frames take
nearly four times as long), and the last run is half padding on average, 16 frames."""
_PROJECTIONS = ("q_proj", "k_proj", "v_proj")


@dataclass(frozen=True)
class HubertArrays:
    """A checkpoint's arrays by the graph they belong to; those of the first convolution are in neither."""

    frame_encoder: dict[str, np.ndarray]
    encoder: dict[str, np.ndarray]


def split_arrays(arrays: Mapping[str, np.ndarray], config: HubertConfig) -> HubertArrays:
    """Sort official arrays (weight norm folded) to the parts of the network and fuse the attention projections.

    Args:
        arrays: Keys as in ``transformers.HubertModel``.
        config: Sizes.

    Raises:
        WeightsError: an attention's projections are incomplete.
    """
    parts = HubertArrays({}, {})
    for key, array in fuse_projections(arrays, _PROJECTIONS, config.heads).items():
        _, found, layer_key = key.partition("feature_extractor.conv_layers.")
        number, _, name = layer_key.partition(".")
        if not found or not number.isdecimal():
            parts.encoder[key] = array
        elif number != "0":
            parts.frame_encoder[f"conv_layers.{int(number) - 1}.{name.removeprefix('conv.')}"] = array
    return parts


class FrameGraph:
    """The convolutions; see :class:`GPT_SoVITS.features.hubert_extractor.FrameRunner`.

    Args:
        config: Sizes.
        arrays: Arrays of :class:`FrameEncoder`.
        dtype: numpy float type of the weights and of the computation.

    Raises:
        WeightsError: the arrays do not fit the configuration.
    """

    at_once = WINDOW_FRAMES

    def __init__(self, config: HubertConfig, arrays: Mapping[str, np.ndarray], dtype: type[np.floating]) -> None:
        self.dtype = dtype
        network = FrameEncoder(config)
        load_arrays(network, arrays, dtype)
        self._graph = compiled.compile_cell(network)

    def __call__(self, kernel: np.ndarray, windows: np.ndarray) -> np.ndarray:
        """Kernel (conv_dim, taps + 1), windows of the wave (taps + 1, n) -> frames (m, conv_dim)."""
        inputs = (compiled.to_tensor(array.astype(self.dtype)) for array in (kernel, windows))
        return np.asarray(self._graph(*inputs).asnumpy()[0].T, np.float32)  # (C, frames) -> (frames, C)


class TransformerGraph:
    """The transformer, a graph for each padded length; see ``hubert_extractor.FrameReader``.

    Args:
        config: Sizes.
        arrays: Arrays of :class:`HubertEncoder`.
        dtype: numpy float type of the weights and of the computation.

    Raises:
        WeightsError: the arrays do not fit the configuration.
    """

    def __init__(self, config: HubertConfig, arrays: Mapping[str, np.ndarray], dtype: type[np.floating]) -> None:
        self.dtype = dtype
        network = HubertEncoder(config)
        load_arrays(network, arrays, dtype)
        self._graph = compiled.compile_cell(network)

    def __call__(self, frames: np.ndarray) -> np.ndarray:
        """Frames (n, conv_dim) -> last hidden state (n, hidden)."""
        size = padded_length(len(frames), SMALLEST_LENGTH)
        features = np.zeros((1, size, frames.shape[1]), self.dtype)
        features[0, : len(frames)] = frames
        mask = (np.arange(size)[None] < len(frames)).astype(self.dtype)
        (state,) = self._graph(compiled.to_tensor(features), compiled.to_tensor(mask))
        return np.asarray(state.asnumpy()[0, : len(frames)], np.float32)

    def lengths_to_warm(self, longest: int) -> list[int]:
        """Every padded length up to the one that holds ``longest`` frames."""
        return padded_lengths(longest, SMALLEST_LENGTH)
