"""Weights of the parity fixtures: every array is a function of its key and the set's seed."""

from __future__ import annotations

import json
import zlib
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from convert.keymap import map_official

Arrays = dict[str, npt.NDArray[Any]]


class FixtureError(ValueError):
    """A fixture folder is not what its manifest says."""


def _value(key: str, entry: dict[str, Any], seed: int) -> npt.NDArray[Any]:
    shape = tuple(entry["shape"])
    dtype = np.dtype(entry["dtype"])
    if entry["std"] == 0:
        return np.full(shape, entry["mean"], dtype)
    rng = np.random.Generator(np.random.PCG64(zlib.crc32(key.encode()) + seed))
    value = rng.standard_normal(shape, dtype=np.float32) * np.float32(entry["std"]) + np.float32(entry["mean"])
    return value.astype(dtype, copy=False)


def generate(manifest: Path, prefix: str = "") -> Arrays:
    """Regenerate the official state dict of a manifest, checking every array's checksum.

    Args:
        manifest: Path of ``manifest.json``.
        prefix: Only arrays whose key begins with this.

    Raises:
        FixtureError: an array's checksum differs from the manifest's.
    """
    content = json.loads(manifest.read_text(encoding="utf-8"))
    arrays: Arrays = {}
    for key, entry in content["params"].items():
        if not key.startswith(prefix):
            continue
        value = _value(key, entry, int(content["seed"]))
        checksum = zlib.crc32(value.data)
        if checksum != int(entry["crc32"]):
            raise FixtureError(f"{manifest}: {key} has checksum {checksum}, the manifest says {entry['crc32']}")
        arrays[key] = value
    return arrays


@lru_cache(maxsize=4)
def load_io(folder: Path) -> Arrays:
    """Read a folder's ``io.npz`` (plain arrays only)."""
    with np.load(folder / "io.npz", allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def load_config(folder: Path) -> dict[str, Any]:
    """Read a folder's ``config.json``."""
    config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return config


@lru_cache(maxsize=1)
def network_arrays(kind: str, manifest: Path) -> Arrays:
    """Regenerate a manifest's weights under our network's parameter names; kept for a while, so not to be changed.

    Args:
        kind: Network kind as in :func:`convert.keymap.map_official`.
        manifest: Path of ``manifest.json``.
    """
    return dict(map_official(kind, generate(manifest)).arrays)


def forget() -> None:
    """Let go of the weights that the last folder needed; the largest take 1.3 GB."""
    network_arrays.cache_clear()
    load_io.cache_clear()
