"""Writes what ``torch.save`` writes, and pickles that it never would, without PyTorch."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

_STORAGES = {
    "float64": "DoubleStorage",
    "float32": "FloatStorage",
    "float16": "HalfStorage",
    "int64": "LongStorage",
    "int32": "IntStorage",
    "bool": "BoolStorage",
}


def text(value: str) -> bytes:
    """BINUNICODE."""
    raw = value.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def integer(value: int) -> bytes:
    """LONG1 (BININT1 where it fits)."""
    if 0 <= value < 256:
        return b"K" + bytes([value])
    raw = value.to_bytes((value.bit_length() + 8) // 8, "little", signed=True)
    return b"\x8a" + bytes([len(raw)]) + raw


def global_name(module: str, name: str) -> bytes:
    """GLOBAL."""
    return f"c{module}\n{name}\n".encode()


class Namespace:
    """An object to be pickled as ``utils.HParams``: its fields."""

    def __init__(self, **fields: Any) -> None:
        self.fields = fields


class Emitter:
    """Pickles plain values, :class:`Namespace` objects and arrays; collects the arrays as storages."""

    def __init__(self, *, legacy: bool = False) -> None:
        self.storages: list[np.ndarray[Any, Any]] = []
        self._legacy = legacy

    def emit(self, value: Any) -> bytes:
        """Return the opcodes that make a value."""
        if value is None or isinstance(value, bool):
            return {None: b"N", True: b"\x88", False: b"\x89"}[value]
        if isinstance(value, int):
            return integer(value)
        if isinstance(value, float):
            return b"G" + struct.pack(">d", value)
        if isinstance(value, str):
            return text(value)
        if isinstance(value, dict):
            items = b"".join(self.emit(key) + self.emit(item) for key, item in value.items())
            return b"}(" + items + b"u"
        if isinstance(value, list):
            return b"](" + b"".join(map(self.emit, value)) + b"e"
        if isinstance(value, tuple):
            return b"(" + b"".join(map(self.emit, value)) + b"t"
        if isinstance(value, Namespace):
            return global_name("utils", "HParams") + b")\x81" + self.emit(value.fields) + b"b"
        return self._array(value)

    def _array(self, array: np.ndarray[Any, Any]) -> bytes:
        key = str(len(self.storages))
        self.storages.append(np.array(array, order="C"))
        storage = global_name("torch", _STORAGES[array.dtype.name])
        view = b"N" if self._legacy else b""
        identifier = b"(" + text("storage") + storage + text(key) + text("cpu") + integer(array.size) + view + b"tQ"
        strides = tuple(step // array.itemsize for step in self.storages[-1].strides)
        ordered = global_name("collections", "OrderedDict") + b")R"
        args = identifier + integer(0) + self.emit(array.shape) + self.emit(strides) + b"\x89" + ordered
        return global_name("torch._utils", "_rebuild_tensor_v2") + b"(" + args + b"tR"


def pickled(body: bytes) -> bytes:
    """A pickle of protocol 2 around opcodes."""
    return b"\x80\x02" + body + b"."


def zip_bytes(
    data_pkl: bytes, storages: list[bytes], *, head: bytes = b"PK", compression: int = zipfile.ZIP_STORED
) -> bytes:
    """A zip file as ``torch.save`` lays it out."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        archive.writestr("archive/data.pkl", data_pkl)
        archive.writestr("archive/byteorder", "little")
        for index, storage in enumerate(storages):
            archive.writestr(f"archive/data/{index}", storage)
    return head + buffer.getvalue()[2:]


def save(value: Any, path: Path, *, head: bytes = b"PK", compression: int = zipfile.ZIP_STORED) -> Path:
    """Write a value like ``torch.save`` does, with ``head`` as the first two bytes."""
    emitter = Emitter()
    body = pickled(emitter.emit(value))
    path.write_bytes(zip_bytes(body, [a.tobytes() for a in emitter.storages], head=head, compression=compression))
    return path


def save_pickle(body: bytes, path: Path) -> Path:
    """Write a zip weight file whose description is made of the given opcodes."""
    path.write_bytes(zip_bytes(pickled(body), []))
    return path


def save_legacy(value: Any, path: Path) -> Path:
    """Write a value in the format before PyTorch 1.6."""
    emitter = Emitter(legacy=True)
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    parts = [emitter.emit(v) for v in (0x1950A86A20F9469CFC6C, 1001, system, value)]
    keys = [str(index) for index in range(len(emitter.storages))]
    data = b"".join(map(pickled, [*parts, emitter.emit(keys)]))
    data += b"".join(struct.pack("<q", a.size) + a.tobytes() for a in emitter.storages)
    path.write_bytes(data)
    return path
