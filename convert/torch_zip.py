"""The zip format of ``torch.save`` (since PyTorch 1.6), including files whose first two bytes were replaced.

Source it agrees with: PyTorch's ``torch/serialization.py`` and ``caffe2/serialize``; the replaced head is
``process_ckpt.my_save2`` of GPT-SoVITS, which writes a two-digit version in place of ``PK``.
"""

from __future__ import annotations

import codecs
import struct
import zipfile
from typing import IO, Any, cast

from convert import inert
from convert.errors import CorruptCheckpointError, UnsafeCheckpointError, UnsupportedCheckpointError
from convert.printing import shown
from convert.storage import STORED_DTYPES, Blob, Budget, Checksum, Deflated, MappedFile, Region
from convert.tree import Name, plain
from convert.unpickler import Machine

HEADS = (b"PK", *(f"0{digit}".encode() for digit in range(7)))
# zipfile decodes names with this codec, a module that Python would import in the middle of reading a stranger's file.
codecs.lookup("cp437")

_LOCAL_HEADER = struct.Struct("<2s2sHHHHHIIIHH")
_INFLATION_LIMIT = 32  # weights hardly compress; configuration texts are small
_MAX_PICKLE = 16 << 20
_MAX_DIRECTORY = 4 << 20
_DIRECTORY_END_REACH = (1 << 16) + 128
_IN_WIDE_RECORD = 0xFFFFFFFF


def matches(file: MappedFile) -> bool:
    """Whether the file begins like a zip entry, whatever its first two bytes are."""
    return bytes(file.view[2:4]) == b"\x03\x04"


def _check_directory(file: MappedFile) -> None:
    """Refuse a table of contents that would take gigabytes once it is a list of entries."""
    tail = bytes(file.view[-_DIRECTORY_END_REACH:])
    at = tail.rfind(b"PK\5\6", 0, max(0, len(tail) - 18))
    wide = tail.rfind(b"PK\6\6", 0, max(0, len(tail) - 52))
    sizes = [struct.unpack_from("<I", tail, at + 12)[0]] if at >= 0 else []
    if wide >= 0:
        sizes.append(struct.unpack_from("<Q", tail, wide + 40)[0])
    claimed = [size for size in sizes if size != _IN_WIDE_RECORD]
    if max(claimed, default=0) > _MAX_DIRECTORY:
        raise UnsafeCheckpointError(f"{file.path}: its zip directory has {max(claimed)} bytes; weight files need a few")


class Archive:
    """Entries of a zip file by name, as blobs over the mapped file.

    Raises:
        CorruptCheckpointError: no readable central directory, or one that contradicts the entries.
        UnsafeCheckpointError: compressed entries claim absurd sizes.
    """

    def __init__(self, file: MappedFile) -> None:
        self._file = file
        head = bytes(file.view[:2])
        if head not in HEADS:
            raise CorruptCheckpointError(
                f"{file.path}: begins with {head!r}; a zip weight file begins with 'PK', "
                "a v2Pro, v3 LoRA or v4 LoRA one with 01 to 06"
            )
        self._entries: dict[str, zipfile.ZipInfo] = {}
        _check_directory(file)
        try:
            with zipfile.ZipFile(cast(IO[bytes], file.map)) as archive:  # a map reads and seeks like a file
                entries = archive.infolist()
        except (zipfile.BadZipFile, NotImplementedError, struct.error, ValueError, OverflowError, EOFError) as error:
            raise CorruptCheckpointError(
                f"{file.path}: the zip directory at its end is missing or damaged ({error}); "
                "the file is cut short, get it again"
            ) from error
        for entry in entries:
            if entry.filename in self._entries:
                raise CorruptCheckpointError(f"{file.path}: two zip entries are called {shown(entry.filename)}")
            self._entries[entry.filename] = entry
        self.inflated = sum(e.file_size for e in entries if e.compress_type != zipfile.ZIP_STORED)
        if self.inflated > (16 << 20) + _INFLATION_LIMIT * file.size:
            raise UnsafeCheckpointError(f"{file.path}: {file.size} bytes claim to inflate to {self.inflated}; not read")

    def pickle_folder(self) -> str:
        """Folder (with its slash) that holds ``data.pkl``; PyTorch names it after the file that was saved to."""
        found = [name for name in self._entries if name == "data.pkl" or name.endswith("/data.pkl")]
        if len(found) != 1:
            raise CorruptCheckpointError(
                f"{self._file.path}: a zip with {len(found)} entries data.pkl; a PyTorch weight file has exactly one"
            )
        return found[0].removesuffix("data.pkl")

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def blob(self, name: str) -> Blob:
        """Return the bytes of an entry, to be verified when read.

        Raises:
            CorruptCheckpointError: there is no such entry, or its place is not in the file.
            UnsupportedCheckpointError: it is encrypted or compressed in an unusual way.
        """
        entry = self._entries.get(name)
        what = f"{self._file.path}: zip entry {shown(name)}"
        if entry is None:
            raise CorruptCheckpointError(f"{what} is missing; the file is damaged, get it again")
        data = self._file.slice(self._data_offset(entry, what), entry.compress_size)
        if entry.flag_bits & 0x1:
            raise UnsupportedCheckpointError(f"{what} is encrypted")
        if entry.compress_type == zipfile.ZIP_DEFLATED:
            return Deflated(data, entry.file_size, entry.CRC, what)
        if entry.compress_type != zipfile.ZIP_STORED:
            raise UnsupportedCheckpointError(f"{what} is compressed with method {entry.compress_type}")
        if entry.file_size != entry.compress_size:
            raise CorruptCheckpointError(f"{what} contradicts itself about its length")
        return Region(data, Checksum(data, entry.CRC, what))

    def _data_offset(self, entry: zipfile.ZipInfo, what: str) -> int:
        start = entry.header_offset
        header = _LOCAL_HEADER.unpack(self._file.slice(start, _LOCAL_HEADER.size))
        head, signature = header[:2]
        if signature != b"\x03\x04" or (head != b"PK" and start != 0):
            raise CorruptCheckpointError(f"{what} is not where the directory says; the file is damaged, get it again")
        return start + _LOCAL_HEADER.size + int(header[-2]) + int(header[-1])


def _storages(archive: Archive, folder: str, what: str) -> Any:
    """Return the resolver of persistent ids ``('storage', type, key, location, elements)``."""
    blobs: dict[str, Blob] = {}

    def load(identifier: Any) -> inert.Storage:
        fields = identifier if isinstance(identifier, tuple) else ()
        if (
            len(fields) < 5
            or fields[0] != "storage"
            or not isinstance(fields[1], Name)
            or not isinstance(fields[2], str)
        ):
            raise CorruptCheckpointError(
                f"{what}: a storage is described in an unknown way; the file is damaged or forged"
            )
        dtype = inert.STORAGE_DTYPES.get(fields[1].attribute)
        if dtype is None:
            raise UnsupportedCheckpointError(f"{what}: storage type {fields[1]} is not supported")
        key, elements = fields[2], fields[4]
        if key not in blobs:
            blobs[key] = archive.blob(f"{folder}data/{key}")
        needed = elements * STORED_DTYPES[dtype].itemsize if type(elements) is int else -1
        if needed < 0 or needed > blobs[key].nbytes:
            raise CorruptCheckpointError(
                f"{what}: storage {shown(key)} should have {needed} bytes, it has {blobs[key].nbytes}; "
                "the file is damaged, get it again"
            )
        return inert.Storage(blobs[key], dtype)

    return load


def read(file: MappedFile) -> Any:
    """Return the tree of a zip weight file; tensors are views on the mapped file.

    Raises:
        CheckpointError: see :mod:`convert.errors`.
    """
    archive = Archive(file)
    folder = archive.pickle_folder()
    what = str(file.path)
    order = f"{folder}byteorder"
    if order in archive and bytes(archive.blob(order).read()) != b"little":
        raise UnsupportedCheckpointError(f"{what}: written on a big-endian machine")
    description = archive.blob(f"{folder}data.pkl")
    if description.nbytes > _MAX_PICKLE:
        raise UnsafeCheckpointError(
            f"{what}: its description (pickle) has {description.nbytes} bytes; weight files need a few"
        )
    context = inert.Context(inert.Work(what), Budget(file.size + archive.inflated))
    value, _ = Machine(description.read(), context, _storages(archive, folder, what)).run()
    return plain(value)
