"""The files of tasks where each process has a folder of its own.

What has to last is in the store before the commit that names it: segments and what is kept of the voice while a task is
under way, then the result. Whatever else readers ask for is made from the rows when they ask.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import unquote

from sqlalchemy import select

from service.errors import StorageAwayError
from service.files.whole import drop
from service.identifiers import disk_name, named_by
from service.jobs.errors import JobMissingError
from service.jobs.kinds import RepairReport
from service.jobs.models import JobRow
from service.jobs.records import Job, Status
from service.jobs.transactions import Sessions
from service.speech.entries import entry_of
from service.speech.file_repair import SpeechFiles
from service.speech.files import Kept, TaskFiles
from service.speech.models import SegmentRow, SpeechRow
from service.speech.records import KIND, NOUN, speech

logger = logging.getLogger(__name__)

_SWEEP_SECONDS = 3600.0
_PAGE = 500
_CUT = "=~"


class CarriedSpeechFiles(SpeechFiles):
    """As :class:`SpeechFiles`; what it leaves on this disk are copies, which may go at any time.

    Args:
        folders: Where the files lie here; its carrier has them for all.
        reading: Opens a session for reading.
    """

    def __init__(self, folders: TaskFiles, reading: Sessions) -> None:
        super().__init__(folders)
        self._carrier, self._reading = folders.carrier, reading
        self._swept = time.monotonic()

    # --- as the state changes ---

    def show(self, job: Job) -> None:
        """Nothing is shown before somebody asks; a result that was made here need not be fetched."""
        if job.status is Status.DONE:
            self._put_in_place(job, 0)

    def hide(self, job: Job) -> None:
        """Nothing was shown; who published the result withdraws it."""

    def settle(self, job: Job) -> None:
        """Forget what was kept for a state that is over."""
        if not job.ended:
            return
        self.folders.drop_waiting(job.job_id)
        self._carrier.forget_others(self.folders.done_wav(job.job_id), self._result_mark(job))
        if job.status is Status.DONE:
            self._forget_kept(job)

    @staticmethod
    def _result_mark(job: Job) -> str | None:
        return speech(job).result_mark if job.status is Status.DONE else None

    def _forget_kept(self, job: Job) -> None:
        self.folders.drop_work(job.job_id)
        with _later():
            self._carrier.forget_below(self.folders.work(job.job_id))

    def show_partial(self, task_id: str, segments: Sequence[Kept], rate: int) -> None:
        """Nothing is shown before somebody asks."""

    def _put_in_place(self, job: Job, generation: int) -> None:
        staged = self.folders.staged_wav(job.job_id, generation)
        if staged.is_file():
            staged.replace(self.folders.done_wav(job.job_id))

    def put_in_place(self, job: Job) -> None:
        """Forget the result that was before."""
        self._put_in_place(job, speech(job).generation)
        self._carrier.forget_others(self.folders.done_wav(job.job_id), self._result_mark(job))

    # --- removing ---

    def drop(self, job: Job) -> None:
        """Remove everything of a task, here and in the store.

        Raises:
            StorageAwayError: something may be left; it is to be tried again.
        """
        super().drop(job)
        self._carrier.forget_below(self.folders.work(job.job_id))
        self._carrier.forget_below(self.folders.done_wav(job.job_id))

    def forget_steps(self, job: Job) -> None:
        """See :class:`SpeechFiles`.

        Raises:
            StorageAwayError: something may be left.
        """
        super().forget_steps(job)
        self._carrier.forget_below(self.folders.work(job.job_id))

    # --- after a crash ---

    def agree(self, job: Job) -> bool:
        """A file that is not here is no fault, and one that is here is only a copy."""
        return True

    def repair(self, job: Job, report: RepairReport) -> None:
        """Forget what no state of the task names, unless a worker is about to commit it."""
        if job.status is not Status.DONE and job.lease_owner is not None:
            return
        self.folders.drop_staged(job.job_id)
        self._carrier.forget_others(self.folders.done_wav(job.job_id), self._result_mark(job))
        if job.status is Status.DONE:
            self._forget_kept(job)

    def tidy(self, existing: Callable[[Sequence[str]], set[str]], *, starting: bool) -> int:
        """As :class:`SpeechFiles`, and at a start and once an hour sweep the store."""
        found = super().tidy(existing, starting=starting)
        if starting or time.monotonic() - self._swept > _SWEEP_SECONDS:
            self._swept = time.monotonic()
            with _later():
                found += self._carrier.sweep(self.folders.task, self._not_kept)
                found += self._carrier.sweep(self.folders.done, self._no_results)
        return found

    def _not_kept(self, names: Sequence[str]) -> set[str]:
        """Return those of what is kept for tasks under way whose task is none, any more."""
        tasks = {name: named_by(name.partition("/")[0][1:]) for name in names}
        known = self._known([task for task in tasks.values() if task is not None])
        # A name that was cut does not tell whose it is; that goes with its task.
        kept = {task for task, (status, _) in known.items() if status != Status.DONE.value} | {None}
        return {name for name, task in tasks.items() if task not in kept}

    def _no_results(self, names: Sequence[str]) -> set[str]:
        """Return those of the results that no task names."""
        tasks = {name: named_by(name.partition("/")[0].removesuffix(".wav")) for name in names}
        known = self._known([task for task in tasks.values() if task is not None])
        return {
            name
            for name, task in tasks.items()
            if task is not None and known.get(task, ("", None))[1] != name.rpartition("/")[2]
        }

    def _known(self, tasks: Sequence[str]) -> dict[str, tuple[str, str | None]]:
        """Return the states of tasks, and the marks of their results."""
        chosen = sorted(set(tasks))
        columns = select(JobRow.job_id, JobRow.status, SpeechRow.result_mark).join(
            SpeechRow, SpeechRow.key == JobRow.key
        )
        found: dict[str, tuple[str, str | None]] = {}
        with self._reading() as session:
            for first in range(0, len(chosen), _PAGE):
                rows = session.execute(columns.where(JobRow.job_id.in_(chosen[first : first + _PAGE])))
                found |= {task: (status, mark) for task, status, mark in rows.tuples()}
        return found

    # --- for readers ---

    def task_of(self, name: str) -> str | None:
        """As :class:`SpeechFiles`; here no entry may lie that tells whose a name is that was cut."""
        if (found := super().task_of(name)) is not None or _CUT not in name:
            return found
        begin = unquote(name.partition(_CUT)[0].rpartition("=")[0].replace("=", "%"), errors="ignore")
        begins = (JobRow.kind == KIND, JobRow.job_id.startswith(begin, autoescape=True))
        with self._reading() as session:
            named = session.scalars(select(JobRow.job_id).where(*begins))
            return next((task for task in named if disk_name(task) == name), None)

    def bring(self, job: Job, folder: str, suffix: str) -> Path | None:
        """See :class:`SpeechFiles`: the entry and what was spoken so far are made, the result is fetched."""
        files, mark = self.folders, self._mark_now(job)
        if suffix == "json" and folder in ("task", "done", "error"):
            entry = self._entry(job)
            files.write_entry(entry, entry_of(job))
            self._carrier.spare(entry)
            return entry
        if suffix != "wav" or folder == "error":
            return None
        if folder == "task":
            return self._partial(job)
        return None if mark is None else files.result(job.job_id, mark)

    def _mark_now(self, job: Job) -> str | None:
        """Return the mark of the result: what is known of the task may be of a moment ago, what lies here older still.

        Raises:
            JobMissingError: it was removed since.
        """
        known = select(SpeechRow.result_mark).join(JobRow, JobRow.key == SpeechRow.key)
        with self._reading() as session:
            found = session.execute(known.where(JobRow.key == job.key, JobRow.removed.is_(False))).one_or_none()
        if found is None:
            raise JobMissingError("job_missing", noun=NOUN, job_id=job.job_id)
        mark: str | None = found.result_mark
        return mark

    def _partial(self, job: Job) -> Path | None:
        path = self.folders.partial_wav(job.job_id)
        drop(path)
        with self._reading() as session:
            rate = session.scalar(select(SpeechRow.sample_rate).where(SpeechRow.key == job.key))
            rows = select(SegmentRow).where(SegmentRow.key == job.key).order_by(SegmentRow.index)
            segments = list(session.scalars(rows))
        if job.request.get("stream") and rate is not None:
            super().show_partial(job.job_id, segments, rate)
        if not path.is_file():
            return None
        self._carrier.spare(path)
        return path

    def is_copy(self, path: Path) -> bool:
        """See :class:`SpeechFiles`."""
        return self._carrier.is_spare(path)


@contextlib.contextmanager
def _later() -> Iterator[None]:
    """What cannot be removed now is found by a sweep."""
    try:
        yield
    except StorageAwayError as error:
        logger.warning("files of ended tasks stay in the store for now: %s", error)
