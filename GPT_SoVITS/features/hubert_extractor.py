"""Content features of a recording: HuBERT behind a plain numpy interface."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from GPT_SoVITS import backend
from GPT_SoVITS.features.errors import FeatureError
from GPT_SoVITS.features.host_frames import HostFrameEncoder
from GPT_SoVITS.features.hubert_config import HubertConfig
from GPT_SoVITS.features.stack import LayerStack, StackedHubertEncoder
from GPT_SoVITS.layers.products import Products
from GPT_SoVITS.layers.weights import WeightsError

SAMPLE_RATE = 16000
"""Samples per second of the wave HuBERT reads."""
TRAILING_SILENCE = 9600
"""Zero samples that inference appends to a 16 kHz reference: 0.6 s. Official inference takes 0.3 s of samples at 32 kHz
though the wave they are appended to has 16 kHz; the semantic tokens agree with it only with the same number."""
GROUP_NORM_EPS = 1e-5
_FIRST_LAYER = "feature_extractor.conv_layers.0."


class FrameRunner(Protocol):
    """The convolutions after the first one's kernel is known.

    Attributes:
        at_once: Frames that a run computes.
    """

    at_once: int

    def __call__(self, kernel: np.ndarray, windows: np.ndarray) -> np.ndarray:
        """Kernel (conv_dim, taps + 1), windows of the wave (taps + 1, n) -> frames (m, conv_dim) float32."""


class FrameReader(Protocol):
    """The transformer: frames (n, conv_dim) -> last hidden state (n, hidden), float32."""

    def __call__(self, frames: np.ndarray) -> np.ndarray: ...

    def lengths_to_warm(self, longest: int) -> list[int]:
        """Numbers of frames after which every length up to ``longest`` is fast."""


def with_trailing_silence(wave: np.ndarray) -> np.ndarray:
    """Append the silence that official inference appends to a 16 kHz reference (not to training data)."""
    return np.concatenate([wave, np.zeros(TRAILING_SILENCE, wave.dtype)])


class FirstLayer:
    """The first convolution with its group norm over time, as one kernel for one recording.

    Every channel has its own group, so its mean and variance over time follow from the mean and the covariance of the
    wave's windows: ``w . mean`` and ``w . cov . w``. They are computed in double precision (a kernel that passes only
    high frequencies takes a small difference of large numbers) and folded into the kernel, which costs nothing in the
    graph and makes the network independent of padding.
    """

    def __init__(self, arrays: Mapping[str, np.ndarray], config: HubertConfig) -> None:
        taps, channels = config.conv_kernel[0], config.conv_dim[0]
        self.taps, self.stride = taps, config.conv_stride[0]
        expected = {
            "conv.weight": (channels, 1, taps),
            "layer_norm.weight": (channels,),
            "layer_norm.bias": (channels,),
        }
        found = {key: array.shape for key, array in arrays.items()}
        if found != expected:
            raise WeightsError(f"HuBERT's first convolution has the arrays {found}, expected {expected}")
        self.weight = arrays["conv.weight"][:, 0].astype(np.float64)
        self.gain = arrays["layer_norm.weight"].astype(np.float64)
        self.shift = arrays["layer_norm.bias"].astype(np.float64)

    def windows(self, wave: np.ndarray, count: int) -> np.ndarray:
        """Return the first ``count`` windows of a wave with a row of ones below, (taps + 1, count) float32.

        Zeros follow after the end of the wave.
        """
        needed = (count - 1) * self.stride + self.taps
        padded = np.zeros(max(needed, wave.size), np.float32)
        padded[: wave.size] = wave
        result = np.ones((self.taps + 1, count), np.float32)
        result[:-1] = np.lib.stride_tricks.sliding_window_view(padded, self.taps)[:: self.stride][:count].T
        return result

    def kernel(self, windows: np.ndarray) -> np.ndarray:
        """Return kernel and bias for a recording of these windows (taps + 1, n), (channels, taps + 1) float32."""
        samples = windows[: self.taps].astype(np.float64)
        mean = samples.mean(axis=1)
        centred = samples - mean[:, None]
        covariance = centred @ centred.T / samples.shape[1]
        variance = np.einsum("ci,ij,cj->c", self.weight, covariance, self.weight)
        scale = self.gain / np.sqrt(np.maximum(variance, 0.0) + GROUP_NORM_EPS)
        bias = self.shift - scale * (self.weight @ mean)
        return np.concatenate([self.weight * scale[:, None], bias[:, None]], axis=1).astype(np.float32)


class Hubert:
    """HuBERT with numpy in and out. Not for several threads at once (see :mod:`GPT_SoVITS.compiled`).

    Args:
        config: Sizes.
        arrays: Official arrays, weight norm folded (:func:`convert.keymap.map_official` of kind ``hubert``).
        dtype: numpy float type of the weights and of the computation of graphs; without graphs it is float32.
        stack: Computes the transformer's layers; None for compiled graphs.
        products: Multiplies ``host_frames.frame_matrices``; None for a compiled graph of the convolutions.

    Raises:
        WeightsError: the arrays do not fit the configuration.
    """

    def __init__(
        self,
        config: HubertConfig,
        arrays: Mapping[str, np.ndarray],
        dtype: type[np.floating] = np.float32,
        stack: LayerStack | None = None,
        products: Products | None = None,
    ) -> None:
        self.config = config
        first = {key.removeprefix(_FIRST_LAYER): arrays[key] for key in arrays if key.startswith(_FIRST_LAYER)}
        self.first_layer = FirstLayer(first, config)
        self._run_frames: FrameRunner
        self._read: FrameReader
        if products is None or stack is None:
            from GPT_SoVITS.features.hubert_graphs import FrameGraph, TransformerGraph, split_arrays

            parts = split_arrays(arrays, config)
        if products is None:
            self._run_frames = FrameGraph(config, parts.frame_encoder, dtype)
        else:
            self._run_frames = HostFrameEncoder(config, products)
        if stack is None:
            self._read = TransformerGraph(config, parts.encoder, dtype)
        else:
            self._read = StackedHubertEncoder(config, arrays, stack)

    def __call__(self, wave: np.ndarray) -> np.ndarray:
        """Return the last hidden state of a recording, as official inference computes it.

        Args:
            wave: Samples at 16 kHz, (n,) float, as they are in the file (not normalised).

        Returns:
            (1, frames, hidden) float32, 50 frames per second.

        Raises:
            FeatureError: the wave is not one-dimensional or shorter than one frame (400 samples).
        """
        return self._read(self.frame_features(wave))[None]

    def frame_features(self, wave: np.ndarray) -> np.ndarray:
        """Return the output of the convolutions, (frames, conv_dim) float32, for samples (n,) at 16 kHz."""
        frames = self.config.frames(wave.size) if wave.ndim == 1 else 0
        if frames < 1:
            raise FeatureError(
                f"a wave of shape {wave.shape} has no frame; needed are {self.config.steps_before(1)} samples or more, "
                "one channel at 16 kHz"
            )
        at_once = self._run_frames.at_once
        step = at_once * self.config.hop // self.first_layer.stride
        size = self.config.steps_before(at_once, first=1)
        runs = -(-frames // at_once)
        valid = (wave.size - self.first_layer.taps) // self.first_layer.stride + 1
        # The last valid windows may be too few for one more frame, but they count in the statistics.
        windows = self.first_layer.windows(wave, max(valid, (runs - 1) * step + size))
        kernel = self.first_layer.kernel(windows[:, :valid])
        pieces = [self._run_frames(kernel, windows[:, start : start + size]) for start in range(0, runs * step, step)]
        return np.concatenate(pieces)[:frames]

    def warm_up(self, seconds: float = 11.0) -> float:
        """Compile what recordings of up to ``seconds`` (10 s and the silence) need; return the time taken."""
        longest = max(1, self.config.frames(int(seconds * SAMPLE_RATE)))
        lengths = self._read.lengths_to_warm(longest)
        return backend.warm_up(lambda frames: self(np.zeros(self.config.steps_before(frames), np.float32)), lengths)
