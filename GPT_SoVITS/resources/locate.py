"""Where a resource lies on this machine, and whether its files are whole."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import zipfile
from dataclasses import dataclass
from enum import Enum
from pathlib import Path, PurePosixPath
from typing import IO

from GPT_SoVITS.resources.manifest import Archive, File, Resource, load_manifest

CHUNK_BYTES = 1 << 20
_LONGEST_HEADER = 16 << 20
_INSTEAD: dict[str, tuple[str, ...]] = {
    "pytorch_model.bin": (
        "model.safetensors", "pytorch_model.bin", "model.safetensors.index.json", "pytorch_model.bin.index.json",
    ),
    "tokenizer.json": ("tokenizer.json", "vocab.txt"),
    "preprocessor_config.json": (),
}  # fmt: skip
"""What the readers of a network's folder take for a published file, the first that is there; nothing: unread."""


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
    """Return the folder from which a resource would be loaded, None when there is none.

    Files need not be the published ones, of which :func:`check` tells: people save models again, in other forms. A file
    that is empty or cut short is none.

    Raises UnknownResourceError for an id that the manifest does not have.
    """
    resource = load_manifest().get(resource_id)
    folders = places(resource, project_root() if root is None else root)
    return next((folder for folder in folders if all(_is_there(folder / file.name) for file in resource.files)), None)


def loads_from(resource_id: str, path: Path) -> bool:
    """Whether a resource would be loaded from a folder that somebody named, or from the one that a weight file is in.

    Raises UnknownResourceError for an id that the manifest does not have.
    """
    folder = path.parent if path.name in _INSTEAD else path
    files = load_manifest().get(resource_id).files
    return all(_is_there(folder / PurePosixPath(file.name).name) for file in files)


def _is_there(published: Path) -> bool:
    """Whether a file, or what is read instead of it, is there and as long as it says of itself."""
    names = _INSTEAD.get(published.name, (published.name,))
    try:
        found = next((path for path in map(published.with_name, names) if path.is_file()), None)
        return not names or (found is not None and _is_whole(found))
    except OSError:  # a folder that may not be read is as good as absent
        return False


def _is_whole(path: Path) -> bool:
    with path.open("rb") as stream:
        head = stream.read(8)
        if path.suffix == ".safetensors":
            return _safetensors_bytes(head, stream) == path.stat().st_size > 0
    return bool(head) and (not head.startswith(b"PK") or zipfile.is_zipfile(path))


def _safetensors_bytes(head: bytes, stream: IO[bytes]) -> int:
    """Bytes that a safetensors file should have by its header, 0 where that cannot be read."""
    length = int.from_bytes(head, "little")
    if length > _LONGEST_HEADER:
        return 0
    try:
        tensors = json.loads(stream.read(length))
        ends = (tensor["data_offsets"][1] for name, tensor in tensors.items() if name != "__metadata__")
        return 8 + length + int(max(ends))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return 0


def _check_in(resource: Resource, folder: Path, checksum: bool) -> ResourceCheck:
    checks = []
    for file in resource.files:
        path = folder / file.name
        checks.append(FileCheck(file, path, *compare(path, file, checksum=checksum)))
    return ResourceCheck(resource, folder, tuple(checks))
