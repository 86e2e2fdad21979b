"""Files that appear under their name complete and on disk, or not at all."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import glob
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


@contextmanager
def replacing(target: Path) -> Iterator[BinaryIO]:
    """Yield a file to write; when the block ends without an error it is on disk and replaces ``target``.

    The folder is made if it is missing. What an earlier, killed writer of the same target left behind is removed.

    Args:
        target: Name under which the file is to appear.

    Raises:
        OSError: it cannot be written; ``target`` is as it was.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(target)
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # says that somebody is still writing; a process's end releases it
            yield file
            file.flush()
            os.fsync(file.fileno())
            temporary.chmod(0o644)
            put_in_place(temporary, target)  # under the lock: another writer must not take it for abandoned
    finally:
        temporary.unlink(missing_ok=True)


def _remove_abandoned(target: Path) -> None:
    for part in target.parent.glob(f".{glob.escape(target.name)}.*.part"):
        with part.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            part.unlink(missing_ok=True)


def put_in_place(part: Path, target: Path) -> None:
    """Rename a file whose content is on the disk, and put its new name there too.

    Args:
        part: A hidden name in the same folder; it is gone afterwards.
        target: Its name; a file that has it is replaced.

    Raises:
        OSError: the disk refuses; what was there is there again, unless the disk refuses that as well.
    """
    before = part.with_name(f"{part.stem}-before{part.suffix}")
    try:
        is_new = not target.exists()
        kept = not is_new and _linked(target, before)
        part.replace(target)
        try:
            sync_folder(target.parent)
        except BaseException:
            with contextlib.suppress(OSError):
                if kept:
                    before.replace(target)
                elif is_new:
                    target.unlink()
            raise
    finally:
        for path in (part, before):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


def _linked(source: Path, target: Path) -> bool:
    """Give a file a second name; return whether the file system has such.

    Raises:
        OSError: the disk refuses.
    """
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return False
    return True


def sync_folder(folder: Path) -> None:
    """Put a folder's names on the disk: what was created or renamed in it survives a power cut."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
