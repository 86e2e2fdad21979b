"""Writes what ``torch.save`` writes (zip format), without PyTorch: tensors, and weight files with official heads.

Agrees with PyTorch's ``torch/serialization.py``: a pickle of protocol 2 that names storages, each storage an entry of
its own. Values are plain: None, booleans, numbers, text, lists, tuples, dictionaries, and numpy arrays as tensors.
"""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from convert.atomic import replacing
from convert.errors import UnsupportedCheckpointError
from convert.storage import Array

HEADS = {"v3": b"03", "v4": b"04", "v2Pro": b"05", "v2ProPlus": b"06"}
"""First two bytes, in place of ``PK``, of the SoVITS files of these versions (``process_ckpt.my_save2``; v3 and v4 with
LoRA)."""
_STORAGES = {
    "float64": "DoubleStorage",
    "float32": "FloatStorage",
    "float16": "HalfStorage",
    "int64": "LongStorage",
    "int32": "IntStorage",
    "int16": "ShortStorage",
    "int8": "CharStorage",
    "uint8": "ByteStorage",
    "bool": "BoolStorage",
}
_EMPTY = b")R"


def _text(value: str) -> bytes:
    raw = value.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def _integer(value: int) -> bytes:
    if -(1 << 31) <= value < 1 << 31:
        return b"J" + struct.pack("<i", value)
    raw = value.to_bytes((value.bit_length() + 8) // 8, "little", signed=True)
    return b"\x8a" + bytes([len(raw)]) + raw


def _global(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


class _Pickler:
    """Turns values into opcodes and collects the arrays among them, one storage each."""

    def __init__(self) -> None:
        self.storages: list[Array] = []

    def emit(self, value: Any) -> bytes:
        if isinstance(value, np.ndarray):
            return self._tensor(value)
        if value is None or isinstance(value, bool):
            return {None: b"N", True: b"\x88", False: b"\x89"}[value]
        if isinstance(value, int):
            return _integer(value)
        if isinstance(value, float):
            return b"G" + struct.pack(">d", value)
        if isinstance(value, str):
            return _text(value)
        return self._container(value)

    def _container(self, value: Any) -> bytes:
        if isinstance(value, dict):
            return b"}(" + b"".join(self.emit(key) + self.emit(item) for key, item in value.items()) + b"u"
        if isinstance(value, list):
            return b"](" + b"".join(map(self.emit, value)) + b"e"
        if isinstance(value, tuple):
            return b"(" + b"".join(map(self.emit, value)) + b"t"
        raise UnsupportedCheckpointError(f"a {type(value).__name__} cannot be written to a weight file")

    def _tensor(self, array: Array) -> bytes:
        storage = _STORAGES.get(array.dtype.name)
        if storage is None:
            raise UnsupportedCheckpointError(f"element type {array.dtype} cannot be written to a weight file")
        key = str(len(self.storages))
        self.storages.append(array)
        strides, step = [], 1
        for length in reversed(array.shape):
            strides.append(step)
            step *= max(length, 1)
        kind = _global("torch", storage)
        identifier = b"(" + _text("storage") + kind + _text(key) + _text("cpu") + _integer(array.size) + b"tQ"
        hooks = _global("collections", "OrderedDict") + _EMPTY
        shape, steps = self.emit(tuple(array.shape)), self.emit(tuple(reversed(strides)))
        arguments = identifier + _integer(0) + shape + steps + b"\x89" + hooks
        return _global("torch._utils", "_rebuild_tensor_v2") + b"(" + arguments + b"tR"


def save(value: Any, target: Path, head: bytes = b"PK") -> None:
    """Write a value so that ``torch.load`` and :func:`convert.reader.load` read it.

    The file appears under its name only when it is complete and on disk.

    Args:
        value: Plain values and arrays.
        target: File to write, replaced if it exists; its folder is made.
        head: First two bytes; anything but ``PK`` is for the official loaders that put ``PK`` back.

    Raises:
        UnsupportedCheckpointError: a value is of a kind that such files do not have.
        OSError: the file cannot be written.
    """
    with replacing(target) as file:
        dump(value, file, head)


def _entry(name: str) -> zipfile.ZipInfo:
    """An entry without a time, as in PyTorch's own files: the same value gives the same bytes."""
    return zipfile.ZipInfo(f"archive/{name}")


def dump(value: Any, file: BinaryIO, head: bytes = b"PK") -> None:
    """Write to a file that is open what :func:`save` writes.

    Args:
        value: As there.
        file: Empty; its place can be changed.
        head: As there.

    Raises:
        UnsupportedCheckpointError: as there.
        OSError: as there.
    """
    pickler = _Pickler()
    description = b"\x80\x02" + pickler.emit(value) + b"."
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(_entry("data.pkl"), description)
        archive.writestr(_entry("byteorder"), "little")
        for index, array in enumerate(pickler.storages):
            little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
            with archive.open(_entry(f"data/{index}"), "w", force_zip64=little.nbytes > 1 << 30) as entry:
                entry.write(little.reshape(-1).view(np.uint8).data)
        archive.writestr(_entry("version"), "3\n")
    file.seek(0)
    file.write(head)
