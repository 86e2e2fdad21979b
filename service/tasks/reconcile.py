"""Making the folders agree with the database when a service starts: the database is right."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from service.tasks import wav
from service.tasks.entries import entry_of
from service.tasks.errors import TaskMissingError
from service.tasks.files import TaskFiles
from service.tasks.records import Status, Task
from service.tasks.work import WorkStore

logger = logging.getLogger(__name__)

_PAGE = 500
_STALE_SECONDS = 3600.0
_SETTLED_SECONDS = 5.0


@dataclass
class Mended:
    """What was found and put right.

    Attributes:
        removed: Tasks whose interrupted removal was finished.
        taken_back: Tasks whose worker is dead.
        entries: Entry files that were missing.
        premature: Results that had appeared before the commit that never came.
        restitched: Results whose replacement was interrupted.
        lost: Finished tasks whose result is missing or short (the disk lost it): ids.
        temporary: Half-written hidden files removed.
    """

    removed: int = 0
    taken_back: int = 0
    entries: int = 0
    premature: int = 0
    restitched: int = 0
    lost: tuple[str, ...] = ()
    temporary: int = 0


def reconcile(store: WorkStore) -> Mended:
    """Finish what a killed service left half done; blocks for about a second per ten thousand tasks."""
    mended = Mended()
    for task in store.hidden():
        store.forget(task)
        mended.removed += 1
    mended.taken_back = len(store.recover())
    mended.temporary = _drop_temporary(store.files)
    for task in _all(store):
        if task.status is Status.DONE:
            _mend_done(store, task, mended)
        elif task.status is Status.ERROR:
            _mend_entry(store.files.error_json(task.task_id), task, store.files, mended)
            store.files.drop(store.files.waiting_json(task.task_id))
        else:
            _mend_waiting(store, task, mended)
    drop_never_accepted(store)
    if mended != Mended():
        logger.warning("after an interrupted run: %s", mended)
    return mended


def _all(store: WorkStore) -> Iterator[Task]:
    key = 0
    while found := store.after(key, _PAGE):
        yield from found
        key = found[-1].key


def _mend_entry(path: Path, task: Task, files: TaskFiles, mended: Mended) -> None:
    if not path.is_file():
        files.write_entry(path, entry_of(task))
        mended.entries += 1


def _mend_waiting(store: WorkStore, task: Task, mended: Mended) -> None:
    files = store.files
    _mend_entry(files.waiting_json(task.task_id), task, files, mended)
    early = (files.done_wav(task.task_id), files.done_json(task.task_id), files.error_json(task.task_id))
    if task.lease_owner is not None or not any(path.exists() for path in early):
        return
    with contextlib.suppress(TaskMissingError):
        if not store.find(task.task_id).ended:  # a neighbour may have ended it since
            mended.premature += 1
            files.drop(*early, files.output_wav(task.user_id, task.task_id), files.staged_wav(task.task_id, 0))


def _mend_done(store: WorkStore, task: Task, mended: Mended) -> None:
    files = store.files
    if files.staged_wav(task.task_id, task.generation).is_file():
        store.put_in_place(task)
        mended.restitched += 1
    if files.staged_wav(task.task_id, task.generation + 1).is_file():
        files.drop(files.staged_wav(task.task_id, task.generation + 1))
    if not wav.is_complete(files.done_wav(task.task_id)):
        mended.lost += (task.task_id,)
    elif not files.output_wav(task.user_id, task.task_id).is_file():
        files.publish_output(task.user_id, task.task_id)
    _mend_entry(files.done_json(task.task_id), task, files, mended)
    files.drop(files.waiting_json(task.task_id))
    files.drop_work(task.task_id)


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
