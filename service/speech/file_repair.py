"""The files of a task in each of its states: making them, dropping them, and putting them right after a crash."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

from service.files import wav
from service.files.whole import drop, drop_half_written
from service.identifiers import named_by
from service.jobs.kinds import RepairReport
from service.jobs.records import Job, Status
from service.speech.entries import entry_of
from service.speech.files import Kept, TaskFiles
from service.speech.records import speech

PREMATURE = "premature results"
RESTITCHED = "interrupted stitchings"
ENTRIES = "missing entries"


class SpeechFiles:
    """What the queue asks of a kind's files, for tasks.

    Args:
        folders: Where the files lie.
    """

    def __init__(self, folders: TaskFiles) -> None:
        self.folders = folders

    def show(self, job: Job) -> None:
        """Let the entry appear in the folder of the state; a finished task's staged result and its second name too."""
        folders = self.folders
        if job.status is Status.DONE:
            folders.staged_wav(job.job_id, 0).replace(folders.done_wav(job.job_id))
            folders.publish_output(job.user_id, job.job_id)
        folders.write_entry(self._entry(job), entry_of(job))

    def hide(self, job: Job) -> None:
        """Take back what :meth:`show` made."""
        drop(self._entry(job))
        if job.status is Status.DONE:
            drop(self.folders.done_wav(job.job_id), self.folders.outputs.wav(job.user_id, job.job_id))

    def settle(self, job: Job) -> None:
        """Drop the entry of the state before, and what was kept for it."""
        if job.status in (Status.WAIT, Status.RUN):
            drop(self.folders.error_json(job.job_id))
            return
        self.folders.drop_waiting(job.job_id)
        if job.status is Status.DONE:
            self.folders.drop_work(job.job_id)

    def show_partial(self, task_id: str, segments: Sequence[Kept], rate: int) -> None:
        """Let what has been spoken of a task so far, without gaps, be there for players."""
        spoken = list(itertools.takewhile(lambda segment: segment.file is not None, segments))
        if spoken:
            frames = sum(segment.frames or 0 for segment in spoken)
            self.folders.stitch(self.folders.partial_wav(task_id), task_id, spoken, frames, rate, durable=False)

    # --- for readers ---

    def task_of(self, name: str) -> str | None:
        """Return the name of the task to which a name on disk belongs; one that was cut is told by its entry."""
        if (task_id := named_by(name)) is not None:
            return task_id
        files = self.folders
        entries = (folder / f"{name}.json" for folder in (files.done, files.error, files.task))
        return next((found for path in entries if (found := files.entry_name(path)) is not None), None)

    def bring(self, job: Job, folder: str, suffix: str) -> Path | None:
        """Return the file of a task that somebody asks for; None where it is the one of the name that was asked for.

        Args:
            job: The task, in a state in which it may have the file.
            folder: ``task``, ``done``, ``error`` or ``output``.
            suffix: ``json`` or ``wav``, or another.

        Raises:
            FileLostError, StorageAwayError: it cannot be brought here.
            JobMissingError: the task is not there any more.
        """
        return None

    def is_copy(self, path: Path) -> bool:
        """Whether a file here is of a task, though its name does not lead to one any more."""
        return False

    def _entry(self, job: Job) -> Path:
        if job.status is Status.DONE:
            return self.folders.done_json(job.job_id)
        if job.status is Status.ERROR:
            return self.folders.error_json(job.job_id)
        return self.folders.waiting_json(job.job_id)

    def drop(self, job: Job) -> None:
        """Remove everything of a task."""
        self.folders.drop_task(job)

    def forget_steps(self, job: Job) -> None:
        """Drop a task's segments, its pinned reference, and results that were never announced."""
        self.folders.drop_work(job.job_id)
        self.folders.drop_staged(job.job_id)

    def leave(self, job: Job, user_id: str) -> None:
        """Drop the result under another user's name."""
        if user_id != job.user_id:
            self.folders.outputs.drop(job.user_id, job.job_id)

    def tidy(self, existing: Callable[[Sequence[str]], set[str]], *, starting: bool) -> int:
        """At a start remove half-written files of the dead, else what appeared before a commit that never came."""
        folders = self.folders
        if starting:
            return drop_half_written(folders.task, folders.done, folders.error)
        found = folders.never_accepted()
        unknown = found.keys() - existing(list(found))
        for name in unknown:
            folders.drop_never_accepted(found[name])
        return len(unknown)

    def expire(self, existing: Callable[[Sequence[str]], set[str]], before: float) -> int:
        """Remove results that belong to no task and are older than a moment."""
        return self.folders.outputs.drop_old(lambda names: self.folders.owned(existing, names), before)

    # --- after a crash ---

    def agree(self, job: Job) -> bool:
        """Whether the files of a task are those that its row asks for, and no others."""
        files, name = self.folders, job.job_id
        waiting, error, done = files.waiting_json(name), files.error_json(name), files.done_json(name)
        result, output = files.done_wav(name), files.outputs.wav(job.user_id, name)
        if job.status is Status.DONE:
            staged = (files.staged_wav(name, speech(job).generation + n) for n in (0, 1))
            others = [waiting, files.partial_wav(name), error, files.work(name), *staged]
            return wav.is_complete(result) and _there([done, output], others)
        needed, others = [waiting], [error]
        if job.status is Status.ERROR:
            needed, others = others, [*needed, files.partial_wav(name)]
        # While a worker has it, it may be stitching.
        first = [] if job.lease_owner else [files.staged_wav(name, 0)]
        return _there(needed, [*others, done, result, output, *first])

    def repair(self, job: Job, report: RepairReport) -> None:
        """Put right the files of a task."""
        files = self.folders
        if job.status is Status.DONE:
            self._repair_done(job, report)
            return
        entry, other = files.waiting_json(job.job_id), files.error_json(job.job_id)
        if job.status is Status.ERROR:
            entry, other = other, entry
            drop(files.partial_wav(job.job_id))
        self._repair_entry(entry, job, report)
        result = files.done_wav(job.job_id)
        report.note(PREMATURE, int(result.exists()))
        drop(other, result, files.done_json(job.job_id), files.outputs.wav(job.user_id, job.job_id))
        if job.lease_owner is None:
            drop(files.staged_wav(job.job_id, 0))

    def _repair_done(self, job: Job, report: RepairReport) -> None:
        files, generation = self.folders, speech(job).generation
        if files.staged_wav(job.job_id, generation).is_file():
            self.put_in_place(job)
            report.note(RESTITCHED)
        drop(files.staged_wav(job.job_id, generation + 1))
        if not wav.is_complete(files.done_wav(job.job_id)):
            report.lost.append(job.job_id)
        elif not files.outputs.wav(job.user_id, job.job_id).is_file():
            files.publish_output(job.user_id, job.job_id)
        self._repair_entry(files.done_json(job.job_id), job, report)
        files.drop_waiting(job.job_id)
        drop(files.error_json(job.job_id))
        files.drop_work(job.job_id)

    def _repair_entry(self, path: Path, job: Job, report: RepairReport) -> None:
        report.note(ENTRIES, int(not path.is_file()))
        self.folders.write_entry(path, entry_of(job))

    def put_in_place(self, job: Job) -> None:
        """Let a stitched result that the database knows take the old one's place, if it has not already."""
        staged = self.folders.staged_wav(job.job_id, speech(job).generation)
        if staged.is_file():
            staged.replace(self.folders.done_wav(job.job_id))
        self.folders.publish_output(job.user_id, job.job_id)
        self.folders.write_entry(self.folders.done_json(job.job_id), entry_of(job))


def _there(needed: list[Path], others: list[Path]) -> bool:
    return all(path.is_file() for path in needed) and not any(path.exists() for path in others)
