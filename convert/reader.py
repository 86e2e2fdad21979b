"""Opens a weight file or folder of any supported format. Executes nothing, copies nothing, needs numpy alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from convert import folder, mindspore_ckpt, safetensors, torch_legacy, torch_zip
from convert.errors import CheckpointError, CorruptCheckpointError
from convert.storage import MappedFile, located
from convert.tree import Checkpoint

HEAD_BYTES = 8192
VERIFY_AT_ONCE_BYTES = 64 << 20

_Format = tuple[str, Callable[[MappedFile], bool], Callable[[MappedFile], Any]]
_FORMATS: tuple[_Format, ...] = (
    ("torch-zip", torch_zip.matches, torch_zip.read),
    ("safetensors", safetensors.matches, safetensors.read),
    ("torch-legacy", torch_legacy.matches, torch_legacy.read),
    ("mindspore", mindspore_ckpt.matches, mindspore_ckpt.read),
)

# Beginnings of what people save under a weight file's name by mistake, and what to tell them.
_MISTAKES = (
    (
        b"version https://git-lfs",
        "a git-lfs pointer and not the weights; run 'git lfs pull', or download the file itself",
    ),
    (b"<", "a web page and not weights; the download needs another address or a login"),
    (b"{", "a JSON text and not weights"),
    (b"PK\x05\x06", "an empty zip file"),
)


def _unknown(file: MappedFile) -> CorruptCheckpointError:
    head = bytes(file.view[:64]).lstrip()
    for start, meaning in _MISTAKES:
        if head.lower().startswith(start.lower()):
            return CorruptCheckpointError(f"{file.path}: {meaning}")
    return CorruptCheckpointError(
        f"{file.path}: begins with {head[:16]!r}, which no PyTorch (zip or legacy), safetensors or "
        "MindSpore weight file does"
    )


def _read(file: MappedFile) -> tuple[str, Any]:
    for name, matches, read in _FORMATS:
        if matches(file):
            return name, read(file)
    raise _unknown(file)


def load_file(path: Path) -> Checkpoint:
    """Read one file's structure; nothing but that is read from disk."""
    file = MappedFile(path)
    try:
        name, tree = _read(file)
    except CheckpointError as error:
        raise located(error, path) from error.__cause__
    return Checkpoint(path, name, bytes(file.view[:HEAD_BYTES]), file.size, tree)


def load(path: str | Path, *, verify: bool | None = None) -> Checkpoint:
    """Open a weight file or a Hugging Face folder.

    Formats: ``torch.save`` zip (also with the first two bytes replaced by 01 to 06) and legacy, safetensors, MindSpore
    ``.ckpt``, folders with ``model.safetensors`` or ``pytorch_model.bin`` (single or sharded with an index).

    The file is mapped; a tensor is read when its values are asked for. Where the format has checksums (zip, and the
    ``.ckpt`` files written here) they are verified before any value is handed out: for files up to 64 MiB all at once
    while opening, for larger ones storage by storage on first access, because verifying is reading the whole file.

    Args:
        path: File or folder.
        verify: True verifies everything now whatever the size, False leaves all of it to first access.

    Raises:
        CorruptCheckpointError: damaged, cut short, or not a weight file.
        UnsafeCheckpointError: it names or calls anything but the few harmless things weight files have, or claims sizes
            that its length does not justify. Nothing was executed.
        UnsupportedCheckpointError: sound, but of a kind that is not read.
        OSError: it cannot be opened.
    """
    path = Path(path)
    checkpoint = folder.load(path, load_file) if path.is_dir() else load_file(path)
    if verify or (verify is None and checkpoint.size <= VERIFY_AT_ONCE_BYTES):
        checkpoint.verify()
    return checkpoint
