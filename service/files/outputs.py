"""Results by user, ``output/<user>/<name>/<name>.*``: of tasks, and of whoever waited (``/synthesize``, ``/srt``)."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from service.files import wav
from service.files.whole import second_name, write_whole
from service.identifiers import disk_name
from service.storage import storage

logger = logging.getLogger(__name__)


class Outputs:
    """All methods block.

    Args:
        folder: Where users' folders lie.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def wav(self, user_id: str, name: str) -> Path:
        """Where a user's result of a name is."""
        on_disk = disk_name(name)
        return self.folder / disk_name(user_id) / on_disk / f"{on_disk}.wav"

    def keep(self, user_id: str, name: str, parts: Sequence[bytes], sample_rate: int) -> None:
        """Let a result appear whole; ``parts`` are 16-bit samples.

        Raises:
            StorageFullError: the disk is full; nothing has appeared.
        """
        target = self.wav(user_id, name)
        frames = sum(len(part) for part in parts) // wav.SAMPLE_BYTES
        with storage():
            target.parent.mkdir(parents=True, exist_ok=True)
            write_whole(target, [wav.header(frames, sample_rate), *parts], durable=True)

    def publish(self, user_id: str, name: str, source: Path) -> None:
        """Let a file appear as a user's result too."""
        target = self.wav(user_id, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        second_name(source, target)

    def drop(self, user_id: str, name: str) -> None:
        """Remove a result, and the folders that it leaves empty."""
        folder = self.wav(user_id, name).parent
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            folder.parent.rmdir()

    def drop_old(self, owned: Callable[[Sequence[str]], Iterable[str]], before: float) -> int:
        """Remove results that nobody owns and that are older than a moment; return how many.

        Whatever else lies here was not written by the service and stays.

        Args:
            owned: Returns those of many names that belong to tasks, with which they go.
            before: Unix seconds.
        """
        old = list(self._untouched_since(before))
        kept = set(owned([folder.name for folder in old]))
        return sum(_drop(folder) for folder in old if folder.name not in kept)

    def _untouched_since(self, before: float) -> Iterator[Path]:
        """Folders of results; writing, replacing or removing a file touches its folder."""
        for user in _folders(self.folder):
            for entry in _folders(Path(user.path)):
                with contextlib.suppress(OSError):
                    if entry.stat(follow_symlinks=False).st_mtime < before:
                        yield Path(entry.path)


def _folders(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []


def _drop(folder: Path) -> bool:
    try:
        for path in list(folder.iterdir()):
            # The result, its subtitles, and what a killed process had half written of either.
            if path.name.lstrip(".").startswith(f"{folder.name}.") and not path.is_dir():
                path.unlink(missing_ok=True)
    except OSError as error:
        logger.warning("an old result cannot be removed: %s", error)
    for empty in (folder, folder.parent):
        with contextlib.suppress(OSError):
            empty.rmdir()
    return not folder.exists()
