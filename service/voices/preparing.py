"""From what a client sent to files that are fit to be stored, written into a folder of their own."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from service.errors import ParameterError, TooLargeError, size_text
from service.folders import write_synced
from service.voices import clips, images
from service.voices.records import MAX_AUXILIARY, Files, Upload

_PIECE = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Bytes of an uploaded file."""

    upload: int
    avatar: int


@dataclass
class Prepared:
    """Names of files in the folder, by the column that names them; a column that is absent does not change."""

    columns: dict[str, Any] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)

    def add(self, folder: Path, name: str, content: bytes) -> str:
        """Write a file."""
        write_synced(folder / name, content)
        self.names.append(name)
        return name


def prepare(files: Files, folder: Path, limits: Limits, *, versioned: bool) -> Prepared:
    """Check files and write them into a folder.

    Args:
        files: What was sent.
        folder: Empty; everything in it goes away when this fails.
        limits: Of sizes.
        versioned: Give names that no file of the voice had before, so that both can lie side by side.

    Raises:
        TooLargeError: a file is over its limit.
        ParameterError: a file is not what it should be.
        ReferenceAudioError: audio cannot be read, or has the wrong length.
    """
    mark = f".{secrets.token_hex(4)}" if versioned else ""
    found = Prepared()
    if files.avatar is not None:
        _measure(files.avatar, limits.avatar)
        content, suffix = images.avatar(files.avatar.content)
        found.columns["avatar"] = found.add(folder, f"avatar{mark}{suffix}", content)
    if files.reference is not None:
        upload = _received(files.reference, folder, limits.upload)
        heard = clips.reference(upload, clips.Cut(*files.reference.cut) if files.reference.cut else None)
        found.columns["reference"] = found.add(folder, f"refer{mark}.wav", heard.wav)
        found.columns["original"] = f"original{mark}{heard.suffix}"
        if heard.original is not None:
            upload.unlink()
            found.add(folder, found.columns["original"], heard.original)
        else:
            found.names.append(found.columns["original"])
            upload.rename(folder / found.columns["original"])
        found.columns["report"] = heard.report
    if files.auxiliary is not None:
        found.columns["auxiliary"] = _auxiliary(files.auxiliary, folder, limits, mark, found)
    return found


def judge(upload: Upload, folder: Path, limits: Limits) -> dict[str, Any]:
    """Return the verdict on a clip that may become a reference; nothing of it is kept.

    Args:
        upload: What was sent, with its cut.
        folder: Empty; removed by the caller.
        limits: Of sizes.

    Raises:
        TooLargeError, ParameterError, ReferenceAudioError: it cannot be one.
    """
    return clips.checked(_received(upload, folder, limits.upload), clips.Cut(*upload.cut) if upload.cut else None)


def _auxiliary(uploads: tuple[Upload, ...], folder: Path, limits: Limits, mark: str, found: Prepared) -> list[str]:
    if len(uploads) > MAX_AUXILIARY:
        raise ParameterError("clips_too_many", limit=MAX_AUXILIARY, found=len(uploads))
    names = []
    for number, upload in enumerate(uploads, 1):
        received = _received(upload, folder, limits.upload)
        names.append(found.add(folder, f"aux-{number}{mark}.wav", clips.auxiliary(received)))
        received.unlink()
    return names


def _measure(upload: Upload, limit: int) -> None:
    size = upload.content.seek(0, 2)
    upload.content.seek(0)
    _check_size(upload, size, limit)


def _check_size(upload: Upload, size: int, limit: int) -> None:
    if size == 0:
        raise ParameterError("upload_empty", field=upload.field)
    if size > limit:
        raise TooLargeError("upload_too_large", field=upload.field, limit=size_text(limit))


def _received(upload: Upload, folder: Path, limit: int) -> Path:
    """Copy an upload to disk."""
    path = folder / f"received-{secrets.token_hex(4)}"
    _measure(upload, limit)
    size = 0
    with path.open("xb") as stream:
        while piece := upload.content.read(_PIECE):
            size += len(piece)
            _check_size(upload, size, limit)
            stream.write(piece)
    return path
