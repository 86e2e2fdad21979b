"""Bytes of a weight file, mapped and not copied, and tensors that are views on them.

Nothing here allocates by a size that a file merely claims: regions are checked against the file's length when they
are made, and the views a file declares are charged to a :class:`Budget`, so that a tensor of terabytes over four bytes
(stride 0) is refused instead of handed to somebody who will copy it.
"""

from __future__ import annotations

import mmap
import os
import stat
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from convert.errors import CheckpointError, CorruptCheckpointError, UnsafeCheckpointError, UnsupportedCheckpointError

Array = npt.NDArray[Any]

# Name of the element type in the files' own words -> numpy type of the stored bytes. bfloat16 is widened on access.
STORED_DTYPES: dict[str, np.dtype[np.generic]] = {
    name: np.dtype(code)
    for name, code in {
        "float64": "<f8",
        "float32": "<f4",
        "float16": "<f2",
        "bfloat16": "<u2",
        "int64": "<i8",
        "int32": "<i4",
        "int16": "<i2",
        "int8": "i1",
        "uint64": "<u8",
        "uint32": "<u4",
        "uint16": "<u2",
        "uint8": "u1",
        "bool": "?",
    }.items()
}

MAX_DIMENSIONS = 32  # numpy's limit; networks use at most 5
_CRC_STEP = 1 << 24


class MappedFile:
    """A file mapped read-only into memory.

    Raises:
        CorruptCheckpointError: the file is empty, or no regular file.
        OSError: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        # Without blocking: to open a pipe that nobody writes to would never return.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise CorruptCheckpointError(f"{path}: is not a regular file but a folder, pipe, socket or device")
            self.size = status.st_size
            if self.size == 0:
                raise CorruptCheckpointError(f"{path}: the file is empty; download or copy it again")
            self.map = mmap.mmap(descriptor, self.size, access=mmap.ACCESS_READ)
        finally:
            os.close(descriptor)
        self.view = memoryview(self.map)

    def slice(self, offset: int, length: int) -> memoryview:
        """Return bytes [offset, offset + length) without copying.

        Raises:
            CorruptCheckpointError: the range does not lie in the file.
        """
        if offset < 0 or length < 0 or offset + length > self.size:
            raise CorruptCheckpointError(
                f"{self.path}: bytes {offset} to {offset + length} are needed, the file ends at {self.size}; "
                "it is cut short"
            )
        return self.view[offset : offset + length]


class Checksum:
    """CRC-32 of a range of bytes, computed at most once and only when somebody needs the bytes."""

    def __init__(self, data: memoryview, expected: int, what: str) -> None:
        self._data = data
        self._expected = expected
        self._what = what
        self._passed = False

    def verify(self) -> None:
        """Read the bytes and compare.

        Raises:
            CorruptCheckpointError: they are not what was written.
        """
        if self._passed:
            return
        crc = 0
        for start in range(0, len(self._data), _CRC_STEP):
            crc = zlib.crc32(self._data[start : start + _CRC_STEP], crc)
        if crc != self._expected:
            raise CorruptCheckpointError(
                f"{self._what}: checksum {crc:08x}, the file says {self._expected:08x}; "
                "the file is damaged, get it again"
            )
        self._passed = True


class Blob(Protocol):
    """Bytes of one storage, of known length, produced (and verified) when asked for."""

    @property
    def nbytes(self) -> int:
        """Length in bytes."""
        ...

    def read(self) -> memoryview:
        """Return the bytes.

        Raises:
            CorruptCheckpointError: they are not what was written.
        """
        ...


class Region:
    """A range of a mapped file, guarded by a checksum where the format has one."""

    def __init__(self, data: memoryview, checksum: Checksum | None = None) -> None:
        self._data = data
        self._checksum = checksum

    @property
    def nbytes(self) -> int:
        """Length in bytes."""
        return len(self._data)

    def read(self) -> memoryview:
        """Return the mapped bytes, verified on the first call."""
        if self._checksum is not None:
            self._checksum.verify()
        return self._data


class Deflated:
    """A compressed zip entry; never inflates beyond the length it declared."""

    def __init__(self, data: memoryview, nbytes: int, crc: int, what: str) -> None:
        self._data = data
        self._nbytes = nbytes
        self._crc = crc
        self._what = what

    @property
    def nbytes(self) -> int:
        """Length after inflation, as declared."""
        return self._nbytes

    def read(self) -> memoryview:
        """Inflate and verify."""
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            data = inflater.decompress(self._data, self._nbytes + 1)
        except zlib.error as error:
            raise CorruptCheckpointError(
                f"{self._what}: damaged compressed data ({error}); get the file again"
            ) from error
        if len(data) != self._nbytes:
            raise CorruptCheckpointError(f"{self._what}: inflates to another length than the {self._nbytes} declared")
        view = memoryview(data)
        Checksum(view, self._crc, self._what).verify()
        return view


class Joined:
    """Several blobs one after the other (MindSpore cuts large tensors into slices)."""

    def __init__(self, parts: Sequence[Blob]) -> None:
        self._parts = parts

    @property
    def nbytes(self) -> int:
        """Length of all parts."""
        return sum(part.nbytes for part in self._parts)

    def read(self) -> memoryview:
        """Return the parts copied into one piece."""
        return memoryview(b"".join(part.read() for part in self._parts))


class Budget:
    """How many bytes all tensors of a file may claim together.

    Views share storages, so the sum may exceed the file's size (tied embeddings, expanded masks), but only by a little.
    """

    def __init__(self, stored_bytes: int) -> None:
        self._limit = (16 << 20) + 4 * stored_bytes
        self._spent = 0

    def spend(self, nbytes: int, what: str) -> None:
        """Charge a tensor.

        Raises:
            UnsafeCheckpointError: the tensors claim far more than the file holds.
        """
        self._spent += nbytes
        if self._spent > self._limit:
            raise UnsafeCheckpointError(
                f"{what}: its tensors claim {self._spent} bytes or more, the file justifies at most {self._limit}"
            )


@dataclass(frozen=True, eq=False)
class Tensor:
    """A tensor of a file: what it is, and how to get it.

    Attributes:
        blob: The storage it looks at.
        dtype: Element type in the file's words (``float32``, ``bfloat16``, ...).
        shape: Lengths.
        strides: Steps per dimension, in elements.
        offset: First element.
    """

    blob: Blob
    dtype: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int

    @property
    def nbytes(self) -> int:
        """Bytes of a contiguous copy in the stored type."""
        return _numel(self.shape) * STORED_DTYPES[self.dtype].itemsize

    def array(self) -> Array:
        """Return the values, read-only: a view on the mapped file where possible; bfloat16 becomes float32.

        Raises:
            CorruptCheckpointError: the storage's checksum is wrong.
        """
        dtype = STORED_DTYPES[self.dtype]
        array: Array = np.ndarray(
            self.shape,
            dtype,
            buffer=self.blob.read() if self.nbytes else bytes(dtype.itemsize),
            offset=self.offset * dtype.itemsize if self.nbytes else 0,
            strides=[step * dtype.itemsize for step in self.strides] if self.nbytes else None,
        )
        if self.dtype == "bfloat16":
            array = (array.astype(np.uint32) << 16).view(np.float32)
        elif self.dtype == "bool":
            array = array.view(np.uint8) != 0  # any other byte than 0 and 1 would be undefined behaviour in numpy
        array.flags.writeable = False
        return array


def _numel(shape: Sequence[int]) -> int:
    count = 1
    for length in shape:
        count *= length
    return count


def contiguous_strides(shape: Sequence[int]) -> tuple[int, ...]:
    """Strides, in elements, of a C-contiguous array."""
    strides = []
    step = 1
    for length in reversed(shape):
        strides.append(step)
        step *= max(length, 1)
    return tuple(reversed(strides))


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < 1 << 62


def make_tensor(
    blob: Blob,
    dtype: str,
    shape: Sequence[object],
    strides: Sequence[object] | None,
    offset: object,
    budget: Budget,
    what: str,
) -> Tensor:
    """Check a tensor's claims against its storage and return it.

    Args:
        blob: Storage.
        dtype: A key of :data:`STORED_DTYPES`.
        shape: Claimed lengths.
        strides: Claimed steps in elements, None for contiguous.
        offset: Claimed first element.
        budget: Charged with the tensor's bytes.
        what: Names the tensor in messages.

    Raises:
        UnsupportedCheckpointError: element type unknown.
        CorruptCheckpointError: it looks outside its storage, or the numbers are none.
        UnsafeCheckpointError: the claim is far larger than the file.
    """
    if dtype not in STORED_DTYPES:
        raise UnsupportedCheckpointError(f"{what}: element type {dtype} is not supported")
    if strides is None:
        checked = all(_is_count(v) for v in shape)
        strides = contiguous_strides(shape) if checked else ()  # type: ignore[arg-type]
    numbers = (*shape, *strides, offset)
    if len(shape) != len(strides) or len(shape) > MAX_DIMENSIONS or not all(_is_count(v) for v in numbers):
        raise CorruptCheckpointError(f"{what}: shape, strides or offset of a tensor are not what a tensor can have")
    tensor = Tensor(blob, dtype, tuple(shape), tuple(strides), offset)  # type: ignore[arg-type]
    budget.spend(tensor.nbytes, what)
    if tensor.nbytes:
        last = tensor.offset + sum((n - 1) * step for n, step in zip(tensor.shape, tensor.strides, strict=True))
        available = blob.nbytes // STORED_DTYPES[dtype].itemsize
        if last >= available:
            raise CorruptCheckpointError(
                f"{what}: a tensor reaches element {last} of a storage of {available}; "
                "the file is damaged, get it again"
            )
    return tensor


def located(error: CheckpointError, path: Path) -> CheckpointError:
    """Return the error with the file's path in front, unless it is there."""
    error.locate(path)
    return error
