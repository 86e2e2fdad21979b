"""Speaker embedding of a recording: Kaldi features and ERes2NetV2 behind a plain numpy interface."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from GPT_SoVITS import backend, compiled
from GPT_SoVITS.features.fbank import FRAME_LENGTH, FRAME_SHIFT, SAMPLE_RATE, fbank
from GPT_SoVITS.features.lengths import padded_length, padded_lengths
from GPT_SoVITS.features.speaker_network import ERes2NetV2, SpeakerConfig, SpeakerEmbedding
from GPT_SoVITS.layers.parameters import load_arrays
from GPT_SoVITS.layers.weights import WeightsError

SMALLEST_LENGTH = 256
"""Frames of the smallest graph (2.6 s; references have 3 s or more)."""
BATCH_NORM_EPS = 1e-5
_STATISTICS = ("weight", "bias", "running_mean", "running_var")
# Name of a batch norm -> name of the convolution before it.
_CONVOLUTION_OF = (
    (re.compile(r"(^|\.)bn(\d)$"), r"\1conv\2"),
    (re.compile(r"\.bns\.(\d+)$"), r".convs.\1"),
    (re.compile(r"\.shortcut\.1$"), ".shortcut.0"),
    (re.compile(r"\.local_att\.1$"), ".local_att.0"),
    (re.compile(r"\.local_att\.4$"), ".local_att.3"),
)
_SECOND_ATTENTION = ".local_att.3."
_PROJECTION = "seg_1."


def _convolution_of(norm: str) -> str:
    for pattern, replacement in _CONVOLUTION_OF:
        name, count = pattern.subn(replacement, norm)
        if count:
            return name
    raise WeightsError(f"no convolution belongs to the batch norm {norm}; this is not an ERes2NetV2 checkpoint")


def fold_batch_norms(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Fold every batch norm into the convolution before it.

    Args:
        arrays: Keys of the official class without the counters ``num_batches_tracked``.

    Returns:
        Names of our network: each such convolution has a ``bias``, and no batch norm is left.

    Raises:
        WeightsError: a batch norm is incomplete or its convolution is missing.
    """
    result = dict(arrays)
    for key in arrays:
        norm, _, kind = key.rpartition(".")
        if kind != "running_var":
            continue
        conv = _convolution_of(norm)
        missing = [k for k in (*(f"{norm}.{part}" for part in _STATISTICS), f"{conv}.weight") if k not in arrays]
        if missing:
            raise WeightsError(f"the batch norm {norm} lacks {', '.join(missing)}")
        gain, shift, mean, variance = (result.pop(f"{norm}.{part}").astype(np.float64) for part in _STATISTICS)
        scale = gain / np.sqrt(variance + BATCH_NORM_EPS)
        weight = arrays[f"{conv}.weight"] * scale[:, None, None, None]
        bias = (arrays.get(f"{conv}.bias", 0.0) - mean) * scale + shift
        result[f"{conv}.weight"], result[f"{conv}.bias"] = weight.astype(np.float32), bias.astype(np.float32)
    return {key.replace(_SECOND_ATTENTION, ".local_att.1."): array for key, array in result.items()}


def load_speaker_arrays(
    network: ERes2NetV2, arrays: Mapping[str, np.ndarray], dtype: type[np.floating] = np.float32
) -> None:
    """Load official arrays into one of the networks, strictly; ``seg_1`` only where the network has it.

    Raises:
        WeightsError: the arrays do not fit.
    """
    folded = fold_batch_norms(arrays)
    if isinstance(network, SpeakerEmbedding):
        folded = {key: array for key, array in folded.items() if not key.startswith(_PROJECTION)}
    load_arrays(network, folded, dtype)


def padded_input(
    features: np.ndarray, length: int, dtype: type[np.floating] = np.float32
) -> tuple[np.ndarray, np.ndarray]:
    """Return the network's inputs for features (frames, bins): map (1, 1, bins, length), mask (1, length)."""
    frames, bins = features.shape
    padded = np.zeros((1, 1, bins, length), dtype)
    padded[0, 0, :, :frames] = features.T
    return padded, (np.arange(length)[None] < frames).astype(dtype)


class SpeakerVerifier:
    """Embeddings for v2Pro voices. Not for several threads at once.

    Args:
        config: Sizes.
        arrays: Official arrays (:func:`convert.keymap.map_official` of kind ``eres2netv2``).
        dtype: numpy float type of the weights and of the computation.

    Raises:
        WeightsError: the arrays do not fit the configuration.
    """

    def __init__(
        self, config: SpeakerConfig, arrays: Mapping[str, np.ndarray], dtype: type[np.floating] = np.float32
    ) -> None:
        self.config, self.dtype = config, dtype
        network = SpeakerEmbedding(config)
        load_speaker_arrays(network, arrays, dtype)
        self._network = compiled.compile_cell(network)

    def __call__(self, wave: np.ndarray) -> np.ndarray:
        """Return the embedding of a recording, (1, 20480) float32.

        Args:
            wave: Samples at 16 kHz in -1..1, (n,): the 32 kHz reference after its loudness rule, resampled.

        Raises:
            FeatureError: the wave is not one-dimensional or shorter than 400 samples.
        """
        features = fbank(wave, self.config.mel_bins)
        inputs = padded_input(features, padded_length(len(features), SMALLEST_LENGTH), self.dtype)
        return np.asarray(self._network(*map(compiled.to_tensor, inputs)).asnumpy(), np.float32)

    def warm_up(self, seconds: float = 10.0) -> float:
        """Compile the graphs for recordings of up to ``seconds``; return the seconds it took."""
        sizes = padded_lengths(int(seconds * SAMPLE_RATE) // FRAME_SHIFT, SMALLEST_LENGTH)
        return backend.warm_up(lambda n: self(np.zeros(FRAME_LENGTH + (n - 1) * FRAME_SHIFT, np.float32)), sizes)
