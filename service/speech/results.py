"""What a task has brought forth: its segments, subtitles, audio in any format, and a segment spoken again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from GPT_SoVITS.audio.encode import encode, find_format
from GPT_SoVITS.audio.subtitles import Cue, subrip, webvtt
from GPT_SoVITS.engine.messages import Priority, SynthesisRequest
from service.files.wav import HEADER_BYTES, read_frames, to_pcm16
from service.jobs.errors import JobConflictError
from service.jobs.manager import JobManager
from service.jobs.records import Job, Status
from service.speech.errors import TaskParameterError
from service.speech.pinning import MakeRequest, pinned_weights
from service.speech.records import KIND, Segment, Spoken, speech
from service.speech.segments import SegmentStore
from service.synthesis.service import SynthesisService
from service.threads import Offload, writing


class TaskResults:
    """Used on one event loop; never blocks it.

    Args:
        jobs: The queue.
        store: Where segments are kept.
        synthesis: Speaks single segments again.
        make_request: Makes the engine's request from a task.
        offload: Runs blocking work in a thread.
    """

    def __init__(
        self,
        jobs: JobManager,
        store: SegmentStore,
        synthesis: SynthesisService,
        make_request: MakeRequest,
        offload: Offload,
    ) -> None:
        self._jobs, self._store, self._synthesis = jobs, store, synthesis
        self._files = store.files.folders
        self._make_request, self._offload = make_request, offload
        self._redoing: set[str] = set()

    async def segments(self, task_id: str) -> tuple[Job, list[Segment]]:
        """Return a task and its segments."""
        found: tuple[Job, list[Segment]] = await self._offload(self._segments, task_id)
        return found

    def _segments(self, task_id: str) -> tuple[Job, list[Segment]]:
        task = self._jobs.reader.find(KIND, task_id)
        return task, self._store.of_job(task)

    async def segment_audio(self, task_id: str, index: int) -> tuple[bytes, int]:
        """Return the 16-bit samples of a finished segment and their rate.

        Raises:
            JobMissingError: there is no such task.
            TaskParameterError: it has no such segment.
            JobConflictError: the segment is not finished.
        """
        found: tuple[bytes, int] = await self._offload(self._segment_audio, task_id, index)
        return found

    def _segment_audio(self, task_id: str, index: int) -> tuple[bytes, int]:
        task, segments = self._segments(task_id)
        segment = _segment(task, segments, index)
        rate = speech(task).sample_rate
        if segment.frames is None or rate is None:
            raise JobConflictError("segment_unspoken", task_id=task_id, index=index)
        if segment.file is not None:
            return self._files.segment(task_id, segment).read_bytes(), rate
        first = sum(one.frames or 0 for one in segments[:index])
        return read_frames(self._files.result(task_id, speech(task).result_mark), first, segment.frames), rate

    async def subtitles(self, task_id: str, form: str) -> str:
        """Return the subtitles of a finished task, ``srt`` or ``vtt``.

        Raises:
            JobMissingError: there is no such task.
            JobConflictError: it is not done.
        """
        task, segments = await self.segments(task_id)
        _require_done(task)
        cues, frames = [], 0
        for segment in segments:
            offset = frames / (speech(task).sample_rate or 1)
            cues.append(Cue(segment.text, offset + segment.start, offset + segment.end))
            frames += segment.frames or 0
        return subrip(cues) if form == "srt" else webvtt(cues)

    async def audio(self, task_id: str, form: str) -> tuple[bytes, str, str]:
        """Return a finished task's audio in a format, its media type and its suffix.

        Raises:
            JobMissingError, JobConflictError, InvalidRequestError: no such task, not done, no such format.
        """
        chosen = find_format(form)
        task: Job = await self._offload(self._jobs.reader.find, KIND, task_id)
        _require_done(task)
        content: bytes = await self._offload(self._encoded, task, chosen.name)
        return content, chosen.media_type, chosen.suffix

    def _encoded(self, task: Job, form: str) -> bytes:
        content = self._files.result(task.job_id, speech(task).result_mark).read_bytes()
        if form == "wav":
            return content
        samples = np.frombuffer(content[HEADER_BYTES:], "<i2").astype(np.float32) / np.float32(32767.0)
        return encode(samples, speech(task).sample_rate or 0, form)

    async def redo(self, task_id: str, index: int, seed: int | None) -> tuple[Job, Segment]:
        """Speak one segment of a finished task again with another seed, and stitch the result again.

        Raises:
            JobMissingError, TaskParameterError, JobConflictError, StorageFullError, EngineError.
        """
        task, segments = await self.segments(task_id)
        _segment(task, segments, index)
        if task.status is not Status.DONE:
            raise JobConflictError("segment_before_done", task_id=task_id, status=task.status.value)
        if task_id in self._redoing:
            raise JobConflictError("segment_under_way", task_id=task_id)
        self._redoing.add(task_id)
        try:
            spoken, used = await self._respoken(task, segments, index, seed)
            after: Job = await writing(self._store.replace, task, spoken, used)
        finally:
            self._redoing.discard(task_id)
        _, segments = await self.segments(task_id)
        return after, segments[index]

    async def _respoken(
        self, task: Job, segments: Sequence[Segment], index: int, seed: int | None
    ) -> tuple[Spoken, int]:
        request: SynthesisRequest = await self._offload(self._make_request, task)
        weights = pinned_weights(speech(task)) or request.weights
        request = replace(request, segments=(index,), seed=seed, weights=weights, priority=Priority.INTERACTIVE)
        spoken = await self._synthesis.begin(request)
        if spoken.started.segments != tuple(segment.text for segment in segments):
            await spoken.aclose()
            raise JobConflictError("segment_cut_changed")
        samples = to_pcm16(await spoken.whole())
        done = spoken.segments[0]
        return (
            Spoken(index, samples, done.start, done.end, done.tokens, done.attempts, done.warning),
            spoken.started.seed,
        )


def _require_done(task: Job) -> None:
    if task.status is not Status.DONE:
        raise JobConflictError("result_missing", task_id=task.job_id, status=task.status.value)


def _segment(task: Job, segments: Sequence[Segment], index: int) -> Segment:
    if not 0 <= index < len(segments):
        raise TaskParameterError("segment_missing", task_id=task.job_id, found=len(segments), index=index)
    return segments[index]
