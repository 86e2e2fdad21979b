"""Letting the files of a task agree with its row: the database is right."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from service.tasks import wav
from service.tasks.entries import entry_of
from service.tasks.files import TaskFiles
from service.tasks.records import Status, Task


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


def agrees(files: TaskFiles, task: Task) -> bool:
    """Whether the files of a task are those that its row asks for, and no others."""
    name = task.task_id
    waiting, error, done = files.waiting_json(name), files.error_json(name), files.done_json(name)
    result, output, first = files.done_wav(name), files.output_wav(task.user_id, name), files.staged_wav(name, 0)
    if task.status is Status.DONE:
        needed = [done, output]
        staged = (files.staged_wav(name, task.generation + n) for n in (0, 1))
        others = [waiting, files.partial_wav(name), error, files.work(name), *staged]
        return wav.is_complete(result) and _there(needed, others)
    needed, others = [waiting], [error]
    if task.status is Status.ERROR:
        needed, others = others, [*needed, files.partial_wav(name)]
    # While a worker has it, it may be stitching.
    return _there(needed, [*others, done, result, output, *([] if task.lease_owner else [first])])


def _there(needed: list[Path], others: list[Path]) -> bool:
    return all(path.is_file() for path in needed) and not any(path.exists() for path in others)


def mend(files: TaskFiles, task: Task, mended: Mended) -> None:
    """Put right the files of a task.

    Args:
        files: The folders.
        task: As its row says, which nobody changes meanwhile.
        mended: Takes note of what was done.
    """
    if task.status is Status.DONE:
        _mend_done(files, task, mended)
        return
    entry, other = files.waiting_json(task.task_id), files.error_json(task.task_id)
    if task.status is Status.ERROR:
        entry, other = other, entry
        files.drop(files.partial_wav(task.task_id))
    _mend_entry(files, entry, task, mended)
    result = files.done_wav(task.task_id)
    mended.premature += result.exists()
    files.drop(other, result, files.done_json(task.task_id), files.output_wav(task.user_id, task.task_id))
    if task.lease_owner is None:
        files.drop(files.staged_wav(task.task_id, 0))


def _mend_done(files: TaskFiles, task: Task, mended: Mended) -> None:
    if files.staged_wav(task.task_id, task.generation).is_file():
        put_in_place(files, task)
        mended.restitched += 1
    files.drop(files.staged_wav(task.task_id, task.generation + 1))
    if not wav.is_complete(files.done_wav(task.task_id)):
        mended.lost += (task.task_id,)
    elif not files.output_wav(task.user_id, task.task_id).is_file():
        files.publish_output(task.user_id, task.task_id)
    _mend_entry(files, files.done_json(task.task_id), task, mended)
    files.drop_waiting(task.task_id)
    files.drop(files.error_json(task.task_id))
    files.drop_work(task.task_id)


def _mend_entry(files: TaskFiles, path: Path, task: Task, mended: Mended) -> None:
    mended.entries += not path.is_file()
    files.write_entry(path, entry_of(task))


def put_in_place(files: TaskFiles, task: Task) -> None:
    """Let a stitched result that the database knows take the old one's place; nothing to do if it has already."""
    staged = files.staged_wav(task.task_id, task.generation)
    if staged.is_file():
        staged.replace(files.done_wav(task.task_id))
    files.publish_output(task.user_id, task.task_id)
    files.write_entry(files.done_json(task.task_id), entry_of(task))
