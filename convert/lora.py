"""Merges a v3 or v4 LoRA file into the published weights it was trained on.

The official loader wraps ``cfm`` with peft (alpha = rank, so the scale is 1), loads the file over the base weights and
merges: ``W += B @ A``. Weights of the file that are no LoRA pairs replace the base's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple, Protocol, TypeVar

import numpy as np

from convert.errors import CorruptCheckpointError, WeightsMismatchError
from convert.storage import Array

_PAIR = re.compile(r"cfm\.base_model\.model\.(.+)\.lora_([AB])\.default\.weight")
_WRAPPED = re.compile(r"cfm\.base_model\.model\.(.+)")


class Shaped(Protocol):
    """An array, or what stands for one whose values nobody has read."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its lengths."""
        ...


_Half = TypeVar("_Half")


def _target(match: re.Match[str]) -> str:
    return f"cfm.{match[1]}.weight"


def is_lora(keys: Mapping[str, object]) -> bool:
    """Whether any key is half of a LoRA pair."""
    return any(_PAIR.fullmatch(key) for key in keys)


def targets(changes: Mapping[str, object]) -> frozenset[str]:
    """Return the official keys that a LoRA file changes."""
    return frozenset(_changed_by(key) for key in changes)


def replaced(changes: Mapping[str, object]) -> frozenset[str]:
    """Return the official keys whose weights a LoRA file has whole."""
    return frozenset(_changed_by(key) for key in changes if not _PAIR.fullmatch(key))


def _changed_by(key: str) -> str:
    pair = _PAIR.fullmatch(key)
    if pair:
        return _target(pair)
    wrapped = _WRAPPED.fullmatch(key)
    return f"cfm.{wrapped[1].replace('.base_layer.', '.')}" if wrapped else key


def check(changes: Mapping[str, Shaped], rank: int | None = None) -> None:
    """Refuse what is no whole LoRA, by its shapes alone.

    The rank is that of the matrices, any from 1 on; each pair may have its own.

    Args:
        changes: Official key to array, the LoRA file's weights.
        rank: What the file says that it is; None where it says nothing.

    Raises:
        CorruptCheckpointError: there is no pair, half of one is missing, or its halves have no rank in common.
    """
    pairs = _pairs(changes)
    if not pairs:
        raise CorruptCheckpointError("marked as a LoRA, but it holds no pair of matrices; it changes no voice")
    for key, pair in pairs.items():
        if len(pair) != 2:
            raise CorruptCheckpointError(f"the LoRA of {key} has only one half")
        down, up = pair["A"].shape, pair["B"].shape
        if len(down) != 2 or len(up) != 2 or up[1] != down[0]:
            raise CorruptCheckpointError(f"the LoRA of {key} has the shapes {down} and {up}")
        if not down[0]:
            raise CorruptCheckpointError(f"the LoRA of {key} has rank 0; it changes nothing, train it again")
        if rank is not None and rank != down[0]:
            raise CorruptCheckpointError(f"the file says that its rank is {rank}, its matrices ({key}) have {down[0]}")


def _pairs(changes: Mapping[str, _Half]) -> dict[str, dict[str, _Half]]:
    """Key of each weight that pairs change to its halves, by their letters."""
    found: dict[str, dict[str, _Half]] = {}
    for key, half in changes.items():
        match = _PAIR.fullmatch(key)
        if match:
            found.setdefault(_target(match), {})[match[2]] = half
    return found


class Pair(NamedTuple):
    """What fine-tuning adds to a matrix (outputs, inputs): ``up @ down``.

    Attributes:
        up: (outputs, rank).
        down: (rank, inputs).
    """

    up: Array
    down: Array

    def added(self, weight: Array) -> Array:
        """Return a matrix with the change, float32."""
        change: Array = self.up.astype(np.float32) @ self.down.astype(np.float32)
        change += weight
        return change


def apart(base: Mapping[str, Array], changes: Mapping[str, Array]) -> tuple[dict[str, Array], dict[str, Pair]]:
    """Return the base weights with what replaces them, and the pairs that are yet to be added, by their official keys.

    Args:
        base: Official key to array, the published v3 or v4 weights.
        changes: Official key to array, the LoRA file's weights that :func:`check` lets pass.

    Raises:
        WeightsMismatchError: the base lacks a weight that is changed, or has it in another shape.
    """
    whole = dict(base)
    whole.update((_changed_by(key), array) for key, array in changes.items() if not _PAIR.fullmatch(key))
    pairs = {key: Pair(halves["B"], halves["A"]) for key, halves in _pairs(changes).items()}
    for key, pair in pairs.items():
        shape = (pair.up.shape[0], pair.down.shape[1])
        if key not in whole:
            raise WeightsMismatchError({key: shape}, {})
        if whole[key].shape != shape:
            raise WeightsMismatchError({}, {key: (whole[key].shape, shape)})
    return whole, pairs


def merge(base: Mapping[str, Array], changes: Mapping[str, Array]) -> dict[str, Array]:
    """Return the base weights with the changes of a LoRA file; arguments and errors as of :func:`apart`."""
    return joined(*apart(base, changes))


def joined(whole: Mapping[str, Array], pairs: Mapping[str, Pair]) -> dict[str, Array]:
    """Return weights with the pairs added."""
    return dict(whole) | {key: pair.added(whole[key]) for key, pair in pairs.items()}
