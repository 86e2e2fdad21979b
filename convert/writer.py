"""Writes converted weights as a MindSpore checkpoint, atomically, and compares it with its source."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from convert.atomic import replacing
from convert.errors import CorruptCheckpointError, UnsupportedCheckpointError
from convert.mindspore_ckpt import METADATA_TAG, Writer
from convert.storage import Array
from convert.weights import Weights, metadata_text, open_weights

DTYPES: dict[str, np.dtype[Any]] = {"fp32": np.dtype(np.float32), "fp16": np.dtype(np.float16)}

Progress = Callable[[str, int, int], None]


def _silent(_key: str, _done: int, _total: int) -> None:
    """Report nothing."""


def as_dtype(key: str, array: Array, dtype: str) -> Array:
    """Return an array as it is written: floats in the asked precision, integers as they are.

    Raises:
        UnsupportedCheckpointError: a value is too large for fp16.
    """
    if array.dtype.kind != "f":
        return array
    with np.errstate(over="ignore"):
        result: Array = array.astype(DTYPES[dtype], copy=False)
    if dtype == "fp16" and array.dtype.itemsize > 2 and bool(np.isinf(result).any() and np.isfinite(array).all()):
        raise UnsupportedCheckpointError(f"{key}: has values beyond the range of fp16; convert with --dtype fp32")
    return result


def _converted(arrays: Mapping[str, Array], dtype: str, progress: Progress) -> Iterator[tuple[str, Array]]:
    total = sum(array.nbytes for array in arrays.values())
    done = 0
    for key, array in arrays.items():
        yield key, as_dtype(key, array, dtype)
        done += array.nbytes
        progress(key, done, total)


def write(weights: Weights, target: Path, dtype: str = "fp32", progress: Progress = _silent) -> None:
    """Write a checkpoint that ``mindspore.load_checkpoint`` and :func:`convert.weights.open_weights` read.

    The file appears under its name only when it is complete and on disk. One array at a time is held in memory.

    Args:
        weights: What to write.
        target: File to write, replaced if it exists; its folder is made.
        dtype: ``fp32`` or ``fp16``.
        progress: Called after every array with its key, bytes done and bytes in all.

    Raises:
        UnsupportedCheckpointError: a value does not fit the precision.
        OSError: the file cannot be written.
    """
    with replacing(target) as file:
        writer = Writer(file)
        writer.text(METADATA_TAG, metadata_text(weights))
        for key, array in _converted(weights.arrays, dtype, progress):
            writer.array(key, array)
        writer.finish()


def verify(weights: Weights, target: Path, dtype: str = "fp32", progress: Progress = _silent) -> None:
    """Read a written checkpoint again and compare it with its source, bit for bit.

    Raises:
        CorruptCheckpointError: anything differs.
    """
    written = open_weights(target)
    if metadata_text(written) != metadata_text(weights):
        raise CorruptCheckpointError(f"{target}: configuration or version differ from the source")
    if written.arrays.keys() != weights.arrays.keys():
        differing = sorted(written.arrays.keys() ^ weights.arrays.keys())
        raise CorruptCheckpointError(f"{target}: other keys than the source: {', '.join(differing[:5])}")
    for key, array in _converted(weights.arrays, dtype, progress):
        found = written.arrays[key]
        if found.dtype != array.dtype or found.shape != array.shape or found.tobytes() != array.tobytes():
            raise CorruptCheckpointError(f"{target}: {key} differs from the source; the disk may be failing")
