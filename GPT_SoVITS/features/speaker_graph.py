"""ERes2NetV2 as compiled graphs, one for each padded length: how Ascend and a machine without native code run it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from GPT_SoVITS import compiled
from GPT_SoVITS.features.lengths import padded_length, padded_lengths
from GPT_SoVITS.features.speaker_arrays import PROJECTION, fold_batch_norms
from GPT_SoVITS.features.speaker_config import SpeakerConfig
from GPT_SoVITS.features.speaker_network import ERes2NetV2, SpeakerEmbedding
from GPT_SoVITS.layers.parameters import load_arrays

SMALLEST_LENGTH = 256
"""Frames of the smallest graph (2.6 s; references have 3 s or more)."""


def load_speaker_arrays(
    network: ERes2NetV2, arrays: Mapping[str, np.ndarray], dtype: type[np.floating] = np.float32
) -> None:
    """Load official arrays into one of the networks, strictly; ``seg_1`` only where the network has it.

    Raises:
        WeightsError: the arrays do not fit.
    """
    folded = fold_batch_norms(arrays)
    if isinstance(network, SpeakerEmbedding):
        folded = {key: array for key, array in folded.items() if not key.startswith(PROJECTION)}
    load_arrays(network, folded, dtype)


def padded_input(
    features: np.ndarray, length: int, dtype: type[np.floating] = np.float32
) -> tuple[np.ndarray, np.ndarray]:
    """Return the network's inputs for features (frames, bins): map (1, 1, bins, length), mask (1, length)."""
    frames, bins = features.shape
    padded = np.zeros((1, 1, bins, length), dtype)
    padded[0, 0, :, :frames] = features.T
    return padded, (np.arange(length)[None] < frames).astype(dtype)


class SpeakerGraph:
    """The graph form; see :class:`GPT_SoVITS.features.speaker.EmbeddingNetwork`.

    Args:
        config: Sizes.
        arrays: Official arrays.
        dtype: numpy float type of the weights and of the computation.

    Raises:
        WeightsError: the arrays do not fit the configuration.
    """

    def __init__(self, config: SpeakerConfig, arrays: Mapping[str, np.ndarray], dtype: type[np.floating]) -> None:
        self.dtype = dtype
        network = SpeakerEmbedding(config)
        load_speaker_arrays(network, arrays, dtype)
        self._graph = compiled.compile_cell(network)

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Features (frames, bins) -> embedding (1, embedding_dim)."""
        inputs = padded_input(features, padded_length(len(features), SMALLEST_LENGTH), self.dtype)
        return np.asarray(self._graph(*map(compiled.to_tensor, inputs)).asnumpy(), np.float32)

    def lengths_to_warm(self, longest: int) -> list[int]:
        """Every padded length up to the one that holds ``longest`` frames."""
        return padded_lengths(longest, SMALLEST_LENGTH)
