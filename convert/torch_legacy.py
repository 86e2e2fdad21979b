"""The format of ``torch.save`` before PyTorch 1.6: pickles one after the other, then the storages.

Layout: magic number, protocol version, system information, the content, the list of storage keys (five pickles); then
for each key an int64 element count and the elements. Agrees with ``_legacy_load`` of ``torch/serialization.py``.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

from convert import inert
from convert.errors import CorruptCheckpointError, UnsupportedCheckpointError
from convert.printing import shown
from convert.storage import STORED_DTYPES, Budget, MappedFile, Region
from convert.tree import Name, plain
from convert.unpickler import Machine

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001


def matches(file: MappedFile) -> bool:
    """Whether the file begins like a pickle that holds an integer, as the magic number is one."""
    return bytes(file.view[:1]) == b"\x80" and bytes(file.view[2:3]) in (b"\x8a", b"\x95")


class _Pending:
    """A storage whose place in the file is known only after the content has been read."""

    def __init__(self, dtype: str, elements: int) -> None:
        self.dtype = dtype
        self.elements = elements
        self._region: Region | None = None

    @property
    def nbytes(self) -> int:
        """Length in bytes."""
        return self.elements * STORED_DTYPES[self.dtype].itemsize

    def place(self, region: Region) -> None:
        """Say where the bytes are."""
        self._region = region

    @property
    def placed(self) -> bool:
        """Whether the bytes have been found."""
        return self._region is not None

    def read(self) -> memoryview:
        """Return the mapped bytes."""
        if self._region is None:
            raise CorruptCheckpointError("a storage is not in the file")
        return self._region.read()


@dataclass
class _Storages:
    """Resolver of persistent ids ``('storage', type, key, location, elements, view)``."""

    what: str
    size: int
    pending: dict[str, _Pending]

    def __call__(self, identifier: Any) -> inert.Storage:
        fields = identifier if isinstance(identifier, tuple) else ()
        if (
            len(fields) < 5
            or fields[0] != "storage"
            or not isinstance(fields[1], Name)
            or not isinstance(fields[2], str)
        ):
            raise CorruptCheckpointError(
                f"{self.what}: a storage is described in an unknown way; the file is damaged or forged"
            )
        if len(fields) > 5 and fields[5] is not None:
            raise UnsupportedCheckpointError(f"{self.what}: storage views of PyTorch before 0.4 are not supported")
        dtype, elements = inert.STORAGE_DTYPES.get(fields[1].attribute), fields[4]
        if dtype is None:
            raise UnsupportedCheckpointError(f"{self.what}: storage type {fields[1]} is not supported")
        if type(elements) is not int or not 0 <= elements * STORED_DTYPES[dtype].itemsize <= self.size:
            raise CorruptCheckpointError(
                f"{self.what}: a storage of {shown(elements)} elements in a file of {self.size} bytes; "
                "it is cut short or forged"
            )
        storage = self.pending.setdefault(fields[2], _Pending(dtype, elements))
        if (storage.dtype, storage.elements) != (dtype, elements):
            raise CorruptCheckpointError(f"{self.what}: storage {shown(fields[2])} is described in two ways")
        return inert.Storage(storage, dtype)


def _place(file: MappedFile, keys: Any, pending: dict[str, _Pending], start: int) -> None:
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise CorruptCheckpointError(f"{file.path}: the list of storages is damaged")
    at = start
    for key in keys:
        (elements,) = struct.unpack("<q", file.slice(at, 8))
        storage = pending.get(key)
        if storage is None or storage.elements != elements:
            raise CorruptCheckpointError(
                f"{file.path}: storage {shown(key)} is not as long as it was described; the file is damaged"
            )
        storage.place(Region(file.slice(at + 8, storage.nbytes)))
        at += 8 + storage.nbytes
    lost = [key for key, storage in pending.items() if not storage.placed]
    if lost:
        raise CorruptCheckpointError(
            f"{file.path}: storage {shown(lost[0])} is missing; the file is damaged, get it again"
        )


def read(file: MappedFile) -> Any:
    """Return the tree of a legacy weight file; tensors are views on the mapped file. The format has no checksums.

    Raises:
        CheckpointError: see :mod:`convert.errors`.
    """
    what = str(file.path)
    context = inert.Context(inert.Work(what), Budget(file.size))
    magic, at = Machine(file.view, context).run()
    if magic != MAGIC:
        raise UnsupportedCheckpointError(f"{what}: a pickle, but not one that torch.save wrote")
    protocol, at = Machine(file.view, context, start=at).run()
    system, at = Machine(file.view, context, start=at).run()
    if protocol != PROTOCOL or not isinstance(system, dict):
        raise UnsupportedCheckpointError(f"{what}: legacy format version {shown(protocol)} is not known")
    if system.get("little_endian") is not True:
        raise UnsupportedCheckpointError(f"{what}: written on a big-endian machine")
    storages = _Storages(what, file.size, {})
    value, at = Machine(file.view, context, storages, start=at).run()
    keys, at = Machine(file.view, context, start=at).run()
    _place(file, keys, storages.pending, at)
    return plain(value)
