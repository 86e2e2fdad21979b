"""AP-BWE's network on the host: products over rows of time (``APNet_BWE_Model``; MIT).

Two streams of ConvNeXt blocks, for amplitude and phase, are added to each other before every block. A frame depends on
``config.halo`` frames to a side, so that long signals are computed in windows with the same result.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from GPT_SoVITS.bandwidth.config import KERNEL, WIDER, BandwidthConfig
from GPT_SoVITS.layers.elementwise import gelu, layer_norm
from GPT_SoVITS.layers.products import Layers, Products
from GPT_SoVITS.sovits.host import windows

Array = np.ndarray[Any, np.dtype[Any]]
STREAMS = ("mag", "pha")
EPS = 1e-6


def shapes(config: BandwidthConfig) -> dict[str, tuple[int, ...]]:
    """Return the shape of every array of the network, under official names."""
    found: dict[str, tuple[int, ...]] = {}
    width, bins = config.channels, config.bins

    def layer(name: str, outputs: int, *inputs: int) -> None:
        found[f"{name}.weight"], found[f"{name}.bias"] = (outputs, *inputs), (outputs,)

    for stream in STREAMS:
        layer(f"conv_pre_{stream}", width, bins, KERNEL)
        layer(f"norm_pre_{stream}", width)
        layer(f"norm_post_{stream}", width)
        for index in range(config.layers):
            block = f"convnext_{stream}.{index}"
            layer(f"{block}.dwconv", width, 1, KERNEL)
            layer(f"{block}.norm", width)
            layer(f"{block}.pwconv1", WIDER * width, width)
            layer(f"{block}.pwconv2", width, WIDER * width)
            found[f"{block}.gamma"] = (width,)
    for name in ("linear_post_mag", "linear_post_pha_r", "linear_post_pha_i"):
        layer(name, bins, width)
    return found


def network_matrices(arrays: Mapping[str, Array]) -> Layers:
    """Return every matrix that :class:`BandwidthNetwork` asks its products for."""
    found: Layers = {}
    for key, weight in arrays.items():
        name, _, kind = key.rpartition(".")
        if kind != "weight" or weight.ndim < 2 or name.endswith("dwconv"):
            continue
        rows = weight.transpose(0, 2, 1).reshape(len(weight), -1) if weight.ndim == 3 else weight
        found[name] = rows, arrays[f"{name}.bias"]
    return found


class BandwidthNetwork:
    """Spectrum of a wave without its upper half -> spectrum of the whole wave.

    Args:
        config: Sizes.
        arrays: Official arrays.
        products: Hold and multiply :func:`network_matrices`.
    """

    def __init__(self, config: BandwidthConfig, arrays: Mapping[str, Array], products: Products) -> None:
        self.config, self._products = config, products
        matrices = network_matrices(arrays)
        self._small = {
            key: np.array(array, np.float32) for key, array in arrays.items() if key.rpartition(".")[0] not in matrices
        }

    @property
    def nbytes(self) -> int:
        """Bytes of weights held."""
        return self._products.nbytes + sum(array.nbytes for array in self._small.values())

    def __call__(self, amplitude: Array, phase: Array) -> tuple[Array, Array]:
        """Log amplitudes and phases (frames, bins) -> the same."""
        inputs = {"mag": amplitude, "pha": phase}
        streams = {
            name: self._norm(f"norm_pre_{name}", self._products(f"conv_pre_{name}", windows(rows, KERNEL)))
            for name, rows in inputs.items()
        }
        for index in range(self.config.layers):
            mixed = streams["mag"] + streams["pha"]
            streams = {
                "mag": self._block(f"convnext_mag.{index}", mixed),
                "pha": self._block(f"convnext_pha.{index}", streams["pha"] + mixed),
            }
        last = {name: self._norm(f"norm_post_{name}", rows) for name, rows in streams.items()}
        real, imaginary = (self._products(f"linear_post_pha_{part}", last["pha"]) for part in "ri")
        return amplitude + self._products("linear_post_mag", last["mag"]), np.arctan2(imaginary, real)

    def _block(self, name: str, x: Array) -> Array:
        kernel = self._small[f"{name}.dwconv.weight"][:, 0].T  # (KERNEL, channels)
        seen = windows(x, KERNEL).reshape(len(x), *kernel.shape)
        y = np.einsum("tkc,kc->tc", seen, kernel) + self._small[f"{name}.dwconv.bias"]
        y = gelu(self._products(f"{name}.pwconv1", self._norm(f"{name}.norm", y)))
        y = self._products(f"{name}.pwconv2", y)
        result: Array = x + self._small[f"{name}.gamma"] * y
        return result

    def _norm(self, name: str, x: Array) -> Array:
        return layer_norm(x, (self._small[f"{name}.weight"], self._small[f"{name}.bias"]), EPS)
