"""MindSpore's checkpoint format, read and written without MindSpore.

It is one protobuf message, and a tiny schema::

    Checkpoint { repeated Value value = 1 }
    Value      { string tag = 1; TensorProto tensor = 2; MapTensorProto maptensor = 3 }
    TensorProto { repeated int64 dims = 1; string tensor_type = 2; bytes tensor_content = 3 }

Strings are tensors of type ``str`` (UTF-32, as numpy stores text); a tensor beyond 512 MiB is cut into values of the
same tag; 17 bytes at the end may hold a CRC-32 of everything before. Agrees with ``mindspore/train/serialization.py``.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import BinaryIO

import numpy as np

from convert.errors import CorruptCheckpointError, UnsafeCheckpointError, UnsupportedCheckpointError
from convert.printing import printable, shown
from convert.storage import (
    MAX_DIMENSIONS,
    Array,
    Blob,
    Budget,
    Checksum,
    Joined,
    MappedFile,
    Region,
    Tensor,
    make_tensor,
)

# Tag of the text that every file of this converter carries; such files always end with a checksum.
METADATA_TAG = "gpt_sovits.metadata"

_DTYPES = {
    "Float64": "float64",
    "Float32": "float32",
    "Float16": "float16",
    "BFloat16": "bfloat16",
    "Int64": "int64",
    "Int32": "int32",
    "Int16": "int16",
    "Int8": "int8",
    "UInt64": "uint64",
    "UInt32": "uint32",
    "UInt16": "uint16",
    "UInt8": "uint8",
    "Bool": "bool",
}
_TYPE_NAMES = {name: ours for ours, name in _DTYPES.items() if name != "bfloat16"}
_CRC_MARK = b"crc_num"
_CRC_BYTES = 10
_TRAILER = len(_CRC_MARK) + _CRC_BYTES
_SLICE = 512 << 20
MAX_VALUES = 100_000
MAX_TEXT = 16 << 20
"""Bytes of a text, four for each character."""
_VARINT, _BYTES = 0, 2


class _Message:
    """Fields of a protobuf message: (number, value), value an int or a view of bytes."""

    def __init__(self, data: memoryview, what: str) -> None:
        self._data = data
        self._what = what

    def _varint(self, at: int) -> tuple[int, int]:
        value = 0
        for index, byte in enumerate(self._data[at : at + 10]):
            value |= (byte & 0x7F) << (7 * index)
            if byte < 0x80:
                return value, at + index + 1
        raise CorruptCheckpointError(f"{self._what}: not a MindSpore checkpoint, or a damaged one")

    def fields(self) -> Iterator[tuple[int, int | memoryview]]:
        """Yield the fields in the file's order."""
        at = 0
        while at < len(self._data):
            key, at = self._varint(at)
            number, wire = key >> 3, key & 7
            value, at = self._varint(at)
            if wire == _VARINT:
                yield number, value
            elif wire == _BYTES and value <= len(self._data) - at:
                yield number, self._data[at : at + value]
                at += value
            else:
                raise CorruptCheckpointError(
                    f"{self._what}: not a MindSpore checkpoint, or one that is cut short or damaged"
                )


def _text(data: int | memoryview, what: str) -> str:
    if isinstance(data, int):
        raise CorruptCheckpointError(f"{what}: a name is a number; the file is damaged")
    try:
        return str(data, "utf-8")
    except UnicodeDecodeError as error:
        raise CorruptCheckpointError(f"{what}: a name is not UTF-8; the file is damaged") from error


class _Value:
    """One tagged value: element type, lengths and where its bytes are."""

    def __init__(self, data: memoryview, what: str) -> None:
        self.tag = ""
        self.type = ""
        self.dims: list[int] = []
        self.content = memoryview(b"")
        for number, field in _Message(data, what).fields():
            if number == 1:
                self.tag = _text(field, what)
            elif number == 2 and not isinstance(field, int):
                self._tensor(field, what)
            else:
                raise UnsupportedCheckpointError(f"{what}: holds a value that is no tensor (a map parameter?)")

    def _tensor(self, data: memoryview, what: str) -> None:
        for number, field in _Message(data, what).fields():
            if number == 1 and isinstance(field, int):
                self.dims.append(field)
            elif number == 1 and not isinstance(field, int):  # packed
                self.dims.extend(islice(_packed(field, what), MAX_DIMENSIONS + 1))
            elif number == 2:
                self.type = _text(field, what)
            elif number == 3 and not isinstance(field, int):
                self.content = field
            else:
                raise CorruptCheckpointError(f"{what}: not a MindSpore checkpoint, or a damaged one")
            if len(self.dims) > MAX_DIMENSIONS:
                raise CorruptCheckpointError(f"{what}: a tensor of more than {MAX_DIMENSIONS} dimensions")


def _packed(data: memoryview, what: str) -> Iterator[int]:
    at = 0
    message = _Message(data, what)
    while at < len(data):
        value, at = message._varint(at)
        yield value


def matches(file: MappedFile) -> bool:
    """Whether the file begins with a value of a checkpoint message whose first field is a tag."""
    head = bytes(file.view[:16])
    if not head.startswith(b"\x0a"):
        return False
    end_of_length = next((i for i, byte in enumerate(head[1:11], 2) if byte < 0x80), 0)
    return bool(end_of_length) and head[end_of_length : end_of_length + 1] == b"\x0a"


def _body(file: MappedFile) -> tuple[memoryview, Checksum | None]:
    trailer = bytes(file.view[-_TRAILER:])
    if not trailer.startswith(_CRC_MARK) or file.size <= _TRAILER:
        return file.view, None
    body = file.view[:-_TRAILER]
    return body, Checksum(body, int.from_bytes(trailer[len(_CRC_MARK) :], "big"), str(file.path))


def read(file: MappedFile) -> dict[str, Tensor | str]:
    """Return tensors and strings by tag; tensors are views on the mapped file.

    Raises:
        CheckpointError: see :mod:`convert.errors`.
    """
    body, checksum = _body(file)
    what = str(file.path)
    slices: dict[str, list[_Value]] = {}
    for count, (number, field) in enumerate(_Message(body, what).fields(), 1):
        if number != 1 or isinstance(field, int):
            raise CorruptCheckpointError(f"{what}: not a MindSpore checkpoint, or a damaged one")
        if count > MAX_VALUES:
            raise UnsafeCheckpointError(f"{what}: holds more than {MAX_VALUES} values; no weight file does")
        value = _Value(field, what)
        slices.setdefault(value.tag, []).append(value)
    if checksum is None and METADATA_TAG in slices:
        raise CorruptCheckpointError(
            f"{what}: the checksum at its end is missing; the file is cut short, convert again"
        )
    budget = Budget(file.size)
    return {
        tag: _assemble(values, checksum, budget, f"{what}: {printable(tag, 200)}") for tag, values in slices.items()
    }


def _assemble(values: list[_Value], checksum: Checksum | None, budget: Budget, what: str) -> Tensor | str:
    last = values[-1]
    if last.type == "str":
        if sum(len(value.content) for value in values) > MAX_TEXT:
            raise UnsafeCheckpointError(f"{what}: a text of more than {MAX_TEXT} bytes; no weight file has one")
        try:
            return str(b"".join(value.content for value in values), "utf-32-le").rstrip("\0")
        except UnicodeDecodeError as error:
            raise CorruptCheckpointError(f"{what}: a damaged text") from error
    parts: list[Blob] = [Region(value.content, checksum) for value in values]
    blob = parts[0] if len(parts) == 1 else Joined(parts)
    if last.type not in _DTYPES:
        raise UnsupportedCheckpointError(f"{what}: element type {shown(last.type, 40)} is not supported")
    dims = [] if last.dims == [0] and blob.nbytes else last.dims  # MindSpore writes scalars like this
    tensor = make_tensor(blob, _DTYPES[last.type], dims, None, 0, budget, what)
    if tensor.nbytes != blob.nbytes:
        raise CorruptCheckpointError(
            f"{what}: {shown(dims)} of {last.type} needs {tensor.nbytes} bytes, the file has {blob.nbytes}"
        )
    return tensor


def _encode_varint(value: int) -> bytes:
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _encode_bytes(number: int, *parts: bytes | memoryview) -> list[bytes | memoryview]:
    length = sum(len(part) for part in parts)
    return [_encode_varint(number << 3 | _BYTES) + _encode_varint(length), *parts]


def _encode_value(tag: str, type_name: str, dims: Iterable[int], content: memoryview) -> list[bytes | memoryview]:
    lengths = b"".join(b"\x08" + _encode_varint(length) for length in dims)
    tensor = [lengths, *_encode_bytes(2, type_name.encode()), *_encode_bytes(3, content)]
    value = [*_encode_bytes(1, tag.encode()), *_encode_bytes(2, *tensor)]
    return _encode_bytes(1, *value)


class Writer:
    """Writes a checkpoint value by value, with the CRC-32 at its end.

    Args:
        file: Binary file open for writing.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._crc = 0

    def _write(self, parts: Iterable[bytes | memoryview]) -> None:
        for part in parts:
            self._crc = zlib.crc32(part, self._crc)
            self._file.write(part)

    def text(self, tag: str, value: str) -> None:
        """Write a string; ``mindspore.load_checkpoint`` returns it as one."""
        self._write(_encode_value(tag, "str", [0], memoryview(value.encode("utf-32-le"))))

    def array(self, tag: str, array: Array) -> None:
        """Write an array.

        Raises:
            UnsupportedCheckpointError: MindSpore has no such element type.
        """
        type_name = _TYPE_NAMES.get(array.dtype.name)
        if type_name is None:
            raise UnsupportedCheckpointError(f"{tag}: MindSpore checkpoints cannot hold {array.dtype}")
        little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        data = little.reshape(-1).view(np.uint8).data
        for start in range(0, max(len(data), 1), _SLICE):
            self._write(_encode_value(tag, type_name, array.shape, data[start : start + _SLICE]))

    def finish(self) -> None:
        """Write the checksum; nothing may follow."""
        self._file.write(_CRC_MARK + self._crc.to_bytes(_CRC_BYTES, "big"))


def write(file: BinaryIO, texts: Mapping[str, str], arrays: Mapping[str, Array]) -> None:
    """Write strings and arrays as one checkpoint."""
    writer = Writer(file)
    for tag, text in texts.items():
        writer.text(tag, text)
    for tag, array in arrays.items():
        writer.array(tag, array)
    writer.finish()
