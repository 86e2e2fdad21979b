"""What a weight file says it is: the network, its version and its configuration, without reading an array."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from convert.defaults import default_config
from convert.errors import ConfigurationError, CorruptCheckpointError, UnsupportedCheckpointError
from convert.folder import read_json
from convert.keymap import KINDS
from convert.mindspore_ckpt import METADATA_TAG
from convert.official import Official, find, kind_of
from convert.port import official_names
from convert.printing import shown
from convert.ranges import as_json, check_config
from convert.storage import Tensor
from convert.tree import Checkpoint
from convert.version import VERSIONS, Version, sovits_version, t2s_version

METADATA_FORMAT = 1

_DIT_BLOCK = re.compile(r"cfm\.estimator\.transformer_blocks\.(\d+)\.attn\.to_q\.weight")


@dataclass(frozen=True)
class Description:
    """A weight file that is open.

    Attributes:
        kind: One of :data:`convert.keymap.KINDS`.
        version: Version and phoneme set, and how they were found out.
        config: Complete configuration, every field within its range.
        weights: Official key to tensor; our key to tensor for a file that was converted.
        ignored: Of a converted file: what its source had besides, and why it was left out; None of any other file.
        lora_rank: What a LoRA file says that its rank is; None where it says nothing.
    """

    kind: str
    version: Version
    config: dict[str, Any]
    weights: Mapping[str, Tensor] = field(repr=False)
    ignored: Mapping[str, str] | None = None
    lora_rank: int | None = None


def describe(checkpoint: Checkpoint, config: Mapping[str, Any] | None = None) -> Description:
    """Find out what a checkpoint is.

    Args:
        checkpoint: The file.
        config: Replaces the file's configuration.

    Raises:
        ConfigurationError: a field of the configuration is not what it may be.
        CheckpointError: it holds no weights, or those of no known network.
    """
    metadata = _metadata(checkpoint)
    if metadata is not None:
        weights = {tag: value for tag, value in checkpoint.tree.items() if isinstance(value, Tensor)}
        version = Version(metadata["version"], metadata["symbols"], False, tuple(map(str, metadata["how"])))
        ignored = {key: str(reason) for key, reason in metadata["ignored"].items()}
        described = Description(metadata["kind"], version, as_json(metadata["config"]), weights, ignored)
    else:
        described = _official(checkpoint, config)
    check_config(described.kind, described.config)
    return described


def _official(checkpoint: Checkpoint, config: Mapping[str, Any] | None) -> Description:
    official = find(checkpoint)
    kind = kind_of(official.weights)
    weights = official_names(kind, official.weights) if checkpoint.format == "mindspore" else official.weights
    version = _version(kind, weights, official, checkpoint)
    settled = _settle(kind, version, config or official.config or _beside(checkpoint), weights)
    return Description(kind, version, settled, weights, lora_rank=official.lora_rank)


def _version(kind: str, weights: Mapping[str, Tensor], official: Official, checkpoint: Checkpoint) -> Version:
    shapes = {key: tensor.shape for key, tensor in weights.items()}
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


def _settle(kind: str, version: Version, found: Mapping[str, Any], weights: Mapping[str, Tensor]) -> dict[str, Any]:
    """Complete a configuration: missing entries from the published one, the version as detected."""
    config: dict[str, Any] = as_json(found)
    for name, value in default_config(kind, version.name).items():
        if not isinstance(value, Mapping):
            config.setdefault(name, as_json(value))
            continue
        section = config.get(name)
        if section is not None and not isinstance(section, dict):
            raise ConfigurationError(f"configuration field {name} is {shown(section)}; expected a table")
        config[name] = as_json(value) | (section or {})
    if kind in ("sovits", "discriminator"):
        config["model"]["version"] = version.name
    if version.name in ("v3", "v4"):
        config["model"]["dit_depth"] = dit_depth(weights)
    return config


def dit_depth(keys: Mapping[str, object]) -> int:
    """Transformer blocks of the flow-matching decoder; at least one, so that a file without any lacks them by name."""
    blocks = [int(match[1]) for key in keys if (match := _DIT_BLOCK.fullmatch(key))]
    return max(blocks, default=0) + 1


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
            f"written in format {shown(metadata.get('format'), 20)}, this version reads {METADATA_FORMAT}; "
            "convert again"
        )
    if metadata.get("version") not in ("", *VERSIONS):
        raise UnsupportedCheckpointError(f"version {shown(metadata.get('version'), 40)} is not known")
    if metadata["kind"] not in KINDS:
        raise UnsupportedCheckpointError(f"unknown kind of network {shown(metadata['kind'])}")
    return metadata
