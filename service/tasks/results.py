"""What a task has brought forth: its segments, subtitles, audio in any format, and a segment spoken again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from GPT_SoVITS.engine.media.encode import encode, find_format
from GPT_SoVITS.engine.media.subtitles import Cue, subrip, webvtt
from GPT_SoVITS.engine.messages import Priority, SynthesisRequest, WeightsPair
from service.synthesis.service import SynthesisService
from service.tasks.errors import TaskConflictError, TaskParameterError
from service.tasks.files import TaskFiles
from service.tasks.records import Segment, Status, Task
from service.tasks.runner import MakeRequest, Offload
from service.tasks.wav import HEADER_BYTES, read_frames, to_pcm16
from service.tasks.work import Spoken, WorkStore


class TaskResults:
    """See the module. Used on one event loop; never blocks it.

    Args:
        store: The queue's table.
        synthesis: Speaks single segments again.
        make_request: Makes the engine's request from a task.
        offload: Runs blocking work in a thread.
    """

    def __init__(
        self, store: WorkStore, synthesis: SynthesisService, make_request: MakeRequest, offload: Offload
    ) -> None:
        self.store, self._synthesis = store, synthesis
        self._make_request, self._offload = make_request, offload
        self._redoing: set[str] = set()

    @property
    def files(self) -> TaskFiles:
        """The folders."""
        return self.store.files

    async def segments(self, task_id: str) -> tuple[Task, list[Segment]]:
        """Return a task and its segments."""
        found: tuple[Task, list[Segment]] = await self._offload(self.store.segments, task_id)
        return found

    async def segment_audio(self, task_id: str, index: int) -> tuple[bytes, int]:
        """Return the 16-bit samples of a finished segment and their rate.

        Raises:
            TaskMissingError: there is no such task.
            TaskParameterError: it has no such segment.
            TaskConflictError: the segment is not finished.
        """
        found: tuple[bytes, int] = await self._offload(self._segment_audio, task_id, index)
        return found

    def _segment_audio(self, task_id: str, index: int) -> tuple[bytes, int]:
        task, segments = self.store.segments(task_id)
        segment = _segment(task, segments, index)
        if segment.frames is None or task.sample_rate is None:
            raise TaskConflictError(f"segment {index} of task {task_id} is not spoken yet")
        if segment.file is not None:
            return (self.files.work(task_id) / segment.file).read_bytes(), task.sample_rate
        first = sum(one.frames or 0 for one in segments[:index])
        return read_frames(self.files.done_wav(task_id), first, segment.frames), task.sample_rate

    async def subtitles(self, task_id: str, form: str) -> str:
        """Return the subtitles of a finished task, ``srt`` or ``vtt``.

        Raises:
            TaskMissingError: there is no such task.
            TaskConflictError: it is not done.
        """
        task, segments = await self.segments(task_id)
        _require_done(task)
        cues, frames = [], 0
        for segment in segments:
            offset = frames / (task.sample_rate or 1)
            cues.append(Cue(segment.text, offset + segment.start, offset + segment.end))
            frames += segment.frames or 0
        return subrip(cues) if form == "srt" else webvtt(cues)

    async def audio(self, task_id: str, form: str) -> tuple[bytes, str, str]:
        """Return a finished task's audio in a format, its media type and its suffix.

        Raises:
            TaskMissingError, TaskConflictError, InvalidRequestError: no such task, not done, no such format.
        """
        chosen = find_format(form)
        task: Task = await self._offload(self.store.find, task_id)
        _require_done(task)
        content: bytes = await self._offload(self._encoded, task, chosen.name)
        return content, chosen.media_type, chosen.suffix

    def _encoded(self, task: Task, form: str) -> bytes:
        content = self.files.done_wav(task.task_id).read_bytes()
        if form == "wav":
            return content
        samples = np.frombuffer(content[HEADER_BYTES:], "<i2").astype(np.float32) / np.float32(32767.0)
        return encode(samples, task.sample_rate or 0, form)

    async def redo(self, task_id: str, index: int, seed: int | None) -> tuple[Task, Segment]:
        """Speak one segment of a finished task again with another seed, and stitch the result again.

        Raises:
            TaskMissingError, TaskParameterError, TaskConflictError, StorageFullError, EngineError.
        """
        task, segments = await self.segments(task_id)
        _segment(task, segments, index)
        if task.status is not Status.DONE:
            raise TaskConflictError(f"task {task_id} is {task.status.value}: a segment is spoken again once it is done")
        if task_id in self._redoing:
            raise TaskConflictError(f"a segment of task {task_id} is being spoken again already")
        self._redoing.add(task_id)
        try:
            spoken, used = await self._respoken(task, segments, index, seed)
            after: Task = await self._offload(self.store.replace, task, spoken, used)
        finally:
            self._redoing.discard(task_id)
        _, segments = await self.segments(task_id)
        return after, segments[index]

    async def _respoken(
        self, task: Task, segments: Sequence[Segment], index: int, seed: int | None
    ) -> tuple[Spoken, int]:
        request: SynthesisRequest = await self._offload(self._make_request, task)
        weights = request.weights
        if task.weights_gpt is not None and task.weights_sovits is not None:
            weights = WeightsPair(task.weights_gpt, task.weights_sovits)
        request = replace(request, segments=(index,), seed=seed, weights=weights, priority=Priority.INTERACTIVE)
        speech = await self._synthesis.begin(request)
        if speech.started.segments != tuple(segment.text for segment in segments):
            await speech.aclose()
            raise TaskConflictError("the text is cut differently now: submit it as a new task")
        samples = to_pcm16(await speech.whole())
        done = speech.segments[0]
        return (
            Spoken(index, samples, done.start, done.end, done.tokens, done.attempts, done.warning),
            speech.started.seed,
        )


def _require_done(task: Task) -> None:
    if task.status is not Status.DONE:
        raise TaskConflictError(f"task {task.task_id} is {task.status.value}: there is no result yet")


def _segment(task: Task, segments: Sequence[Segment], index: int) -> Segment:
    if not 0 <= index < len(segments):
        raise TaskParameterError(f"task {task.task_id} has {len(segments)} segments, counted from 0; {index} is none")
    return segments[index]
