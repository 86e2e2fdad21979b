"""Opens any weight file as what a network needs: arrays under our names, the configuration, the version."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from convert import lora
from convert.compare import KeyReport, compare_keys
from convert.description import METADATA_FORMAT, Description, describe, dit_depth
from convert.errors import (
    CheckpointError,
    UnsupportedCheckpointError,
    WeightsMismatchError,
)
from convert.expected import expected_keys
from convert.keymap import Mapped, map_official
from convert.reader import load
from convert.storage import Array, Tensor, located
from convert.values import check_values
from convert.version import Version


class Base(NamedTuple):
    """Published weights under a LoRA file.

    Attributes:
        path: Their file.
        held: Keys of them that the caller has and will not look at: where the LoRA does not change them they come as
            zeros of the right shape, and the file is not read for them.
    """

    path: Path
    held: Collection[str] = ()


@dataclass(frozen=True)
class Weights:
    """Weights of one network, complete and of the right shapes.

    Attributes:
        kind: One of :data:`convert.keymap.KINDS`.
        version: v1, v2, v2Pro, v2ProPlus, v3 or v4; empty for networks that all versions share.
        symbols: Phoneme set, v1 or v2; empty likewise.
        config: Configuration the network is built from; for sovits ``model.version`` is always set.
        arrays: Our key to array (float16 or float32 as in the file; folded weights are float32); read-only views.
        report: Every key, accounted for.
        how: How the version was found out.
        path: Where the weights came from.
        changed: Official keys that a LoRA file changes; None for a file that is whole.
        pairs: What is yet to be added to arrays of these keys; see ``apart`` of :func:`open_weights`.
    """

    kind: str
    version: str
    symbols: str
    config: dict[str, Any]
    arrays: Mapping[str, Array] = field(repr=False)
    report: KeyReport = field(repr=False)
    how: tuple[str, ...]
    path: Path
    changed: frozenset[str] | None = None
    pairs: Mapping[str, lora.Pair] = field(default_factory=dict, repr=False)


def open_weights(
    path: str | Path,
    *,
    base: str | Path | Callable[[str], Base] | None = None,
    training: bool = False,
    config: Mapping[str, Any] | None = None,
    strict: bool = True,
    apart: bool = False,
) -> Weights:
    """Open an official weight file or folder, or one of our ``-ms.ckpt`` files.

    Args:
        path: Weight file or Hugging Face folder.
        base: Published v3 or v4 weights, needed when ``path`` is a LoRA file; or what returns them for its version.
        training: Keep what only training needs, see :func:`convert.keymap.map_official`.
        config: Replaces the file's configuration.
        strict: Refuse weights that do not fill the network; else the report tells and the caller decides.
        apart: Add no pair of a LoRA to its matrix; the caller does.

    Raises:
        WeightsMismatchError: keys are missing or misshapen; all of them are named.
        NotFiniteError: weights that the network takes hold NaN or infinity; they are named.
        ConfigurationError: a field of the configuration is not what it may be.
        CheckpointError: the file cannot be read, see :func:`convert.reader.load`.
        OSError: the file cannot be opened.
    """
    checkpoint = load(path)
    find = base if callable(base) else partial(_given, base)
    try:
        weights, unread = _open(describe(checkpoint, config), checkpoint.path, find, training, apart)
        if strict:
            weights.report.check()
        check_values({key: array for key, array in weights.arrays.items() if key not in unread})
        for half in ("up", "down"):
            check_values({key: getattr(pair, half) for key, pair in weights.pairs.items()})
    except WeightsMismatchError:
        raise
    except CheckpointError as error:
        raise located(error, checkpoint.path) from error.__cause__
    return weights


def _given(base: str | Path | None, version: str) -> Base:
    if base is None:
        raise UnsupportedCheckpointError(
            f"a LoRA of SoVITS {version}: it holds only changes; give the published weights it belongs to as base"
        )
    return Base(Path(base))


def _open(
    described: Description, path: Path, find: Callable[[str], Base], training: bool, apart: bool
) -> tuple[Weights, frozenset[str]]:
    """Return the weights, and the keys whose values nobody has read."""
    kind, version, config = described.kind, described.version, described.config
    changed: frozenset[str] | None = None
    unread: frozenset[str] = frozenset()
    pairs: Mapping[str, lora.Pair] = {}
    arrays: Mapping[str, Array] = {key: tensor.array() for key, tensor in described.weights.items()}
    if described.ignored is not None:
        mapped = Mapped(dict(arrays), dict(described.ignored))
    else:
        if version.lora or lora.is_lora(arrays):
            lora.check(arrays, described.lora_rank)
            base, changed = find(version.name), lora.targets(arrays)
            unread = frozenset(base.held) - changed
            whole, pairs = lora.apart(_base_values(base.path, version, unread | lora.replaced(arrays)), arrays)
            arrays = whole if apart else lora.joined(whole, pairs)
            config["model"]["dit_depth"] = dit_depth(arrays)
        mapped = map_official(kind, arrays, training)
    report = compare_keys(expected_keys(kind, config, training), mapped)
    known = {key: array for key, array in mapped.arrays.items() if key not in report.unexpected}
    left = {key: pair for key, pair in pairs.items() if apart and key in known}
    found = Weights(kind, version.name, version.symbols, config, known, report, version.how, path, changed, left)
    return found, unread


def _base_values(base: Path, version: Version, unread: frozenset[str]) -> dict[str, Array]:
    return {
        key: np.broadcast_to(np.float16(0), tensor.shape) if key in unread else tensor.array()
        for key, tensor in _published(base, version.name).items()
    }


def _published(base: Path, version: str) -> Mapping[str, Tensor]:
    """Return the weights that a LoRA of a version changes.

    Raises:
        UnsupportedCheckpointError: they are a LoRA themselves, or of another version.
        CheckpointError: the file cannot be read.
    """
    checkpoint = load(base)
    try:
        described = describe(checkpoint)
    except CheckpointError as error:
        raise located(error, checkpoint.path) from error.__cause__
    found = described.version
    if found.lora or lora.is_lora(described.weights):
        raise UnsupportedCheckpointError(f"{base}: is a LoRA itself; the published {version} weights are needed")
    if described.kind != "sovits" or (found.certain and found.name != version):
        what = f"SoVITS {found.name}" if described.kind == "sovits" else f"a network of kind {described.kind}"
        raise UnsupportedCheckpointError(
            f"a LoRA of SoVITS {version}, but its base {base.name} is {what}; put the published {version} weights there"
        )
    return described.weights


def metadata_text(weights: Weights) -> str:
    """Return what a converted file says about itself, as JSON."""
    content = {
        "format": METADATA_FORMAT,
        "kind": weights.kind,
        "version": weights.version,
        "symbols": weights.symbols,
        "config": weights.config,
        "how": weights.how,
        "ignored": dict(weights.report.ignored),
    }
    return json.dumps(content, ensure_ascii=False)
