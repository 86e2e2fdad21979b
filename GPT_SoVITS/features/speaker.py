"""Speaker embedding of a recording: Kaldi features and ERes2NetV2 behind a plain numpy interface."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from GPT_SoVITS import backend
from GPT_SoVITS.features.fbank import FRAME_LENGTH, FRAME_SHIFT, SAMPLE_RATE, fbank
from GPT_SoVITS.features.speaker_config import SpeakerConfig
from GPT_SoVITS.features.speaker_host import HostSpeakerNetwork
from GPT_SoVITS.layers.products import Products


class EmbeddingNetwork(Protocol):
    """The network after its features."""

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Features (frames, bins) float32 -> embedding (1, embedding_dim) float32."""

    def lengths_to_warm(self, longest: int) -> list[int]:
        """Numbers of frames after which every length up to ``longest`` is fast."""


class SpeakerVerifier:
    """Embeddings for v2Pro voices. Not for several threads at once.

    Args:
        config: Sizes.
        arrays: Official arrays (:func:`convert.keymap.map_official` of kind ``eres2netv2``).
        dtype: numpy float type of the weights and of the computation of graphs; without graphs it is float32.
        products: Multiplies ``speaker_host.speaker_matrices``; None for compiled graphs.

    Raises:
        WeightsError: the arrays do not fit the configuration.
    """

    def __init__(
        self,
        config: SpeakerConfig,
        arrays: Mapping[str, np.ndarray],
        dtype: type[np.floating] = np.float32,
        products: Products | None = None,
    ) -> None:
        self.config = config
        self._network: EmbeddingNetwork
        if products is None:
            from GPT_SoVITS.features.speaker_graph import SpeakerGraph

            self._network = SpeakerGraph(config, arrays, dtype)
        else:
            self._network = HostSpeakerNetwork(config, products)

    def __call__(self, wave: np.ndarray) -> np.ndarray:
        """Return the embedding of a recording, (1, 20480) float32.

        Args:
            wave: Samples at 16 kHz in -1..1, (n,): the 32 kHz reference after its loudness rule, resampled.

        Raises:
            FeatureError: the wave is not one-dimensional or shorter than 400 samples.
        """
        return self._network(fbank(wave, self.config.mel_bins))

    def warm_up(self, seconds: float = 10.0) -> float:
        """Compile the graphs for recordings of up to ``seconds``; return the seconds it took."""
        lengths = self._network.lengths_to_warm(int(seconds * SAMPLE_RATE) // FRAME_SHIFT)
        return backend.warm_up(lambda n: self(np.zeros(FRAME_LENGTH + (n - 1) * FRAME_SHIFT, np.float32)), lengths)
