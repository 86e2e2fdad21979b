"""Takes a resource's files out of a zip or tar archive, whatever folder they lie in inside it."""

from __future__ import annotations

import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from GPT_SoVITS.resources.errors import TransferError
from GPT_SoVITS.resources.transfer import part_of


def unpack(archive: Path, names: list[str], folder: Path) -> list[Path]:
    """Write the members whose base names are `names` as `part_of(folder / name)` and return those paths in order.

    Member paths are never used as places to write to, and only regular files are taken. Raises TransferError when the
    archive is damaged or lacks a name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written: dict[str, Path] = {}
    try:
        with _open(archive) as members:
            for name, stream in members:
                if name in names and name not in written:
                    written[name] = part_of(folder / name)
                    with written[name].open("wb") as out:
                        shutil.copyfileobj(stream, out)
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError) as error:
        raise TransferError("bad_archive", origin=archive.name, reason=error) from error
    if lacking := [name for name in names if name not in written]:
        raise TransferError("archive_lacks", origin=archive.name, names=", ".join(lacking))
    return [written[name] for name in names]


@contextmanager
def _open(archive: Path) -> Iterator[Iterator[tuple[str, IO[bytes]]]]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            yield _zip_members(opened)
    else:
        with tarfile.open(archive) as opened_tar:
            yield _tar_members(opened_tar)


def _zip_members(archive: zipfile.ZipFile) -> Iterator[tuple[str, IO[bytes]]]:
    for info in archive.infolist():
        if not info.is_dir():
            with archive.open(info) as stream:
                yield PurePosixPath(info.filename).name, stream


def _tar_members(archive: tarfile.TarFile) -> Iterator[tuple[str, IO[bytes]]]:
    for info in archive:
        stream = archive.extractfile(info) if info.isfile() else None
        if stream is not None:
            yield PurePosixPath(info.name).name, stream
