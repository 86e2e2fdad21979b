"""Hugging Face folders: ``config.json`` beside weights in one file or in several with an index."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from convert.errors import CorruptCheckpointError
from convert.printing import shown
from convert.safetensors import parse_json
from convert.tree import Checkpoint

_SINGLE = ("model.safetensors", "pytorch_model.bin")
_INDEXES = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
_MAX_JSON = 4 << 20


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object that lies beside weights.

    Raises:
        CorruptCheckpointError: it is none, or absurdly large.
    """
    if path.stat().st_size > _MAX_JSON:
        raise CorruptCheckpointError(f"{path}: larger than any such file")
    return parse_json(memoryview(path.read_bytes()), str(path))


def _shard_names(index: Path) -> list[str]:
    weight_map = read_json(index).get("weight_map")
    if not isinstance(weight_map, dict) or not all(isinstance(name, str) for name in weight_map.values()):
        raise CorruptCheckpointError(f"{index}: has no weight_map of key to file name")
    names = sorted(set(weight_map.values()))
    for name in names:
        if name != Path(name).name or "\\" in name or name in ("", ".", ".."):
            raise CorruptCheckpointError(f"{index}: {shown(name)} is not the name of a file in this folder")
    return names


def _weight_files(folder: Path) -> list[Path]:
    for name in _SINGLE:
        if (folder / name).is_file():
            return [folder / name]
    for name in _INDEXES:
        if (folder / name).is_file():
            return [folder / shard for shard in _shard_names(folder / name)]
    raise CorruptCheckpointError(f"{folder}: holds none of {', '.join(_SINGLE + _INDEXES)}")


def load(folder: Path, load_file: Callable[[Path], Checkpoint]) -> Checkpoint:
    """Read a folder as the tree ``{"weight": {key: tensor}, "config": {...}}``.

    Args:
        folder: The folder.
        load_file: Reads one weight file.

    Raises:
        CheckpointError: see :mod:`convert.errors`; also when a shard of the index is missing.
    """
    weights: dict[str, Any] = {}
    size = 0
    for path in _weight_files(folder):
        if not path.is_file():
            raise CorruptCheckpointError(f"{path}: named in the index, but missing; download the folder again")
        shard = load_file(path)
        if not isinstance(shard.tree, dict):
            raise CorruptCheckpointError(f"{path}: not a table of weights")
        repeated = weights.keys() & shard.tree.keys()
        if repeated:
            raise CorruptCheckpointError(f"{path}: {min(repeated)} is in another file of the folder too")
        weights.update(shard.tree)
        size += shard.size
    config = folder / "config.json"
    tree = {"weight": weights, "config": read_json(config) if config.is_file() else {}}
    return Checkpoint(folder, "huggingface-folder", b"", size, tree)
