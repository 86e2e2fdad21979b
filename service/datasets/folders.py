"""The folders of datasets: what is in them, and bringing recordings there."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from GPT_SoVITS.audio.decode import read_with_info
from GPT_SoVITS.engine.errors import ReferenceAudioError
from service.errors import ConflictError, MissingError, ParameterError, TooLargeError, size_text
from service.files.whole import write_whole
from service.storage import storage
from service.training.names import checked_file_name

SOUNDS = frozenset({".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".aac", ".mp4", ".webm", ".wma", ".aiff"})
RAW = "raw"
"""Folder of a dataset in which its recordings are."""
MOST_FILES = 20_000
_COPY_BYTES = 1 << 20


@dataclass(frozen=True)
class Recording:
    """A file of sound.

    Attributes:
        path: Relative to the dataset.
        size: Bytes.
        modified_at: Unix seconds.
    """

    path: str
    size: int
    modified_at: float


@dataclass(frozen=True)
class Dataset:
    """What is in a dataset.

    Attributes:
        name: Its own.
        recordings: Everything that sounds.
        lists: Files ``*.list``, relative to it.
        size: Bytes of all its files.
        modified_at: Unix seconds of its newest file.
    """

    name: str
    recordings: tuple[Recording, ...]
    lists: tuple[str, ...]
    size: int
    modified_at: float


class Datasets:
    """Every method blocks: call it off the event loop.

    Args:
        folder: A folder for each dataset.
        limit: Bytes of one recording.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder, self._limit = folder, limit

    def names(self) -> list[str]:
        """Return the names of all datasets, the newest first."""
        try:
            found = [entry for entry in os.scandir(self.folder) if entry.is_dir() and not entry.name.startswith(".")]
        except FileNotFoundError:
            return []
        return [entry.name for entry in sorted(found, key=lambda entry: (-entry.stat().st_mtime, entry.name))]

    def place(self, name: str) -> Path:
        """Return the folder of a dataset.

        Raises:
            ParameterError: it is no name of one.
            MissingError: there is none.
        """
        path = self.folder / checked_file_name("name", name)
        if not path.is_dir() or path.is_symlink():
            raise MissingError("dataset_missing", name=name)
        return path

    def read(self, name: str) -> Dataset:
        """Return what is in a dataset, at most 20,000 files.

        Raises:
            ParameterError, MissingError: as :meth:`place`.
        """
        place = self.place(name)
        recordings, lists, size, newest = [], [], 0, place.stat().st_mtime
        for path in _files(place):
            found, within = path.stat(), path.relative_to(place).as_posix()
            size, newest = size + found.st_size, max(newest, found.st_mtime)
            if path.suffix.lower() in SOUNDS:
                recordings.append(Recording(within, found.st_size, found.st_mtime))
            elif path.suffix == ".list":
                lists.append(within)
        return Dataset(name, tuple(recordings), tuple(lists), size, newest)

    def file(self, name: str, path: str, suffixes: Iterable[str]) -> Path:
        """Return a file of a dataset.

        Args:
            name: The dataset.
            path: Relative to it.
            suffixes: Those that it may have.

        Raises:
            ParameterError: the path leads elsewhere, or is of another kind.
            MissingError: there is no such dataset or file.
        """
        place = self.place(name)
        parts = PurePosixPath(path).parts
        if not parts or any(part.startswith(".") or "\0" in part for part in parts) or path.startswith("/"):
            raise ParameterError("path_malformed", field="path")
        found = place / path
        if found.suffix.lower() not in suffixes:
            raise ParameterError("path_malformed", field="path")
        if not found.is_file():  # nor is a link to itself, which cannot be resolved
            raise MissingError("file_missing", field="path", name=path)
        if not found.resolve().is_relative_to(place.resolve()):
            raise ParameterError("path_malformed", field="path")
        return found

    # --- changing ---

    def add(self, name: str, file_name: str, content: BinaryIO) -> str:
        """Add a recording, under a name that is free; make the dataset where there is none.

        Returns:
            Its path relative to the dataset.

        Raises:
            ParameterError: a name is none, or it cannot be read as sound; then nothing is kept.
            TooLargeError: it is over the limit.
            StorageFullError: the disk is full.
        """
        folder = self.folder / checked_file_name("name", name) / RAW
        safe = safe_name(file_name)
        with storage():
            folder.mkdir(parents=True, exist_ok=True)
            staged = folder / f".{safe}.{os.getpid()}.{id(content)}.tmp"
            try:
                write_whole(staged, self._bounded(content, file_name), durable=True)
                _check_sound(staged, file_name)
                target = _free(folder, safe, staged)
            finally:
                staged.unlink(missing_ok=True)
        return f"{RAW}/{target.name}"

    def _bounded(self, content: BinaryIO, file_name: str) -> Iterator[bytes]:
        size = 0
        while part := content.read(_COPY_BYTES):
            size += len(part)
            if size > self._limit:
                raise TooLargeError("upload_too_large", field=file_name, limit=size_text(self._limit))
            yield part

    def remove(self, name: str) -> None:
        """Remove a dataset with everything in it.

        Raises:
            ParameterError, MissingError: as :meth:`place`.
        """
        place = self.place(name)
        hidden = place.with_name(f".{place.name}.{os.getpid()}.removed")
        place.rename(hidden)
        shutil.rmtree(hidden, ignore_errors=True)

    def remove_recording(self, name: str, path: str) -> None:
        """Remove a recording.

        Raises:
            ParameterError, MissingError: as :meth:`file`.
        """
        self.file(name, path, SOUNDS).unlink()


def safe_name(name: str) -> str:
    """Return the name under which an uploaded file is kept: its last part, without what could lead elsewhere.

    Raises:
        ParameterError: it is not called as sound is.
    """
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(c if c.isprintable() and c not in '/\\:*?"<>|' else "_" for c in last).strip(" .-")
    stem, dot, suffix = kept.rpartition(".")
    if not dot or f".{suffix.lower()}" not in SOUNDS:
        raise ParameterError("recording_suffix", name=last, known=" ".join(sorted(SOUNDS)))
    short = stem.encode("utf-8", "replace")[:80].decode("utf-8", "ignore").strip(" .") or "recording"
    return f"{short}.{suffix.lower()}"


def _free(folder: Path, name: str, staged: Path) -> Path:
    """Let a staged file appear under a name that nobody has, as ``name``, ``name-2`` ...; return where."""
    stem, _, suffix = name.rpartition(".")
    for number in range(1, 10_000):
        target = folder / (name if number == 1 else f"{stem}-{number}.{suffix}")
        with contextlib.suppress(FileExistsError):
            os.link(staged, target)
            return target
    raise ConflictError("recording_names_taken", name=name)


def _check_sound(path: Path, name: str) -> None:
    """Refuse what is no sound. Of a long recording only what its header says is looked at."""

    class _LongEnoughError(Exception):
        pass

    def admit(seconds: float) -> None:
        if seconds > 0:
            raise _LongEnoughError

    with contextlib.suppress(_LongEnoughError):
        try:
            read_with_info(path, max_seconds=36_000.0, admit=admit)
        except ReferenceAudioError as error:
            raise ParameterError("recording_unreadable", name=name, detail=str(error)) from None


def _files(place: Path) -> Iterator[Path]:
    count = 0
    for folder, names, files in os.walk(place):
        names[:] = sorted(name for name in names if not name.startswith("."))
        for name in sorted(files):
            path = Path(folder, name)
            if name.startswith(".") or path.is_symlink():
                continue
            count += 1
            if count > MOST_FILES:
                return
            yield path
