"""What a worker writes while it has a task: every write is fenced, so that one thought dead cannot write."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete

from service.tasks import wav
from service.tasks.entries import entry_of
from service.tasks.errors import TaskConflictError
from service.tasks.leases import Lease, LeaseStore
from service.tasks.ledger import Transaction, segment_of, storage, task_of
from service.tasks.mending import put_in_place
from service.tasks.models import SegmentRow, TaskRow
from service.tasks.records import Kind, Segment, Status, Task


@dataclass(frozen=True)
class Plan:
    """What the engine said when it began: pinned, so that later attempts go on with the same.

    Attributes:
        seed: In use.
        weights_gpt: In use.
        weights_sovits: In use.
        version: Of the weights.
        sample_rate: Hz.
        segments: Text of every segment.
    """

    seed: int
    weights_gpt: str
    weights_sovits: str
    version: str
    sample_rate: int
    segments: tuple[str, ...]


@dataclass(frozen=True)
class Spoken:
    """A finished segment.

    Attributes:
        index: Place in the text.
        samples: (N,) int16, with the silence after it.
        start: Seconds from the beginning of its own audio to the first sound.
        end: Seconds from the beginning of its own audio to the end of speech.
        tokens: Semantic tokens.
        attempts: Seeds tried.
        warning: Why it is doubtful.
    """

    index: int
    samples: NDArray[np.int16]
    start: float
    end: float
    tokens: int
    attempts: int
    warning: str | None


class WorkStore(LeaseStore):
    """See the module. Every method blocks: call it off the event loop."""

    def start(self, lease: Lease, plan: Plan) -> list[Segment]:
        """Pin what the engine uses; return the segments. Kept segments of another plan are forgotten.

        Raises:
            LeaseLostError: the lease is lost.
        """
        with self.transaction() as transaction:
            row = transaction.held(lease.task.key, lease.task.fence)
            known = transaction.segments(row.key)
            if not self._agrees(row, known, plan):
                transaction.session.execute(delete(SegmentRow).where(SegmentRow.task_key == row.key))
                known = [SegmentRow(task_key=row.key, index=n, text=text) for n, text in enumerate(plan.segments)]
                transaction.session.add_all(known)
                row.segments_done = 0
            row.seed, row.version, row.sample_rate = plan.seed, plan.version, plan.sample_rate
            row.weights_gpt, row.weights_sovits = plan.weights_gpt, plan.weights_sovits
            row.total_segments = len(plan.segments)
            transaction.tell(row, Kind.STARTED, segments=row.total_segments, seed=plan.seed)
            self.show_waiting(transaction, row)
            transaction.session.flush()
            return [segment_of(segment) for segment in known]

    @staticmethod
    def _agrees(row: TaskRow, known: Sequence[SegmentRow], plan: Plan) -> bool:
        pinned = (row.seed, row.weights_gpt, row.weights_sovits, row.sample_rate)
        planned = (plan.seed, plan.weights_gpt, plan.weights_sovits, plan.sample_rate)
        return pinned == planned and tuple(segment.text for segment in known) == plan.segments

    def keep(self, lease: Lease, spoken: Spoken) -> Task:
        """Keep a finished segment: first its samples, then the row. The count of attempts begins again.

        Raises:
            LeaseLostError: the lease is lost.
            StorageFullError: the disk is full; the segment is not kept, nothing else is changed.
        """
        task = lease.task
        with storage():
            name = self.files.write_segment(task.task_id, spoken.index, task.fence, spoken.samples)
        with self.transaction() as transaction:
            row = transaction.held(task.key, task.fence)
            segment = transaction.session.get_one(SegmentRow, (task.key, spoken.index))
            if segment.frames is None:
                row.segments_done += 1
            _fill(segment, spoken, transaction.now)
            segment.file = name
            if task.request.get("stream"):
                self._show_partial(transaction, row)
            row.attempts, row.deaths = 1, 0
            detail = {"index": spoken.index, "tokens": spoken.tokens, "attempts": spoken.attempts}
            transaction.tell(row, Kind.SEGMENT, **detail, **({"warning": spoken.warning} if spoken.warning else {}))
            self.show_waiting(transaction, row)
            transaction.session.flush()
            return task_of(row)

    def _show_partial(self, transaction: Transaction, row: TaskRow) -> None:
        """Let what has been spoken so far, without gaps, be there for players."""
        segments = transaction.segments(row.key)
        spoken = list(itertools.takewhile(lambda segment: segment.file is not None, segments))
        if spoken:
            frames = sum(segment.frames or 0 for segment in spoken)
            names = [segment.file or "" for segment in spoken]
            partial = self.files.partial_wav(row.task_id)
            self.files.stitch(partial, row.task_id, names, frames, row.sample_rate or 0, durable=False)

    def forget_damaged(self, lease: Lease) -> list[Segment]:
        """Return a task's segments after forgetting those whose samples are not all on disk (power failure).

        Raises:
            LeaseLostError: the lease is lost.
        """
        damaged = [
            segment
            for segment in lease.segments
            if segment.frames is not None
            and not self.files.segment_intact(lease.task.task_id, segment.file or "", segment.frames)
        ]
        if not damaged:
            return list(lease.segments)
        with self.transaction() as transaction:
            row = transaction.held(lease.task.key, lease.task.fence)
            known = transaction.segments(row.key)
            for segment in known:
                if segment.index in {one.index for one in damaged}:
                    segment.frames = segment.file = None
                    row.segments_done -= 1
            transaction.session.flush()
            return [segment_of(segment) for segment in known]

    def finish(self, lease: Lease) -> Task:
        """Stitch the kept segments and let the task end well.

        The result appears whole, then the database says so, then what it replaces vanishes.

        Raises:
            LeaseLostError: the lease is lost.
            StorageFullError: the disk is full; the task is as before.
        """
        files, task = self.files, lease.task
        segments = self.finished_segments(task.key)
        frames = sum(segment.frames or 0 for segment in segments)
        staged = files.staged_wav(task.task_id, 0)
        with storage():
            rate = self._sample_rate(lease)
            files.stitch(staged, task.task_id, [segment.file or "" for segment in segments], frames, rate)
        with self.transaction() as transaction:
            transaction.undo.append(lambda: files.drop(staged))
            row = transaction.held(task.key, task.fence)
            row.status, row.error = Status.DONE.value, None
            row.lease_owner = row.lease_expires = None
            row.fence += 1
            row.audio_seconds = round(frames / rate, 3)
            for segment in transaction.segments(row.key):
                segment.file = None
            transaction.tell(row, Kind.DONE, audio_seconds=row.audio_seconds)
            self._reveal(transaction, row)
            transaction.session.flush()
            return task_of(row)

    def _sample_rate(self, lease: Lease) -> int:
        rate = self.find(lease.task.task_id).sample_rate
        if rate is None:
            raise ValueError(f"task {lease.task.task_id} has no segments yet")
        return rate

    def _reveal(self, transaction: Transaction, row: TaskRow) -> None:
        """Let the staged result and its entry appear; everything is undone if the commit fails."""
        files, task = self.files, task_of(row)
        done = (files.done_wav(task.task_id), files.done_json(task.task_id))
        output = files.output_wav(task.user_id, task.task_id)
        transaction.undo.append(lambda: files.drop(*done, output))
        transaction.session.flush()
        files.staged_wav(task.task_id, 0).replace(done[0])
        files.publish_output(task.user_id, task.task_id)
        files.write_entry(done[1], entry_of(task))
        transaction.afterwards += [lambda: files.drop_waiting(task.task_id), lambda: files.drop_work(task.task_id)]

    def fail(self, lease: Lease, reason: str, *, repeat: bool, death: bool = False, delay: float = 0.0) -> Task:
        """Let an attempt end in failure: another follows if it may and there are attempts left.

        Raises:
            LeaseLostError: the lease is lost.
        """
        with self.transaction() as transaction:
            row = transaction.held(lease.task.key, lease.task.fence)
            if repeat:
                self.repeat(transaction, row, reason, death=death, delay=delay)
            else:
                self.end_in_error(transaction, row, reason)
            transaction.session.flush()
            return task_of(row)

    def hand_back(self, lease: Lease, reason: str, *, delay: float = 0.0) -> Task:
        """Let a task wait again for no fault of its own; the attempt does not count.

        Raises:
            LeaseLostError: the lease is lost.
        """
        with self.transaction() as transaction:
            row = transaction.held(lease.task.key, lease.task.fence)
            row.status = Status.WAIT.value
            row.lease_owner = row.lease_expires = None
            row.fence += 1
            row.attempts = max(0, row.attempts - 1)
            row.not_before = transaction.now + delay
            transaction.tell(row, Kind.HANDED_BACK, reason=reason)
            self.show_waiting(transaction, row)
            transaction.session.flush()
            return task_of(row)

    # --- a finished task's segment, spoken again ---

    def replace(self, before: Task, spoken: Spoken, seed: int) -> Task:
        """Stitch a result again with one segment replaced.

        The new result is staged, the database says that it holds, then it takes the old one's place; a crash in
        between is mended at the next start (:mod:`service.tasks.reconcile`).

        Args:
            before: The task as the new segment was made from it.
            spoken: The new segment.
            seed: Its seed.

        Raises:
            TaskMissingError: the task was removed meanwhile.
            TaskConflictError: it was stitched by somebody else meanwhile.
            StorageFullError: the disk is full; nothing is changed.
        """
        files = self.files
        _, segments = self.segments(before.task_id)
        generation = before.generation + 1
        staged = files.staged_wav(before.task_id, generation)
        with storage():
            frames = self._stage(before, segments, spoken, staged)
        with self.transaction() as transaction:
            transaction.undo.append(lambda: files.drop(staged))
            row = transaction.named(before.task_id)
            if row.status != Status.DONE.value or row.generation != before.generation or row.key != before.key:
                raise TaskConflictError(f"task {before.task_id} was changed meanwhile")
            if not staged.is_file():  # somebody put the files right meanwhile
                raise TaskConflictError(f"task {before.task_id} was looked after meanwhile: try again")
            segment = transaction.session.get_one(SegmentRow, (row.key, spoken.index))
            _fill(segment, spoken, transaction.now)
            segment.seed = seed
            row.generation = generation
            row.audio_seconds = round(frames / (before.sample_rate or 1), 3)
            transaction.tell(row, Kind.REDONE, index=spoken.index, seed=seed)
            transaction.session.flush()
            task = task_of(row)
        put_in_place(files, task)
        return task

    def _stage(self, task: Task, segments: Sequence[Segment], spoken: Spoken, target: Path) -> int:
        files, first, parts, frames = self.files, 0, [], 0
        for segment in segments:
            count = segment.frames or 0
            if segment.index == spoken.index:
                part = spoken.samples.astype("<i2").tobytes()
            else:
                part = wav.read_frames(files.done_wav(task.task_id), first, count)
            first += count
            frames += len(part) // wav.SAMPLE_BYTES
            parts.append(part)
        files.write(target, [wav.header(frames, task.sample_rate or 0), *parts], durable=True)
        return frames


def _fill(segment: SegmentRow, spoken: Spoken, now: float) -> None:
    segment.frames = int(spoken.samples.size)
    segment.start, segment.end = spoken.start, spoken.end
    segment.tokens, segment.attempts, segment.warning = spoken.tokens, spoken.attempts, spoken.warning
    segment.finished_at = now
