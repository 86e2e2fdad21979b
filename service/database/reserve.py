"""Room that is kept for a full disk: SQLite writes a journal also where rows are removed."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

RESERVE_BYTES = 4 << 20


class Reserve:
    """A file beside a database whose room is given up when there is no other. Threads and processes may share it.

    Args:
        path: Of the file.
        size: Bytes to keep.
    """

    def __init__(self, path: Path, size: int = RESERVE_BYTES) -> None:
        self._path, self._size = path, size

    def give_up(self) -> None:
        """Give the room up where less than that is left otherwise; something is about to be removed."""
        with contextlib.suppress(OSError):
            if self._free() < self._size:
                self._path.unlink(missing_ok=True)

    def fill(self) -> None:
        """Keep the room, before anything else uses it. What cannot be kept now is kept another time."""
        with contextlib.suppress(OSError):
            if self._path.exists() or self._free() < self._size:
                return
            try:
                with self._path.open("xb") as file:
                    os.posix_fallocate(file.fileno(), 0, self._size)
            except OSError:
                self._path.unlink(missing_ok=True)

    def _free(self) -> int:
        return shutil.disk_usage(self._path.parent).free
