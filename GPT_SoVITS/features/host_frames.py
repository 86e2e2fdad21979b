"""HuBERT's convolutions without a graph: products with windows of rows, (time, channels), that overlap in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from GPT_SoVITS.features.hubert_config import HubertConfig
from GPT_SoVITS.layers.elementwise import gelu
from GPT_SoVITS.layers.products import Layers, Products
from GPT_SoVITS.layers.weights import WeightsError

Array = np.ndarray[Any, np.dtype[Any]]
_PREFIX = "feature_extractor.conv_layers"
HOST_FRAMES = 8
"""Frames per run, which has no cost of its own: the largest activation is 3 MB."""


def frame_matrices(config: HubertConfig, arrays: Mapping[str, Array]) -> Layers:
    """Return the matrices and (zero) biases of all convolutions but the first.

    Raises:
        WeightsError: one is missing or misshapen.
    """
    found: Layers = {}
    for i in range(1, len(config.conv_dim)):
        key, shape = f"{_PREFIX}.{i}.conv.weight", (config.conv_dim[i], config.conv_dim[i - 1], config.conv_kernel[i])
        if key not in arrays or arrays[key].shape != shape:
            raise WeightsError(f"{key} is missing or misshapen, expected {shape}")
        # (out, in, kernel) -> (out, kernel * in): a window's moments side by side
        found[str(i)] = arrays[key].transpose(0, 2, 1).reshape(shape[0], -1), np.zeros(shape[0], np.float32)
    return found


class HostFrameEncoder:
    """The convolutions; agrees with :class:`GPT_SoVITS.features.hubert.FrameEncoder`.

    Args:
        config: Sizes.
        products: Holds and multiplies :func:`frame_matrices`.
    """

    at_once = HOST_FRAMES

    def __init__(self, config: HubertConfig, products: Products) -> None:
        self.config, self._products = config, products

    def __call__(self, kernel: Array, windows: Array) -> Array:
        """Kernel (conv_dim, taps + 1), windows of the wave (taps + 1, n) -> frames (m, conv_dim)."""
        x = gelu(np.ascontiguousarray(windows.T) @ kernel.T)
        for i in range(1, len(self.config.conv_dim)):
            x = gelu(np.ascontiguousarray(self._products(str(i), self._windows(x, i))))
        return x

    def _windows(self, x: Array, layer: int) -> Array:
        size, step = self.config.conv_kernel[layer], self.config.conv_stride[layer]
        count, row = (len(x) - size) // step + 1, x.strides[0]
        return np.lib.stride_tricks.as_strided(x, (count, size * x.shape[1]), (step * row, 4), writeable=False)
