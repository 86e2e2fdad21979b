"""RoBERTa as compiled graphs, one for each padded length; Ascend and a machine without native code run it like this."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from GPT_SoVITS import backend, compiled
from GPT_SoVITS.features.errors import FeatureError
from GPT_SoVITS.features.roberta import RobertaEncoder, encoder_arrays
from GPT_SoVITS.features.roberta_config import RobertaConfig
from GPT_SoVITS.layers.parameters import load_arrays

LENGTHS = (16, 32, 48, 64, 96, 128, 192, 256, 384, 512)
"""Sequence lengths that graphs are compiled for, [CLS] and [SEP] included."""


class Roberta:
    """Hidden states of a token sequence, numpy in and out. Not for several threads at once.

    Args:
        config: Sizes.
        arrays: Official arrays (:func:`convert.keymap.map_official` of kind ``bert``).
        dtype: numpy float type of the weights and of the computation.

    Raises:
        WeightsError: the arrays do not fit the configuration.
    """

    def __init__(
        self, config: RobertaConfig, arrays: Mapping[str, np.ndarray], dtype: type[np.floating] = np.float32
    ) -> None:
        self.config, self.dtype = config, dtype
        self.lengths = [n for n in LENGTHS if n < config.positions] + [config.positions]
        network = RobertaEncoder(config)
        load_arrays(network, encoder_arrays(arrays, config, config.feature_layers), dtype)
        self._network = compiled.compile_cell(network)

    def __call__(self, ids: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
        """Return ``hidden_states[-3]``.

        Args:
            ids: Tokens, (B, L) int, with [CLS] and [SEP].
            mask: (B, L), 1 for tokens and 0 for padding; None when nothing is padding.

        Returns:
            (B, L, hidden) float32.

        Raises:
            FeatureError: the sequence is longer than the network has positions.
        """
        batch, length = ids.shape
        if length > self.config.positions:
            raise FeatureError(
                f"{length} tokens; BERT has {self.config.positions} positions, cut the text into sentences"
            )
        size = backend.bucket(length, self.lengths)
        padded = np.zeros((batch, size), np.int32)
        padded[:, :length] = ids
        valid = np.zeros((batch, size), self.dtype)
        valid[:, :length] = 1 if mask is None else mask
        (state,) = self._network(compiled.to_tensor(padded), compiled.to_tensor(valid))
        return np.asarray(state.asnumpy()[:, :length], np.float32)

    def warm_up(self, longest: int = 128) -> float:
        """Compile the graphs for sequences of up to ``longest`` tokens; return the seconds it took."""
        sizes = self.lengths[: self.lengths.index(backend.bucket(longest, self.lengths)) + 1]
        return backend.warm_up(lambda length: self(np.zeros((1, length), np.int32)), sizes)
