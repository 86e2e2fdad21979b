"""Folders of voices on disk, in such steps that a process killed between any two leaves nothing behind for long.

Making: files are written in a hidden staging folder, which takes the voice's name within the transaction that adds the
row. Removing: the folder is marked before the transaction that removes the row, and moves to a hidden trash after it.
When the database is lost at the commit, everything stays, with a mark, until it is known what holds. At start, when no
other process is between two steps (a lock tells), what does not agree with the rows is put right.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import secrets
import shutil
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from convert.atomic import sync_folder
from convert.locks import locked, locked_within
from service.database import CommitUnknownError
from service.errors import ConflictError, StorageAwayError
from service.files.carrier import FileCarrier, Mark
from service.folders import write_synced

logger = logging.getLogger(__name__)

_LOCKS, _WAIT_SECONDS = 64, 10.0
_MARK = ".creating"
"""In a folder of which it is not certain that it has a row."""

PLAIN_REFERENCE = "refer.wav"
"""The name under which clients know the reference of every voice."""
_VERSIONED = re.compile(r"(refer|avatar|original|aux-\d+)\.[0-9a-f]{8}\.[a-z0-9]+")


@dataclass(frozen=True)
class Names:
    """Files that a voice's row names: those in use, the reference among them, and those that were replaced."""

    used: frozenset[str | None]
    reference: str | None
    stale: tuple[str, ...]


class VoiceFolders:
    """The folders of voices, changed in steps that a crash leaves whole.

    Args:
        audio: The folder of all voices.
        carrier: Brings files of other processes; None where all share the folder.
    """

    def __init__(self, audio: Path, carrier: FileCarrier | None = None) -> None:
        self.audio, self.carrier = audio, carrier or FileCarrier()
        self._staging, self._trash, self._lock = audio / ".staging", audio / ".trash", audio / ".lock"

    def of(self, model_id: str) -> Path:
        """Return the folder of a voice."""
        return self.audio / model_id

    @contextmanager
    def alone(self, model_id: str) -> Iterator[None]:
        """Let nobody else make, change, remove or pack the voice of this id meanwhile.

        Raises:
            ConflictError: somebody else does, for longer than a request waits.
        """
        number = zlib.crc32(model_id.encode()) % _LOCKS
        with locked_within(self.audio / f".locks/{number}", _WAIT_SECONDS) as held:
            if not held:
                raise ConflictError("voice_busy", model_id=model_id)
            yield

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """Yield an empty folder that goes away with the block, unless it was moved."""
        with locked(self._lock, shared=True):
            self._staging.mkdir(exist_ok=True)
            folder = self._staging / secrets.token_hex(8)
            folder.mkdir()
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def appearing(self, staged: Path, model_id: str) -> Iterator[None]:
        """Give a staged folder its name; the block commits the row. What the block raises takes the name back.

        Raises:
            ConflictError: a folder of that name is there.
            CommitUnknownError: from the block; the folder keeps its name, marked, until :meth:`settle`.
        """
        target = self.of(model_id)
        write_synced(staged / _MARK, b"")
        sync_folder(staged)
        try:
            staged.rename(target)  # fails where a folder with files is there
        except OSError as error:
            if not target.exists():  # the disk
                raise
            raise ConflictError("voice_folder_taken", model_id=model_id) from error
        try:
            sync_folder(self.audio)
            yield
        except CommitUnknownError:
            raise
        except BaseException:
            self._throw_away(target)
            raise
        with contextlib.suppress(OSError):  # a mark that stays is removed at the next start
            (target / _MARK).unlink()

    def drop_copies(self, model_id: str) -> None:
        """Remove what was brought here of a voice that is gone: another is about to have its name."""
        for path in _inside(self.of(model_id)):
            if self.carrier.is_spare(path):
                path.unlink(missing_ok=True)

    @contextmanager
    def published(self, model_id: str, names: Sequence[str], staged: Path) -> Iterator[dict[str, Mark]]:
        """Let others find new files of a voice; the block commits the row that names them.

        Args:
            model_id: Whose.
            names: Of the files.
            staged: Where they lie now.

        Yields:
            Their marks by name; none where files are not carried.

        Raises:
            StorageAwayError: they cannot be kept now.
            CommitUnknownError: from the block; what was published stays.
        """
        marks: dict[str, Mark] = {}
        folder = self.of(model_id)
        try:
            for name in names:
                if (mark := self.carrier.publish(folder / name, staged / name)) is not None:
                    marks[name] = mark
            yield marks
        except CommitUnknownError:
            raise
        except BaseException:
            for name, mark in marks.items():
                self.carrier.withdraw(folder / name, mark)
            raise

    def file(self, model_id: str, name: str, marks: Mapping[str, Mark]) -> Path:
        """Return a file of a voice, brought here where it must be.

        Raises:
            FileLostError, StorageAwayError: it cannot be.
        """
        return self.carrier.fetch(self.of(model_id) / name, marks.get(name))

    def beside(self, model_id: str, name: str, marks: Mapping[str, Mark]) -> Path:
        """As :meth:`file`, for one that a voice need not have: a copy that is left of one that it had goes.

        Raises:
            FileLostError, StorageAwayError: it cannot be brought.
        """
        path = self.of(model_id) / name
        if name not in marks and self.carrier.is_spare(path):
            path.unlink(missing_ok=True)
        return self.file(model_id, name, marks)

    def forget(self, model_id: str, names: Iterable[str] | None = None) -> None:
        """Remove what is kept for others of a voice that is gone, or of some of its files; a sweep finds what stays."""
        for name in names or ():
            self.carrier.forget_others(self.of(model_id) / name, None)
        if names is not None:
            return
        try:
            self.carrier.forget_below(self.of(model_id))
        except StorageAwayError as error:
            logger.warning("files of the voice %s stay in the store for now: %s", model_id, error)

    @contextmanager
    def vanishing(self, model_id: str) -> Iterator[None]:
        """Mark a folder; the block commits the removal of the row, afterwards the folder is gone.

        Nothing is moved before that: moving it back could fail where the disk does.

        Raises:
            CommitUnknownError: from the block; the folder stays, marked, until :meth:`settle`.
        """
        with locked(self._lock, shared=True):
            folder = self.of(model_id)
            there = folder.is_dir()
            if there and not (folder / _MARK).exists():
                write_synced(folder / _MARK, b"")
                sync_folder(folder)
            try:
                yield
            except CommitUnknownError:
                raise
            except BaseException:
                with contextlib.suppress(OSError):
                    (folder / _MARK).unlink()
                raise
            if there:
                self._throw_away(folder)

    def _throw_away(self, folder: Path) -> None:
        """Remove a marked folder: out of sight first, where that can be done."""
        away = self._trash / f"{folder.name}.{secrets.token_hex(6)}"
        try:
            self._trash.mkdir(exist_ok=True)
            folder.rename(away)
        except OSError:
            away = folder
        shutil.rmtree(away, ignore_errors=True)

    def sweep(self, exists: Callable[[str], bool]) -> int:
        """Put right what a killed process left; return how many things.

        Args:
            exists: Whether there is a row of a voice.
        """
        mended = 0
        with locked(self._lock):
            for folder in _inside(self._trash):
                model_id = folder.name.rsplit(".", 1)[0]
                if exists(model_id) and not self.of(model_id).exists():
                    folder.rename(self.of(model_id))
                else:
                    shutil.rmtree(folder, ignore_errors=True)
                mended += 1
            for folder in _inside(self._staging):
                shutil.rmtree(folder, ignore_errors=True)
                mended += 1
            for mark in self.audio.glob(f"*/{_MARK}"):
                self._unmark(mark.parent.name, exists)
                mended += 1
        if mended:
            logger.warning("put right %d steps of voices that a stopped process left half done", mended)
        return mended

    def _unmark(self, model_id: str, exists: Callable[[str], bool]) -> None:
        if exists(model_id):
            (self.of(model_id) / _MARK).unlink()
        else:
            shutil.rmtree(self.of(model_id))

    def settle(self, model_id: str, exists: Callable[[str], bool]) -> None:
        """Decide about a marked folder, when it is certain whether there is a row."""
        with locked(self._lock):
            if (self.of(model_id) / _MARK).exists():
                self._unmark(model_id, exists)

    def tidy(self, model_id: str, names: Callable[[], Names]) -> None:
        """Remove files of a voice that a change left: replaced ones, and new ones that no row names.

        Args:
            model_id: Whose.
            names: Reads what the row names; nobody changes it meanwhile.
        """
        folder = self.of(model_id)
        if not folder.is_dir():
            return
        with locked(self._lock):
            known = names()
            for path in folder.iterdir():
                ours = _VERSIONED.fullmatch(path.name) or path.name in known.stale or path.name.endswith(".part")
                if ours and path.name not in known.used and path.name != PLAIN_REFERENCE:
                    path.unlink(missing_ok=True)
            if known.reference is not None:
                self.alias(model_id, known.reference, PLAIN_REFERENCE)

    def drop(self, model_id: str, names: list[str]) -> None:
        """Remove files of a voice that no row names any more."""
        for name in names:
            with contextlib.suppress(OSError):
                (self.of(model_id) / name).unlink()

    def alias(self, model_id: str, name: str, alias: str) -> None:
        """Let a file be found under its old plain name too: clients wrote that into their requests.

        Where that cannot be done the name leads nowhere until the next start, rather than to an older file.
        """
        folder = self.of(model_id)
        if name == alias or not (folder / name).is_file():
            return
        part = folder / f".{secrets.token_hex(6)}.part"
        try:
            os.link(folder / name, part)
            part.replace(folder / alias)
            self.carrier.spare(folder / alias)
        except OSError as error:
            logger.warning("%s of the voice %s cannot be renewed: %s", alias, model_id, error)
            with contextlib.suppress(OSError):
                (folder / alias).unlink(missing_ok=True)
        part.unlink(missing_ok=True)  # renaming does nothing where both are names of one file already


def _inside(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []
