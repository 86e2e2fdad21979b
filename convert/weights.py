"""Opens any weight file as what a network needs: arrays under our names, the configuration, the version."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from convert import lora
from convert.compare import KeyReport, compare_keys
from convert.defaults import default_config
from convert.errors import CheckpointError, CorruptCheckpointError, UnsupportedCheckpointError, WeightsMismatchError
from convert.expected import expected_keys
from convert.folder import read_json
from convert.keymap import Mapped, map_official
from convert.mindspore_ckpt import METADATA_TAG
from convert.official import Official, find, kind_of
from convert.reader import load
from convert.storage import Array, Tensor, located
from convert.tree import Checkpoint
from convert.version import VERSIONS, Version, sovits_version, t2s_version

METADATA_FORMAT = 1

_DIT_BLOCK = re.compile(r"cfm\.estimator\.transformer_blocks\.(\d+)\.attn\.to_q\.weight")


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
    """

    kind: str
    version: str
    symbols: str
    config: dict[str, Any]
    arrays: Mapping[str, Array] = field(repr=False)
    report: KeyReport = field(repr=False)
    how: tuple[str, ...]
    path: Path


def open_weights(
    path: str | Path,
    *,
    base: str | Path | None = None,
    training: bool = False,
    config: Mapping[str, Any] | None = None,
    strict: bool = True,
) -> Weights:
    """Open an official weight file or folder, or one of our ``-ms.ckpt`` files.

    Args:
        path: Weight file or Hugging Face folder.
        base: Published v3 or v4 weights, needed when ``path`` is a LoRA file.
        training: Keep what only training needs, see :func:`convert.keymap.map_official`.
        config: Replaces the file's configuration.
        strict: Refuse weights that do not fill the network; else the report tells and the caller decides.

    Raises:
        WeightsMismatchError: keys are missing or misshapen; all of them are named.
        CheckpointError: the file cannot be read, see :func:`convert.reader.load`.
        OSError: the file cannot be opened.
    """
    checkpoint = load(path)
    try:
        weights = _open(checkpoint, base, training, config)
        if strict:
            weights.report.check()
    except WeightsMismatchError:
        raise
    except CheckpointError as error:
        raise located(error, checkpoint.path) from error.__cause__
    return weights


@dataclass(frozen=True)
class Identity:
    """What a weight file is, found out without reading its arrays.

    Attributes:
        kind: One of :data:`convert.keymap.KINDS`.
        version: v1, v2, v2Pro, v2ProPlus, v3 or v4; empty for networks that all versions share.
        lora: Whether it holds only the changes to published weights.
    """

    kind: str
    version: str
    lora: bool


def identify(path: str | Path) -> Identity:
    """Tell what a weight file is; errors as of :func:`convert.reader.load`. Checksums are not looked at."""
    checkpoint = load(path, verify=False)
    metadata = _metadata(checkpoint)
    if metadata is not None:
        return Identity(metadata["kind"], metadata["version"], False)
    official = find(checkpoint)
    kind = kind_of(official.weights)
    version = _version(kind, official, checkpoint)
    return Identity(kind, version.name, version.lora)


def _open(checkpoint: Checkpoint, base: str | Path | None, training: bool, config: Mapping[str, Any] | None) -> Weights:
    metadata = _metadata(checkpoint)
    if metadata is not None:
        return _converted(checkpoint, metadata, training)
    official = find(checkpoint)
    kind = kind_of(official.weights)
    version = _version(kind, official, checkpoint)
    settled = _settle(kind, version, config or official.config or _beside(checkpoint), official.weights)
    arrays: Mapping[str, Array] = {key: tensor.array() for key, tensor in official.weights.items()}
    if version.lora or lora.is_lora(arrays):
        arrays = _merged(arrays, base, version)
        settled["model"]["dit_depth"] = _dit_depth(arrays)
    return _finish(kind, version, settled, map_official(kind, arrays, training), training, checkpoint.path)


def _finish(kind: str, version: Version, config: dict[str, Any], mapped: Mapped, training: bool, path: Path) -> Weights:
    report = compare_keys(expected_keys(kind, config, training), mapped)
    known = {key: array for key, array in mapped.arrays.items() if key not in report.unexpected}
    return Weights(kind, version.name, version.symbols, config, known, report, version.how, path)


def _version(kind: str, official: Official, checkpoint: Checkpoint) -> Version:
    shapes = {key: tensor.shape for key, tensor in official.weights.items()}
    if kind == "t2s":
        return t2s_version({key.removeprefix("model."): shape for key, shape in shapes.items()})
    if kind == "sovits":
        return sovits_version(shapes, official.config, checkpoint.head, checkpoint.size)
    if kind == "discriminator":
        pro = any(key.startswith("discriminators.7.") for key in shapes)
        return Version("v2Pro" if pro else "v2", "v2", False, ("number of periods",))
    return Version("", "", False, ("the same network in all versions",))


def _beside(checkpoint: Checkpoint) -> Mapping[str, Any]:
    """Configuration of a Hugging Face model file that was opened without its folder."""
    path = checkpoint.path.parent / "config.json"
    named = checkpoint.path.name in ("pytorch_model.bin", "model.safetensors")
    if not named or not path.is_file():
        return {}
    return read_json(path)


def _as_json(node: Any) -> Any:
    """Copy a configuration into what JSON can hold, so that it is the same before and after conversion."""
    if isinstance(node, Mapping):
        return {str(key): _as_json(value) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [_as_json(value) for value in node]
    return node if isinstance(node, str | int | float | None) else None


def _settle(kind: str, version: Version, found: Mapping[str, Any], weights: Mapping[str, Tensor]) -> dict[str, Any]:
    """Complete a configuration: missing entries from the published one, the version as detected."""
    config: dict[str, Any] = _as_json(found)
    default = default_config(kind, version.name)
    for name, value in default.items():
        if not isinstance(value, Mapping):
            config.setdefault(name, _as_json(value))
            continue
        section = config.get(name)
        config[name] = _as_json(value) | (section if isinstance(section, dict) else {})
    if kind in ("sovits", "discriminator"):
        config["model"]["version"] = version.name
    if version.name in ("v3", "v4"):
        config["model"]["dit_depth"] = _dit_depth(weights)
    return config


def _dit_depth(keys: Mapping[str, object]) -> int:
    """Transformer blocks of the flow-matching decoder; at least one, so that a file without any lacks them by name."""
    blocks = [int(match[1]) for key in keys if (match := _DIT_BLOCK.fullmatch(key))]
    return max(blocks, default=0) + 1


def _merged(arrays: Mapping[str, Array], base: str | Path | None, version: Version) -> Mapping[str, Array]:
    if base is None:
        raise UnsupportedCheckpointError(
            f"a LoRA of SoVITS {version.name}: it holds only changes; give the published weights it belongs to as base"
        )
    published = find(load(base))
    if lora.is_lora(published.weights):
        raise UnsupportedCheckpointError(f"{base}: is a LoRA itself; the published {version.name} weights are needed")
    return lora.merge({key: tensor.array() for key, tensor in published.weights.items()}, arrays)


def _metadata(checkpoint: Checkpoint) -> dict[str, Any] | None:
    text = checkpoint.tree.get(METADATA_TAG) if checkpoint.format == "mindspore" else None
    if not isinstance(text, str):
        return None
    try:
        metadata = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CorruptCheckpointError(f"{METADATA_TAG} is not JSON; the file is damaged") from error
    kinds = {"config": dict, "ignored": dict, "how": list, "kind": str, "symbols": str}
    if not isinstance(metadata, dict) or not all(isinstance(metadata.get(key), kind) for key, kind in kinds.items()):
        raise CorruptCheckpointError(f"{METADATA_TAG} is not what this converter writes")
    if metadata.get("format") != METADATA_FORMAT:
        raise UnsupportedCheckpointError(
            f"written in format {metadata.get('format')!r:.20}, this version reads {METADATA_FORMAT}; convert again"
        )
    if metadata.get("version") not in ("", *VERSIONS):
        raise UnsupportedCheckpointError(f"version {metadata.get('version')!r:.40} is not known")
    return metadata


def _converted(checkpoint: Checkpoint, metadata: Mapping[str, Any], training: bool) -> Weights:
    arrays = {tag: value.array() for tag, value in checkpoint.tree.items() if isinstance(value, Tensor)}
    version = Version(metadata["version"], metadata["symbols"], False, tuple(map(str, metadata["how"])))
    mapped = Mapped(arrays, {key: str(reason) for key, reason in metadata["ignored"].items()})
    return _finish(metadata["kind"], version, metadata["config"], mapped, training, checkpoint.path)


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
