"""The folders that the service keeps its data in, and files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from convert.atomic import put_in_place


@dataclass(frozen=True)
class Folders:
    """The folders below the root; the first five are served under their names."""

    root: Path

    @property
    def audio(self) -> Path:
        """Files of voices, a folder for each."""
        return self.root / "audio"

    @property
    def task(self) -> Path:
        """Tasks that wait or run."""
        return self.root / "task"

    @property
    def done(self) -> Path:
        """Tasks that ended well."""
        return self.root / "done"

    @property
    def error(self) -> Path:
        """Tasks that ended in an error."""
        return self.root / "error"

    @property
    def output(self) -> Path:
        """Everything that was spoken, by user."""
        return self.root / "output"

    @property
    def logs(self) -> Path:
        """Logs of requests and tasks."""
        return self.root / "Logs"

    @property
    def served(self) -> dict[str, Path]:
        """Name in the address -> folder."""
        return {path.name: path for path in (self.audio, self.task, self.done, self.error, self.output)}

    def create(self) -> None:
        """Make what is missing."""
        for folder in (*self.served.values(), self.logs):
            folder.mkdir(parents=True, exist_ok=True)


def write_synced(path: Path, content: bytes) -> None:
    """Write a new file and put its content on the disk."""
    with path.open("xb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file: readers see the old content or the new one, also after a power cut.

    Raises:
        OSError: the disk refuses; nothing has changed.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    try:
        write_synced(part, content)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
    put_in_place(part, path)
