"""What a job's process says to people: a file for each job, of bounded size, whose newest lines are kept."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from service.identifiers import disk_name
from service.jobs.records import Job

LIMIT = 1 << 20
"""Bytes of a file; there is one more of this size with what came before."""
TAIL_BYTES = 64 << 10
_LONGEST_LINE = 2000


class JobLog:
    """Appends to one job's log. A disk that is full costs lines of the log, not the job.

    Args:
        path: The file.
        limit: Bytes after which it is set aside, and the one that was set aside before is dropped.
    """

    def __init__(self, path: Path, limit: int = LIMIT) -> None:
        self._path, self._limit = path, limit
        self.last = ""
        """The last line, without its time."""

    def write(self, line: bytes | str) -> None:
        """Add a line, with the time before it."""
        text = line.decode("utf-8", "replace") if isinstance(line, bytes) else line
        clean = "".join(c if c.isprintable() or c == "\t" else " " for c in text[:_LONGEST_LINE]).rstrip()
        if not clean:
            return
        self.last = clean
        stamped = f"{time.strftime('%Y-%m-%d %H:%M:%S')} {clean}\n".encode("utf-8", "replace")
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if self._size() + len(stamped) > self._limit:
                self._path.replace(older(self._path))
            with self._path.open("ab") as stream:
                stream.write(stamped)

    def _size(self) -> int:
        try:
            return self._path.stat().st_size
        except FileNotFoundError:
            return 0


def older(path: Path) -> Path:
    """Return where a full log is set aside."""
    return path.with_name(path.name + ".1")


class Logs:
    """The logs of all jobs.

    Args:
        folder: Where they lie.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, job_id: str) -> Path:
        """Return the file of a job."""
        return self._folder / f"{disk_name(job_id)}.log"

    def of(self, job: Job) -> JobLog:
        """Return a job's log, to be written."""
        return JobLog(self.path(job.job_id))

    def whole(self, job_id: str) -> bytes:
        """Return everything that is kept of a job's log."""
        path = self.path(job_id)
        return b"".join(_read(each) for each in (older(path), path))

    def tail(self, job_id: str, lines: int, most: int = TAIL_BYTES) -> list[str]:
        """Return the newest lines of a job's log, oldest first."""
        path = self.path(job_id)
        content = _end_of(path, most)
        if content.count(b"\n") < lines and len(content) < most:
            content = _end_of(older(path), most - len(content)) + content
        return content.decode("utf-8", "replace").splitlines()[-lines:] if lines > 0 else []

    def drop(self, job_id: str) -> None:
        """Remove a job's log."""
        path = self.path(job_id)
        for each in (path, older(path)):
            with contextlib.suppress(OSError):
                each.unlink()

    def expire(self, before: float, kept: set[str]) -> int:
        """Remove logs that nobody wrote since a moment, in Unix seconds, but those of some jobs; return how many."""
        names, removed = {disk_name(job_id) for job_id in kept}, 0
        for path in self._files():
            with contextlib.suppress(OSError):
                if path.name.split(".log")[0] not in names and path.stat().st_mtime < before:
                    path.unlink()
                    removed += 1
        return removed

    def job_names(self) -> list[str]:
        """Return the names on disk of the jobs that have logs."""
        return sorted({path.name.rsplit(".log", 1)[0] for path in self._files()})

    def _files(self) -> list[Path]:
        try:
            return [path for path in self._folder.iterdir() if ".log" in path.name]
        except OSError:
            return []


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _end_of(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - most))
            return stream.read()
    except OSError:
        return b""
