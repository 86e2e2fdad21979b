"""From the official keys and arrays to those of our networks.

Our networks are named after the official state dicts, so there is little to do: prefixes are stripped, weight norm is
folded into plain weights, and what inference does not need is left out with a reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from convert.errors import CorruptCheckpointError, UnsupportedCheckpointError
from convert.printing import shown
from convert.storage import Array

Arrays = dict[str, Array]
Folding = Callable[[Array, Array], Array]


@dataclass(frozen=True)
class Mapped:
    """Arrays under our networks' names.

    Attributes:
        arrays: Our key to array. Folded weights are float32, everything else is as it was in the file (and may be a
            read-only view on it).
        ignored: Official key to the reason why it is left out.
    """

    arrays: Arrays
    ignored: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Rules:
    """How one network's keys are treated.

    Attributes:
        prefix: Removed from keys that begin with it.
        ignored: Pattern of a key (prefix removed) to the reason why no network of ours has it.
        training_only: The same for keys that only training needs.
        renamed: Pattern to replacement.
    """

    prefix: str = ""
    ignored: Mapping[str, str] = field(default_factory=dict)
    training_only: Mapping[str, str] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)


_BATCH_COUNT = {r".*\.num_batches_tracked": "counter of training steps"}
_COMPUTED = "constant that the network computes itself"

_RULES: dict[str, _Rules] = {
    "t2s": _Rules(prefix="model.", ignored={r"ar_accuracy_metric\..*": "state of the accuracy metric of training"}),
    "sovits": _Rules(
        ignored={r".*\.rotary_embed\.inv_freq": _COMPUTED},
        training_only={
            r"enc_q\..*": "posterior encoder, used in training only",
            r"quantizer\..*\.(inited|cluster_size|embed_avg)": "running average, used in training only",
        },
    ),
    "hubert": _Rules(
        prefix="hubert.",
        ignored={
            r"masked_spec_embed": "mask of pre-training",
            r"(lm_head|final_proj|projector|classifier)\..*": "head of another task",
            r"label_embs_concat": "head of pre-training",
        },
    ),
    "bert": _Rules(
        prefix="bert.",
        ignored={
            r"cls\..*": "head of masked language modelling, features are taken below it",
            r"pooler\..*": "sentence pooling, features are taken below it",
            r"embeddings\.(position_ids|token_type_ids)": _COMPUTED,
        },
        renamed={r"\bLayerNorm\.gamma$": "LayerNorm.weight", r"\bLayerNorm\.beta$": "LayerNorm.bias"},
    ),
    "eres2netv2": _Rules(ignored=_BATCH_COUNT),
    "bigvgan": _Rules(ignored={r".*\.(upsample\.filter|downsample\.lowpass\.filter)": _COMPUTED}),
    "hifigan": _Rules(),
    "ap_bwe": _Rules(),
    "discriminator": _Rules(),
}
KINDS = tuple(_RULES)

_FLOW_NETWORK_ONLY = r"(dec|flow|enc_q)\..*"
_NORM_PARTS = {
    "weight_g": "g",
    "weight_v": "v",
    "parametrizations.weight.original0": "g",
    "parametrizations.weight.original1": "v",
}
_FOLDED_AT_ONCE = 1 << 16
"""Numbers of a direction."""
_NORM_KEY = re.compile(r"(?:(.*)\.)?(" + "|".join(re.escape(part) for part in _NORM_PARTS) + ")")


def fold_weight_norm(g: Array, v: Array) -> Array:
    """Return ``g * v / ||v||`` as float32, as ``torch.nn.utils.weight_norm`` defines it.

    The norm runs over every axis along which ``g`` has length 1: all but the first for the decoder and flow layers (for
    a transposed convolution that is the input channel), all but the last for HuBERT's positional convolution.

    Args:
        g: Magnitudes, as many axes as ``v``.
        v: Directions.

    Raises:
        CorruptCheckpointError: the shapes do not belong together.
    """
    if g.ndim != v.ndim or any(a not in (1, b) for a, b in zip(g.shape, v.shape, strict=True)):
        raise CorruptCheckpointError(f"weight norm of shapes {g.shape} and {v.shape} does not fit together")
    axes = tuple(axis for axis, length in enumerate(g.shape) if length == 1)
    # Where each row has a norm of its own, some rows at a time: what is made of them stays in the processor's cache.
    rows = max(_FOLDED_AT_ONCE // max(v[:1].size, 1), 1) if g.shape[:1] == v.shape[:1] else len(v)
    folded = np.empty(v.shape, np.float32)
    for first in range(0, len(v), rows):
        part = slice(first, first + rows)
        direction = v[part].astype(np.float64)
        norm = np.sqrt(np.square(direction).sum(axis=axes, keepdims=True))
        with np.errstate(divide="ignore", invalid="ignore"):
            np.multiply(direction, g[part].astype(np.float64) / norm, out=folded[part], casting="same_kind")
    return folded


def _weight_norm(arrays: Arrays, folding: Folding | None) -> Arrays:
    """Fold pairs into ``weight``, or bring both spellings to ``weight_g`` and ``weight_v``."""
    parts: dict[str, dict[str, str]] = {}
    for key in arrays:
        match = _NORM_KEY.fullmatch(key)
        if match:
            parts.setdefault(match[1] + "." if match[1] else "", {})[_NORM_PARTS[match[2]]] = key
    result: Arrays = {}
    for key, array in arrays.items():
        match = _NORM_KEY.fullmatch(key)
        base = (match[1] + "." if match[1] else "") if match else ""
        if not match or len(parts[base]) != 2:
            result[key] = array
        elif folding is None:
            result[f"{base}weight_{_NORM_PARTS[match[2]]}"] = array
        elif f"{base}weight" not in result:
            result[f"{base}weight"] = folding(arrays[parts[base]["g"]], arrays[parts[base]["v"]])
    return result


def _reason(name: str, patterns: Mapping[str, str]) -> str | None:
    return next((reason for pattern, reason in patterns.items() if re.fullmatch(pattern, name)), None)


def _rename(key: str, rules: _Rules) -> str:
    name = key.removeprefix(rules.prefix)
    for pattern, replacement in rules.renamed.items():
        name = re.sub(pattern, replacement, name)
    return name


def map_official(
    kind: str,
    arrays: Mapping[str, Array],
    training: bool = False,
    *,
    fold: bool | None = None,
    folding: Folding = fold_weight_norm,
) -> Mapped:
    """Map an official state dict to the arrays of our network.

    Args:
        kind: One of :data:`KINDS`.
        arrays: Official key to array.
        training: Keep what only training needs (posterior encoder, running averages of the quantiser), and keep weight
            norm as ``weight_g`` and ``weight_v``, because training optimises those.
        fold: Fold weight norm or not, whatever ``training`` says.
        folding: Makes a weight of its magnitudes and directions; who asks for shapes alone needs no values.

    Raises:
        UnsupportedCheckpointError: the kind is unknown.
        CorruptCheckpointError: two official keys mean the same parameter.
    """
    if kind not in _RULES:
        raise UnsupportedCheckpointError(f"unknown kind of network {shown(kind)}; known are {', '.join(KINDS)}")
    rules = _RULES[kind]
    left_out = dict(rules.ignored)
    if kind == "sovits" and any(key.startswith("cfm.") for key in arrays):
        left_out[_FLOW_NETWORK_ONLY] = "part of the v1/v2 generator, v3 and v4 have none"
    if not training:
        left_out |= rules.training_only
    kept: Arrays = {}
    ignored: dict[str, str] = {}
    for key, array in arrays.items():
        name = _rename(key, rules)
        reason = _reason(name, left_out)
        if reason is not None:
            ignored[key] = reason
        elif name in kept:
            raise CorruptCheckpointError(f"{shown(key)} and another key both mean {shown(name)}")
        else:
            kept[name] = array
    folds = (not training) if fold is None else fold
    return Mapped(_weight_norm(kept, folding if folds else None), ignored)
