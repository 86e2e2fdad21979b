"""The arrays of an official separation model: which network they are for, and every batch norm folded away."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from GPT_SoVITS.layers.weights import WeightsError

BATCH_NORM_EPS = 1e-5
_STATISTICS = ("weight", "bias", "running_mean", "running_var")
_TRAINING_ONLY = ("aux_out.", "aux1_out.", "aux2_out.")
_WIDTHS = (8, 256)
_SEQUENCES = ((".aspp.conv1.1.", ".aspp.conv1."), (".aspp.bottleneck.0.", ".aspp.bottleneck."))

Family = Literal["aspp", "lstm"]
"""``aspp``: ``CascadedASPPNet`` (HP2, HP3, HP5). ``lstm``: ``CascadedNet`` (the VR-DeEcho models)."""


@dataclass(frozen=True)
class VrConfig:
    """Sizes of a separation network.

    Attributes:
        family: Which network.
        width: Channels of its last feature map: 64 for ``aspp``, 48 or 64 for ``lstm``.
        lstm: Features of the recurrent layers, both directions together; 0 for ``aspp``.
    """

    family: Family
    width: int
    lstm: int = 0


def read_config(arrays: Mapping[str, np.ndarray]) -> VrConfig:
    """Tell the network of official arrays from their names and shapes.

    Raises:
        WeightsError: they belong to no network that is known here.
    """
    out = arrays.get("out.weight")
    if out is None or out.ndim != 4 or out.shape[0] != 2:
        raise WeightsError("has no layer out.weight of 2 channels; this is no separation model of uvr5's VR kind")
    width = int(out.shape[1])
    if width % 4 or not _WIDTHS[0] <= width <= _WIDTHS[1]:
        raise WeightsError(f"has {width} channels in out.weight; known are multiples of 4 from 8 to 256")
    if "stg3_bridge.conv.0.weight" in arrays:
        return VrConfig("aspp", width)
    dense = arrays.get("stg3_full_band_net.lstm_dec2.dense.0.weight")
    if dense is None or dense.ndim != 2 or dense.shape[1] % 2:
        raise WeightsError("has neither stg3_bridge nor lstm_dec2; this is no separation model of uvr5's VR kind")
    return VrConfig("lstm", width, int(dense.shape[1]))


def fold_batch_norms(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Fold every batch norm into the layer before it and drop what only training uses.

    Args:
        arrays: Official names.

    Returns:
        Names of our networks. ``X.conv.0`` with the norm ``X.conv.1`` becomes ``X.weight`` and ``X.bias``; a separable
        convolution ``X.conv.0``, ``X.conv.1`` with ``X.conv.2`` becomes ``X.depthwise.weight`` and the same two.

    Raises:
        WeightsError: a batch norm is incomplete, or its layer is missing.
    """
    kept = {
        key: np.asarray(array)
        for key, array in arrays.items()
        if not key.endswith("num_batches_tracked") and not key.startswith(_TRAINING_ONLY)
    }
    for norm in [key.removesuffix(".running_var") for key in kept if key.endswith(".running_var")]:
        _fold(kept, norm)
    return {_own_name(key): array for key, array in kept.items()}


def _fold(arrays: dict[str, np.ndarray], norm: str) -> None:
    block, _, index = norm.rpartition(".")
    missing = [part for part in _STATISTICS if f"{norm}.{part}" not in arrays]
    layer = f"{block}.{int(index) - 1}" if index.isdecimal() and index != "0" else ""
    if missing or f"{layer}.weight" not in arrays:
        raise WeightsError(f"the batch norm {norm} lacks {', '.join(missing) or 'the layer before it'}")
    gain, shift, mean, variance = (arrays.pop(f"{norm}.{part}").astype(np.float64) for part in _STATISTICS)
    scale = gain / np.sqrt(variance + BATCH_NORM_EPS)
    weight = arrays.pop(f"{layer}.weight").astype(np.float64)
    bias = arrays.pop(f"{layer}.bias", np.zeros(len(weight))).astype(np.float64)
    own = block.removesuffix(".conv")
    if index == "2":
        arrays[f"{own}.depthwise.weight"] = arrays.pop(f"{block}.0.weight")
    arrays[f"{own}.weight"] = (weight * scale.reshape(-1, *[1] * (weight.ndim - 1))).astype(np.float32)
    arrays[f"{own}.bias"] = ((bias - mean) * scale + shift).astype(np.float32)


_DECODER = re.compile(r"(\.dec\d)\.conv1?\.")


def _own_name(key: str) -> str:
    # The pooled branch, the bottleneck and the dense layer are sequences of which one part has parameters.
    for part, place in _SEQUENCES:
        key = key.replace(part, place)
    return _DECODER.sub(r"\1.conv.", key)
