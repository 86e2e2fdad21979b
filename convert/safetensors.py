"""The safetensors format: a JSON table of contents, then the arrays.

Layout: uint64 length of the table, the table ``{key: {dtype, shape, data_offsets}}``, the data.
"""

from __future__ import annotations

import json
import struct
from typing import Any

from convert.errors import CorruptCheckpointError, UnsupportedCheckpointError
from convert.printing import printable, shown
from convert.storage import Budget, MappedFile, Region, Tensor, make_tensor

_DTYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U64": "uint64",
    "U32": "uint32",
    "U16": "uint16",
    "U8": "uint8",
    "BOOL": "bool",
}
_MAX_TABLE = 4 << 20
_PREFIX = 8


def matches(file: MappedFile) -> bool:
    """Whether a table of contents follows a length that fits into the file."""
    if file.size < _PREFIX + 2 or file.view[_PREFIX] != ord("{"):
        return False
    (length,) = struct.unpack("<Q", file.view[:_PREFIX])
    return bool(length >= 2)


def parse_json(data: memoryview | str, what: str) -> dict[str, Any]:
    """Decode a JSON object, nesting and number lengths limited by the decoder itself.

    Raises:
        CorruptCheckpointError: it is none.
    """
    if len(data) > _MAX_TABLE:
        raise CorruptCheckpointError(f"{what} has {len(data)} bytes of JSON; weight files need far fewer")
    try:
        value = json.loads(data if isinstance(data, str) else str(data, "utf-8"))
    except (ValueError, RecursionError) as error:
        raise CorruptCheckpointError(
            f"{what} is not valid JSON ({printable(error, 120)}); the file is damaged, get it again"
        ) from error
    if not isinstance(value, dict):
        raise CorruptCheckpointError(f"{what} is not a JSON object")
    return value


def _entry(file: MappedFile, key: str, entry: Any, base: int, budget: Budget) -> Tensor:
    what = f"{file.path}: {printable(key, 200)}"
    fields = entry if isinstance(entry, dict) else {}
    name, shape, offsets = fields.get("dtype"), fields.get("shape"), fields.get("data_offsets")
    if not isinstance(name, str) or not isinstance(shape, list) or not isinstance(offsets, list) or len(offsets) != 2:
        raise CorruptCheckpointError(f"{what}: its entry in the table of contents is damaged")
    if not all(type(value) is int for value in offsets) or not 0 <= offsets[0] <= offsets[1]:
        raise CorruptCheckpointError(f"{what}: its place {shown(offsets)} is none; the file is damaged")
    if name not in _DTYPES:
        raise UnsupportedCheckpointError(f"{what}: element type {shown(name, 40)} is not supported")
    blob = Region(file.slice(base + offsets[0], offsets[1] - offsets[0]))
    tensor = make_tensor(blob, _DTYPES[name], shape, None, 0, budget, what)
    if tensor.nbytes != blob.nbytes:
        raise CorruptCheckpointError(
            f"{what}: {shown(shape)} of {name} needs {tensor.nbytes} bytes, the file has {blob.nbytes}"
        )
    return tensor


def read(file: MappedFile) -> dict[str, Tensor]:
    """Return the tensors by key, views on the mapped file. The format has no checksums.

    Raises:
        CheckpointError: see :mod:`convert.errors`.
    """
    (length,) = struct.unpack("<Q", file.slice(0, _PREFIX))
    if length > min(_MAX_TABLE, file.size - _PREFIX):
        raise CorruptCheckpointError(
            f"{file.path}: its table of contents should have {length} bytes, the file has {file.size}; "
            "it is cut short or damaged"
        )
    table = parse_json(file.slice(_PREFIX, length), f"{file.path}: the table of contents")
    budget = Budget(file.size)
    return {
        key: _entry(file, key, entry, _PREFIX + length, budget) for key, entry in table.items() if key != "__metadata__"
    }
