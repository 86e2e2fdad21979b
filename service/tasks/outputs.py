"""What was spoken while a client waited (``/synthesize``, ``/srt``): kept under ``output/``, but not for ever."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path

from service.tasks.work import WorkStore

logger = logging.getLogger(__name__)


def drop_old_outputs(store: WorkStore, before: float) -> int:
    """Remove results that belong to no task and are older than a moment; return how many. Blocks.

    A result is ``output/<user>/<name>/<name>.*``; whatever else lies under ``output/`` was not written here and stays.
    Results of tasks go with their tasks.

    Args:
        store: Knows the tasks and the folders.
        before: Unix seconds.
    """
    old = list(_untouched_since(store.files.output, before))
    owned = store.existing({folder.name for folder in old})
    return sum(_drop(folder) for folder in old if folder.name not in owned)


def _untouched_since(output: Path, before: float) -> Iterator[Path]:
    """Folders of results; writing, replacing or removing a file touches its folder."""
    for user in _folders(output):
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
