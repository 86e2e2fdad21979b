"""Files that appear whole: written under a hidden name in their own folder, then renamed."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from convert.atomic import put_in_place

_COPY_BYTES = 1 << 20
_TEMPORARY = ".tmp"
_STALE_SECONDS = 3600.0


def _hidden(path: Path) -> Path:
    return path.with_name(f".{path.name.lstrip('.')}.{os.getpid()}-{time.monotonic_ns()}{_TEMPORARY}")


def write_whole(path: Path, parts: Iterable[bytes], *, durable: bool) -> None:
    """Let a file appear whole.

    Args:
        path: Its name; the folder exists.
        parts: Its content.
        durable: Whether it survives a power failure once this returns.

    Raises:
        OSError: the disk is full or broken; then nothing has appeared or changed.
    """
    temporary = _hidden(path)
    try:
        with temporary.open("wb") as file:
            for part in parts:
                file.write(part)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        if durable:
            put_in_place(temporary, path)
        else:
            temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def read_in_parts(*paths: Path) -> Iterator[bytes]:
    """Yield the content of files, one after the other."""
    for path in paths:
        with path.open("rb") as file:
            while part := file.read(_COPY_BYTES):
                yield part


def second_name(source: Path, target: Path) -> None:
    """Let a file appear under another name too, or a copy of it where links fail; an older file there is replaced."""
    temporary = _hidden(target)
    try:
        os.link(source, temporary)
        temporary.replace(target)
        temporary.unlink(missing_ok=True)  # renaming one name of a file over another name of it does nothing
    except OSError:
        temporary.unlink(missing_ok=True)
        write_whole(target, read_in_parts(source), durable=True)


def drop(*paths: Path) -> None:
    """Remove files; missing ones are fine."""
    for path in paths:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def drop_half_written(*folders: Path) -> int:
    """Remove half-written files of processes that are gone; a living neighbour's are left alone for an hour.

    Returns:
        How many.
    """
    found = 0
    for folder in folders:
        for entry in os.scandir(folder):
            if entry.name.startswith(".") and entry.name.endswith(_TEMPORARY):
                with contextlib.suppress(OSError):
                    gone = f".{os.getpid()}-" not in entry.name and not _writer_lives(entry.name)
                    if gone or entry.stat().st_mtime < time.time() - _STALE_SECONDS:
                        drop(Path(entry.path))
                        found += 1
    return found


def _writer_lives(name: str) -> bool:
    pid = name.removesuffix(_TEMPORARY).rpartition(".")[2].partition("-")[0]
    return pid.isdigit() and Path(f"/proc/{pid}").exists()
