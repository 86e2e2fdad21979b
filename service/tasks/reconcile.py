"""Making the folders agree with the database when a service starts: the database is right."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

from service.tasks.files import TaskFiles
from service.tasks.mending import Mended, agrees
from service.tasks.records import Task
from service.tasks.work import WorkStore

logger = logging.getLogger(__name__)

_PAGE = 500
_STALE_SECONDS = 3600.0
_SETTLED_SECONDS = 5.0
_STUCK_SECONDS = 60.0


def reconcile(store: WorkStore) -> Mended:
    """Finish what a killed service left half done; blocks for about a second per ten thousand tasks."""
    mended = Mended()
    mended.removed = finish_removals(store, older_than=0.0)
    mended.taken_back = len(store.recover())
    mended.temporary = _drop_temporary(store.files)
    for task in _all(store):
        if not agrees(store.files, task):
            store.mend(task.task_id, mended)
    drop_never_accepted(store)
    if mended != Mended():
        logger.warning("after an interrupted run: %s", mended)
    return mended


def finish_removals(store: WorkStore, older_than: float = _STUCK_SECONDS) -> int:
    """Remove what is left of tasks whose removal was begun so many seconds ago and interrupted; return how many."""
    stuck = [task for task in store.hidden() if task.updated_at <= store.clock() - older_than]
    for task in stuck:
        store.forget(task)
    return len(stuck)


def _all(store: WorkStore) -> Iterator[Task]:
    key = 0
    while found := store.after(key, _PAGE):
        yield from found
        key = found[-1].key


def _drop_temporary(files: TaskFiles) -> int:
    """Remove half-written files; a living neighbour's are left alone for an hour."""
    found = 0
    for folder in (files.task, files.done, files.error):
        for entry in os.scandir(folder):
            if entry.name.startswith(".") and entry.name.endswith(".tmp"):
                with contextlib.suppress(OSError):
                    mine = f".{os.getpid()}-" not in entry.name and not _writer_lives(entry.name)
                    if mine or entry.stat().st_mtime < time.time() - _STALE_SECONDS:
                        files.drop(Path(entry.path))
                        found += 1
    return found


def _writer_lives(name: str) -> bool:
    pid = name.removesuffix(".tmp").rpartition(".")[2].partition("-")[0]
    return pid.isdigit() and Path(f"/proc/{pid}").exists()


def drop_never_accepted(store: WorkStore) -> int:
    """Remove entries that appeared just before a commit that never came; return how many.

    Files that were not written here stay; so do young ones, whose commit may be on its way.
    """
    entries = {path.stem: path for path in store.files.task.glob("*.json")}
    folders = {path.name[1:] for path in store.files.task.glob(".*") if path.is_dir()}
    unknown = {*entries, *folders} - store.existing({*entries, *folders})
    for name in unknown:
        if name in entries and _ours_and_settled(entries[name]):
            store.files.drop(entries[name])
        if name in folders:
            store.files.drop_work(name)
    return len(unknown)


def _ours_and_settled(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            ours = b'"format": "voice-task/' in file.read(200)
        return ours and path.stat().st_mtime < time.time() - _SETTLED_SECONDS
    except OSError:
        return False
