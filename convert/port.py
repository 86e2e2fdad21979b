"""Names of the weights that the earlier MindSpore port of GPT-SoVITS wrote (``*-ms.ckpt`` without our metadata).

Its converter copied the official keys, called ``gamma`` and ``beta`` of every normalisation ``layer_norm.weight`` and
``layer_norm.bias``, and put the configuration beside them as JSON text. Its networks named the feed-forward layers
``dense1`` and ``dense2``, kept MindSpore's own ``gamma``, ``beta`` and ``embedding_table`` in files that they saved
themselves, and held one-dimensional convolutions with a second axis of length 1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from convert.errors import CorruptCheckpointError
from convert.printing import shown
from convert.storage import Tensor

_PART = {"weight": "weight", "gamma": "weight", "bias": "bias", "beta": "bias"}
_OWN_PART = {"weight": "gamma", "gamma": "gamma", "bias": "beta", "beta": "beta"}
_FEED_FORWARD = re.compile(r"\.dense([12])\.")
_TABLE = re.compile(r"\.embedding_table$")
_T2S_NORM = re.compile(r"\.(norm[12])(?:\.layer_norm)?\.(weight|bias|gamma|beta)$")
# The official class of these has parameters of its own, which are called gamma and beta.
_SOVITS_NORM = re.compile(r"\.(norm_layers_[12]\.\d+)(?:\.layer_norm)?\.(weight|bias|gamma|beta)$")
_CONVOLUTION_AXES = 4


def _official(kind: str, key: str) -> str:
    name = _TABLE.sub(".weight", key)
    if kind == "t2s":
        name = _FEED_FORWARD.sub(r".linear\1.", name)
        return _T2S_NORM.sub(lambda match: f".{match[1]}.{_PART[match[2]]}", name)
    return _SOVITS_NORM.sub(lambda match: f".{match[1]}.{_OWN_PART[match[2]]}", name)


def _without_second_axis(tensor: Tensor) -> Tensor:
    """A convolution over time as the official program holds it, (out, in, kernel)."""
    if len(tensor.shape) != _CONVOLUTION_AXES or tensor.shape[2] != 1:
        return tensor
    shape, strides = tensor.shape, tensor.strides
    return replace(tensor, shape=(*shape[:2], shape[3]), strides=(*strides[:2], strides[3]))


def official_names(kind: str, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return weights under the official names, in the official shapes; official ones stay as they are.

    Args:
        kind: ``t2s`` or ``sovits``; the port saved no other network under names of its own.
        weights: The port's key to tensor.

    Raises:
        CorruptCheckpointError: two keys mean the same weight.
    """
    if kind not in ("t2s", "sovits"):
        return dict(weights)
    result: dict[str, Tensor] = {}
    for key, tensor in weights.items():
        name = _official(kind, key)
        if name in result:
            raise CorruptCheckpointError(f"{shown(key)} and another key both mean {shown(name)}")
        result[name] = _without_second_axis(tensor)
    return result
