"""Room on the disk: how much there is, and "it is full" in one error, wherever it comes from."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import OperationalError

from service.errors import StorageFullError

_FAILING = frozenset({errno.EIO, errno.EROFS, errno.ENODEV, errno.ESTALE, errno.EMFILE, errno.ENFILE})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def is_full(error: BaseException) -> bool:
    """Whether an error of the file system or of the database says that the disk is full."""
    if isinstance(error, OSError):
        # Python looks for a place for temporary files by writing there.
        return error.errno in _FULL or "No usable temporary directory" in str(error)
    text = str(error)
    return isinstance(error, OperationalError) and ("is full" in text or "No space left" in text)


@contextmanager
def storage() -> Iterator[None]:
    """Turn "disk full", from a file or from the database, into :class:`StorageFullError`."""
    try:
        yield
    except (OSError, OperationalError) as error:
        if is_full(error):
            raise StorageFullError("disk_full") from error
        raise


def is_broken(error: OSError) -> bool:
    """Whether an error of the file system says that nothing can be written now, whoever writes: full or failing."""
    return error.errno in _FULL or error.errno in _FAILING


def least_free_bytes(folders: Iterable[Path]) -> int:
    """Return how many bytes may still be written on the fullest of the disks where folders lie."""
    return min(free_bytes(folder) for folder in folders)


def free_bytes(folder: Path) -> int:
    """Return how many bytes may still be written where a folder lies."""
    return shutil.disk_usage(folder).free
