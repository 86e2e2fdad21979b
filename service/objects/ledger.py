"""What lies here only as a copy: which content each file has, and when it was last used, so that room can be made."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from service.files.whole import drop, write_whole

FOLDER = ".carried"
_LOOK_SECONDS, _LOOK_SHARE = 3600.0, 20
"""Room is looked after so often at least, and when a part of it, one in so many, was taken since."""


@dataclass(frozen=True)
class _Line:
    """A copy: its path below the root, its mark, time of change and size of the file that had it."""

    path: str
    mark: str
    modified_ns: int
    size: int


class Ledger:
    """A small hidden file for each copy; its time of change is that of the last use.

    Threads and processes may share it.

    Args:
        root: Folder of the service's data.
        space: Bytes that copies may take.
        keep_seconds: What was used so lately stays, whatever it takes: somebody may be about to open it.
    """

    def __init__(self, root: Path, space: int, keep_seconds: float = 3600.0) -> None:
        self._root, self._space, self._keep = root, space, keep_seconds
        self._folder = root / FOLDER
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lock, self._looked, self._taken = threading.Lock(), time.monotonic(), 0

    def note(self, path: Path, mark: str, status: os.stat_result) -> None:
        """Remember what lies under a name; ``mark`` is empty for what can be made again."""
        name = path.relative_to(self._root).as_posix()
        line = {"path": name, "mark": mark, "modified_ns": status.st_mtime_ns, "size": status.st_size}
        write_whole(self._entry(name), [json.dumps(line).encode()], durable=False)
        if self._look_now(status.st_size):
            self.make_room()

    def mark(self, path: Path) -> str | None:
        """Return the mark of a copy that lies here unchanged; None where there is none."""
        entry = self._entry(path.relative_to(self._root).as_posix())
        line = _read(entry)
        try:
            status = path.stat()
        except (OSError, ValueError):  # not there, or no name that a file can have
            return None
        if line is None or (line.modified_ns, line.size) != (status.st_mtime_ns, status.st_size):
            return None
        with contextlib.suppress(OSError):
            os.utime(entry)
        return line.mark

    def drop(self, path: Path) -> None:
        """Remove a copy and forget it."""
        drop(path, self._entry(path.relative_to(self._root).as_posix()))

    def _entry(self, name: str) -> Path:
        return self._folder / hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:40]

    def _look_now(self, taken: int) -> bool:
        """Whether it is time to look: a look reads as many small files as there are copies."""
        with self._lock:
            self._taken += taken
            if self._taken < self._space // _LOOK_SHARE and time.monotonic() - self._looked < _LOOK_SECONDS:
                return False
            self._looked, self._taken = time.monotonic(), 0
            return True

    def make_room(self) -> int:
        """Remove the copies that were not used for longest until the others fit; return how many."""
        found = sorted(self._entries())
        taken, now, dropped = sum(line.size for _, _, line in found), time.time(), 0
        for used, entry, line in found:
            path = self._root / line.path
            if path.exists() and (taken <= self._space or used > now - self._keep):
                continue
            drop(path, entry)
            self._drop_empty(path.parent)
            taken -= line.size
            dropped += 1
        return dropped

    def _entries(self) -> list[tuple[float, Path, _Line]]:
        found = []
        for each in os.scandir(self._folder):
            with contextlib.suppress(OSError):
                if (line := _read(Path(each.path))) is not None:
                    found.append((each.stat().st_mtime, Path(each.path), line))
        return found

    def _drop_empty(self, folder: Path) -> None:
        if folder.parent != self._root:  # of a voice, or of a task under way
            with contextlib.suppress(OSError):
                folder.rmdir()


def _read(entry: Path) -> _Line | None:
    try:
        return _Line(**json.loads(entry.read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
