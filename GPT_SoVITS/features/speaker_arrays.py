"""An ERes2NetV2's arrays with every batch norm folded into the convolution before it."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from GPT_SoVITS.layers.weights import WeightsError

PROJECTION = "seg_1."
"""Beginning of the keys of the projection that voices do not use."""
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
