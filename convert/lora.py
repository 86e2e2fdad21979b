"""Merges a v3 or v4 LoRA file into the published weights it was trained on.

The official loader wraps ``cfm`` with peft (alpha = rank, so the scale is 1), loads the file over the base weights and
merges: ``W += B @ A``. Weights of the file that are no LoRA pairs replace the base's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from convert.errors import CorruptCheckpointError, WeightsMismatchError
from convert.storage import Array

_PAIR = re.compile(r"cfm\.base_model\.model\.(.+)\.lora_([AB])\.default\.weight")
_WRAPPED = re.compile(r"cfm\.base_model\.model\.(.+)")


def _target(match: re.Match[str]) -> str:
    return f"cfm.{match[1]}.weight"


def is_lora(keys: Mapping[str, object]) -> bool:
    """Whether any key is half of a LoRA pair."""
    return any(_PAIR.fullmatch(key) for key in keys)


def targets(changes: Mapping[str, object]) -> frozenset[str]:
    """Return the official keys that a LoRA file changes."""
    return frozenset(_changed_by(key) for key in changes)


def _changed_by(key: str) -> str:
    pair = _PAIR.fullmatch(key)
    if pair:
        return _target(pair)
    wrapped = _WRAPPED.fullmatch(key)
    return f"cfm.{wrapped[1].replace('.base_layer.', '.')}" if wrapped else key


def merge(base: Mapping[str, Array], changes: Mapping[str, Array]) -> dict[str, Array]:
    """Return the base weights with the changes of a LoRA file.

    Args:
        base: Official key to array, the published v3 or v4 weights.
        changes: Official key to array, the LoRA file's weights.

    Raises:
        WeightsMismatchError: the base lacks a weight that is changed, or has it in another shape.
        CorruptCheckpointError: half of a pair is missing.
    """
    merged = dict(base)
    pairs: dict[str, dict[str, Array]] = {}
    for key, array in changes.items():
        pair = _PAIR.fullmatch(key)
        if pair:
            pairs.setdefault(_target(pair), {})[pair[2]] = array
        else:
            merged[_changed_by(key)] = array
    for key, pair_of in pairs.items():
        if len(pair_of) != 2:
            raise CorruptCheckpointError(f"the LoRA of {key} has only one half")
        merged[key] = _add(key, merged.get(key), pair_of["A"], pair_of["B"])
    return merged


def _add(key: str, weight: Array | None, down: Array, up: Array) -> Array:
    if down.ndim != 2 or up.ndim != 2 or up.shape[1] != down.shape[0]:
        raise CorruptCheckpointError(f"the LoRA of {key} has the shapes {down.shape} and {up.shape}")
    shape = (up.shape[0], down.shape[1])
    if weight is None:
        raise WeightsMismatchError({key: shape}, {})
    if weight.shape != shape:
        raise WeightsMismatchError({}, {key: (weight.shape, shape)})
    change: Array = up.astype(np.float32) @ down.astype(np.float32)
    change += weight
    return change
