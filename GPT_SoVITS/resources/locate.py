"""Where a resource lies on this machine, and whether its files are whole."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from GPT_SoVITS.resources.manifest import Archive, File, Resource, load_manifest

CHUNK_BYTES = 1 << 20


class State(Enum):
    """What a check found; `PRESENT` is a file whose size and checksum nobody published."""

    OK = "ok"
    PRESENT = "present"
    ABSENT = "absent"
    SIZE = "size"
    CHECKSUM = "checksum"

    @property
    def good(self) -> bool:
        """True when the file can be used as far as anyone can tell."""
        return self in (State.OK, State.PRESENT)


@dataclass(frozen=True)
class FileCheck:
    """The state of one file; `found` and `expected` are bytes or hex digests where they differ."""

    file: File
    path: Path
    state: State
    found: str = ""
    expected: str = ""


@dataclass(frozen=True)
class ResourceCheck:
    """The state of a resource in the folder where most of it was found."""

    resource: Resource
    folder: Path
    files: tuple[FileCheck, ...]

    @property
    def good(self) -> bool:
        """True when every file is."""
        return all(check.state.good for check in self.files)

    @property
    def damaged(self) -> bool:
        """True when a file is there and is not the one it should be."""
        return any(check.state in (State.SIZE, State.CHECKSUM) for check in self.files)


def project_root() -> Path:
    """Return the folder that holds `GPT_SoVITS/`, in which the official layout is rooted."""
    return Path(__file__).resolve().parents[2]


def sha256_of(path: Path) -> str:
    """Return a file's SHA-256 in lower-case hex."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def compare(path: Path, expected: File | Archive, *, checksum: bool = True) -> tuple[State, str, str]:
    """Compare a file on disk with what the manifest states: its state, what was found, what was expected."""
    try:
        status = path.stat()
    except OSError:  # a folder that may not be read is as good as absent
        return State.ABSENT, "", ""
    if not stat.S_ISREG(status.st_mode):
        return State.ABSENT, "", ""
    size = status.st_size
    if size == 0 or (expected.size is not None and size != expected.size):
        return State.SIZE, str(size), "?" if expected.size is None else str(expected.size)
    if expected.sha256 is None:
        return (State.PRESENT if expected.size is None else State.OK), "", ""
    if checksum and (digest := sha256_of(path)) != expected.sha256:
        return State.CHECKSUM, digest, expected.sha256
    return State.OK, "", ""


def places(resource: Resource, root: Path) -> list[Path]:
    """Return the folders where a resource may lie: its own first, then the others whose variables are set."""
    found = [root / resource.folder]
    for text in resource.also_at:
        expanded = Path(os.path.expandvars(text)).expanduser()
        if "$" not in str(expanded):
            found.append(root / expanded)
    return found


def check(resource: Resource, root: Path, *, checksum: bool = True) -> ResourceCheck:
    """Check a resource in every place it may lie and return the best: a whole one, else the one with most files."""
    checks = [_check_in(resource, folder, checksum) for folder in places(resource, root)]
    return max(checks, key=lambda each: (each.good, sum(file.state is not State.ABSENT for file in each.files)))


def locate(resource_id: str, root: Path | None = None) -> Path | None:
    """Return the folder in which all files of a resource are, None when there is none. Reads no file's content.

    Raises UnknownResourceError for an id that the manifest does not have.
    """
    resource = load_manifest().get(resource_id)
    found = check(resource, project_root() if root is None else root, checksum=False)
    return found.folder if found.good else None


def _check_in(resource: Resource, folder: Path, checksum: bool) -> ResourceCheck:
    checks = []
    for file in resource.files:
        path = folder / file.name
        checks.append(FileCheck(file, path, *compare(path, file, checksum=checksum)))
    return ResourceCheck(resource, folder, tuple(checks))
