"""Folders of voices on disk, in such steps that a process killed between any two leaves nothing behind for long.

Making: files are written in a hidden staging folder, which takes the voice's name within the transaction that adds the
row. Removing: the folder moves to a hidden trash within the transaction that removes the row. When the database is lost
at the commit, everything stays, with a mark, until it is known what holds. At start, when no other process is between
two steps (a lock tells), what does not agree with the rows is put right.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from service.database import CommitUnknownError
from service.errors import ConflictError
from service.folders import locked, sync_folder, write_synced

logger = logging.getLogger(__name__)

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
    """See the module.

    Args:
        audio: The folder of all voices.
    """

    def __init__(self, audio: Path) -> None:
        self.audio = audio
        self._staging, self._trash, self._lock = audio / ".staging", audio / ".trash", audio / ".lock"

    def of(self, model_id: str) -> Path:
        """Return the folder of a voice."""
        return self.audio / model_id

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
            raise ConflictError(f"the folder audio/{model_id} exists and belongs to no voice: move it away") from error
        try:
            sync_folder(self.audio)
            yield
        except CommitUnknownError:
            raise
        except BaseException:
            target.rename(staged)
            raise
        with contextlib.suppress(FileNotFoundError):
            (target / _MARK).unlink()

    @contextmanager
    def vanishing(self, model_id: str) -> Iterator[None]:
        """Move a folder to the trash; the block commits the removal of the row, afterwards the folder is gone.

        Raises:
            CommitUnknownError: from the block; the folder is back, marked, until :meth:`settle`.
        """
        with locked(self._lock, shared=True):
            self._trash.mkdir(exist_ok=True)
            source, target = self.of(model_id), self._trash / f"{model_id}.{secrets.token_hex(6)}"
            there = source.is_dir()
            if there:
                source.rename(target)
            try:
                yield
            except BaseException as error:
                if there:
                    if isinstance(error, CommitUnknownError):
                        (target / _MARK).touch()
                    target.rename(source)
                raise
            shutil.rmtree(target, ignore_errors=True)

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
        """Let a file be found under its old plain name too: clients wrote that into their requests."""
        folder = self.of(model_id)
        if name == alias or not (folder / name).is_file():
            return
        part = folder / f".{secrets.token_hex(6)}.part"
        with contextlib.suppress(OSError):
            os.link(folder / name, part)
            part.replace(folder / alias)
        part.unlink(missing_ok=True)  # renaming does nothing where both are names of one file already


def _inside(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []
