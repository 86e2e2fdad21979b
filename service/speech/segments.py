"""What a worker writes about a task's segments, and what is read of them. Whatever a worker writes is fenced."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from service.files import wav
from service.files.carrier import Mark
from service.files.whole import write_whole
from service.jobs.errors import JobConflictError, LeaseLostError
from service.jobs.kinds import Result
from service.jobs.manager import JobManager
from service.jobs.models import JobRow
from service.jobs.records import EventType, Job, Status
from service.jobs.transactions import Sessions, Transaction
from service.speech.file_repair import SpeechFiles
from service.speech.files import PINNED
from service.speech.models import SegmentRow, SpeechRow
from service.speech.records import KIND, Plan, Segment, SpeechEvent, Spoken, segment_of, speech
from service.storage import storage


def _rows(session: Session, key: int) -> list[SegmentRow]:
    return list(session.scalars(select(SegmentRow).where(SegmentRow.key == key).order_by(SegmentRow.index)))


class SegmentStore:
    """Every method blocks: call it off the event loop.

    Args:
        jobs: The queue.
        reading: Opens a session for reading.
        files: Of tasks.
    """

    def __init__(self, jobs: JobManager, reading: Sessions, files: SpeechFiles) -> None:
        self._jobs, self._reading, self.files = jobs, reading, files

    def of_job(self, job: Job) -> list[Segment]:
        """Return the segments that a task is known to have, in order."""
        with self._reading() as session:
            return [segment_of(row) for row in _rows(session, job.key)]

    # --- while a worker has the task ---

    def start(self, job: Job, plan: Plan) -> list[Segment]:
        """Pin what the engine uses; return the segments. Kept segments of another plan are forgotten.

        Raises:
            LeaseLostError: the lease is lost.
        """
        folders = self.files.folders
        with self._jobs.attempts.writing(job) as (transaction, row):
            session = transaction.session
            own, known = session.get_one(SpeechRow, row.key), _rows(session, row.key)
            if not _agrees(own, known, plan):
                session.execute(delete(SegmentRow).where(SegmentRow.key == row.key))
                known = [SegmentRow(key=row.key, index=n, text=text) for n, text in enumerate(plan.segments)]
                session.add_all(known)
                row.steps_done = 0
            own.seed, own.version, own.sample_rate = plan.seed, plan.version, plan.sample_rate
            own.weights_gpt, own.weights_sovits = plan.weights_gpt, plan.weights_sovits
            own.pinned_mark = folders.carrier.mark_of(folders.work(job.job_id) / PINNED)
            row.steps_total = len(plan.segments)
            transaction.record(row, EventType.STARTED, segments=row.steps_total, seed=plan.seed)
            transaction.show(row)
            session.flush()
            return [segment_of(segment) for segment in known]

    def keep(self, job: Job, spoken: Spoken) -> Job:
        """Keep a finished segment: first its samples, then the row.

        Raises:
            LeaseLostError: the lease is lost.
            StorageFullError: the disk is full; the segment is not kept, nothing else is changed.
            StorageAwayError: others could not find it; likewise.
        """
        folders = self.files.folders
        with storage():
            kept = folders.write_segment(job.job_id, spoken.index, job.fence, spoken.samples)
        try:
            with self._jobs.attempts.writing(job) as (transaction, row):
                transaction.undo.append(lambda: folders.withdraw_segment(job.job_id, kept))
                return self._write_kept(transaction, row, spoken, kept)
        except LeaseLostError:  # nothing was written; whoever has the job now keeps its own
            folders.withdraw_segment(job.job_id, kept)
            raise

    def _write_kept(self, transaction: Transaction, row: JobRow, spoken: Spoken, kept: tuple[str, Mark | None]) -> Job:
        segment = transaction.session.get_one(SegmentRow, (row.key, spoken.index))
        if segment.frames is None:
            row.steps_done += 1
        _fill(segment, spoken, transaction.now)
        segment.file, segment.mark = kept
        if row.request.get("stream"):
            self._show_partial(transaction, row)
        detail: dict[str, Any] = {"index": spoken.index, "tokens": spoken.tokens, "attempts": spoken.attempts}
        if spoken.warning:
            detail["warning"] = spoken.warning
        self._jobs.attempts.progressed(transaction, row, SpeechEvent.SEGMENT.value, **detail)
        transaction.session.flush()
        return transaction.value(row)

    def _show_partial(self, transaction: Transaction, row: JobRow) -> None:
        """Let what has been spoken so far, without gaps, be there for players."""
        rate = transaction.session.get_one(SpeechRow, row.key).sample_rate
        self.files.show_partial(row.job_id, _rows(transaction.session, row.key), rate or 0)

    def undamaged(self, job: Job) -> list[Segment]:
        """Return a task's segments after forgetting those whose samples are not all on disk (power failure).

        Raises:
            LeaseLostError: the lease is lost.
        """
        segments, intact = self.of_job(job), self.files.folders.segment_intact
        damaged = {
            segment.index for segment in segments if segment.frames is not None and not intact(job.job_id, segment)
        }
        if not damaged:
            return segments
        with self._jobs.attempts.writing(job) as (transaction, row):
            known = _rows(transaction.session, row.key)
            for segment in known:
                if segment.index in damaged:
                    segment.frames = segment.file = segment.mark = None
                    row.steps_done -= 1
            transaction.session.flush()
            return [segment_of(segment) for segment in known]

    def stitched(self, job: Job) -> Result:
        """Stitch the kept segments under a hidden name; the queue lets the result appear when it ends the task.

        Raises:
            LeaseLostError: the lease is lost.
            JobMissingError: the task was removed.
            StorageFullError: the disk is full; the task is as before.
            FileLostError, StorageAwayError: a segment cannot be brought, or the result not kept; likewise.
        """
        folders = self.files.folders
        segments = self.of_job(job)
        now = self._jobs.reader.find(KIND, job.job_id)
        if now.fence != job.fence:
            raise LeaseLostError(f"the lease with fence {job.fence} of {job.job_id} is lost")
        rate = speech(now).sample_rate
        if rate is None or not all(segment.done for segment in segments):
            raise ValueError(f"task {job.job_id} is not spoken yet")
        frames = sum(segment.frames or 0 for segment in segments)
        staged, seconds = folders.staged_wav(job.job_id, 0), round(frames / rate, 3)
        with storage():
            folders.stitch(staged, job.job_id, segments, frames, rate)
        mark = folders.publish_staged(job.job_id, staged)

        def within(session: Session, row: JobRow) -> dict[str, Any]:
            own = session.get_one(SpeechRow, row.key)
            own.audio_seconds, own.result_mark, own.pinned_mark = seconds, mark, None
            for segment in _rows(session, row.key):
                segment.file = segment.mark = None
            return {"audio_seconds": seconds}

        return Result(within, lambda: folders.withdraw_staged(job.job_id, staged, mark))

    # --- a finished task's segment, spoken again ---

    def replace(self, before: Job, spoken: Spoken, seed: int) -> Job:
        """Stitch a result again with one segment replaced.

        The new result is staged, the database says that it holds, then it takes the old one's place; a crash in
        between is put right by :mod:`service.speech.file_repair` at the next start.

        Args:
            before: The task as the new segment was made from it.
            spoken: The new segment.
            seed: Its seed.

        Raises:
            JobMissingError: the task was removed meanwhile.
            JobConflictError: it was stitched by somebody else meanwhile.
            StorageFullError: the disk is full; nothing is changed.
        """
        generation = speech(before).generation + 1
        folders = self.files.folders
        staged = folders.staged_wav(before.job_id, generation)
        with storage():
            frames = self._stage(before, self.of_job(before), spoken, staged)
        mark = folders.publish_staged(before.job_id, staged)
        with self._jobs.transactions.begin() as transaction:
            transaction.undo.append(lambda: folders.withdraw_staged(before.job_id, staged, mark))
            row = transaction.named(KIND, before.job_id)
            own = transaction.session.get_one(SpeechRow, row.key)
            if row.status != Status.DONE.value or own.generation != generation - 1 or row.key != before.key:
                raise JobConflictError("task_changed", task_id=before.job_id)
            # Somebody may have put the files right meanwhile.
            if not (staged.is_file() and folders.carrier.confirm(folders.done_wav(before.job_id), mark)):
                raise JobConflictError("task_looked_after", task_id=before.job_id)
            segment = transaction.session.get_one(SegmentRow, (row.key, spoken.index))
            _fill(segment, spoken, transaction.now)
            segment.seed = seed
            own.generation, own.result_mark = generation, mark
            own.audio_seconds = round(frames / (own.sample_rate or 1), 3)
            transaction.record(row, SpeechEvent.REDONE.value, index=spoken.index, seed=seed)
            transaction.session.flush()
            job = transaction.value(row)
        self.files.put_in_place(job)
        return job

    def _stage(self, job: Job, segments: Sequence[Segment], spoken: Spoken, target: Path) -> int:
        folders, first, frames = self.files.folders, 0, 0
        parts: list[bytes] = []
        before = folders.result(job.job_id, speech(job).result_mark)
        for segment in segments:
            count = segment.frames or 0
            if segment.index == spoken.index:
                part = spoken.samples.astype("<i2").tobytes()
            else:
                part = wav.read_frames(before, first, count)
            first += count
            frames += len(part) // wav.SAMPLE_BYTES
            parts.append(part)
        write_whole(target, [wav.header(frames, speech(job).sample_rate or 0), *parts], durable=True)
        return frames


def _agrees(own: SpeechRow, known: Sequence[SegmentRow], plan: Plan) -> bool:
    pinned = (own.seed, own.weights_gpt, own.weights_sovits, own.sample_rate)
    planned = (plan.seed, plan.weights_gpt, plan.weights_sovits, plan.sample_rate)
    return pinned == planned and tuple(segment.text for segment in known) == plan.segments


def _fill(segment: SegmentRow, spoken: Spoken, now: float) -> None:
    segment.frames = int(spoken.samples.size)
    segment.start, segment.end = spoken.start, spoken.end
    segment.tokens, segment.attempts, segment.warning = spoken.tokens, spoken.attempts, spoken.warning
    segment.finished_at = now
