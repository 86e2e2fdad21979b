"""The queue for its callers: asynchronous, knows nothing of HTTP, never blocks the event loop."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from GPT_SoVITS.engine.interface import Engine
from GPT_SoVITS.engine.messages import EngineState, Priority, Progress, SegmentDone, SynthesisRequest, WeightsPair
from service.synthesis.requests import Speakers, engine_request
from service.synthesis.service import SynthesisService
from service.synthesis.texts import check_speakable
from service.tasks.bus import ChangeBus, Message
from service.tasks.dispatcher import Dispatcher
from service.tasks.errors import TaskConflictError, TaskParameterError
from service.tasks.estimate import Forecast, SpeedMeter
from service.tasks.files import TaskFiles
from service.tasks.identifiers import new_task_id
from service.tasks.records import Change, Happening, NewTask, Segment, Status, Task
from service.tasks.store import Choice
from service.tasks.wav import read_frames, to_pcm16
from service.tasks.work import Spoken, WorkStore

logger = logging.getLogger(__name__)

Offload = Callable[..., Awaitable[Any]]
_FORECAST_SECONDS = 1.0
_REMEMBERED = 4096
_REMEMBERED_SECONDS = 1.0


@dataclass(frozen=True)
class Limits:
    """What a user may ask for.

    Attributes:
        waiting_per_user: Waiting tasks.
        text_characters: Of one task.
    """

    waiting_per_user: int = 1000
    text_characters: int = 10_000


@dataclass(frozen=True)
class View:
    """A task with what is known of its future.

    Attributes:
        task: As in the database.
        position: Place in the queue; waiting tasks only.
        eta_seconds: Until it is finished.
        tokens: Progress within the segment under way, if this server speaks it: (segment, tokens, expected).
    """

    task: Task
    position: int | None = None
    eta_seconds: float | None = None
    tokens: tuple[int, int, int] | None = None


class Recent:
    """Tasks as last seen, for those who ask every second; younger than a second or told by a change."""

    def __init__(self) -> None:
        self._found: OrderedDict[str, tuple[float, Task]] = OrderedDict()

    def put(self, task: Task) -> None:
        """Remember a task as it is now."""
        self._found[task.task_id] = (time.monotonic(), task)
        self._found.move_to_end(task.task_id)
        while len(self._found) > _REMEMBERED:
            self._found.popitem(last=False)

    def get(self, task_id: str) -> Task | None:
        """Return a task if it was seen a moment ago."""
        at, task = self._found.get(task_id, (0.0, None))
        return task if task is not None and time.monotonic() - at < _REMEMBERED_SECONDS else None

    def forget(self, task_id: str) -> None:
        """Read it from the database next time."""
        self._found.pop(task_id, None)


class TaskService:
    """See the module. Used on one event loop.

    Args:
        store: The queue's table.
        dispatcher: Works on it.
        synthesis: Speaks single segments again.
        speakers: Finds voices.
        engine: For the version of its weights.
        bus: Announces.
        meter: Knows the speed.
        offload: Runs blocking work in a thread.
        limits: See there.
    """

    def __init__(
        self,
        *,
        store: WorkStore,
        dispatcher: Dispatcher,
        synthesis: SynthesisService,
        speakers: Speakers,
        engine: Engine,
        bus: ChangeBus,
        meter: SpeedMeter,
        offload: Offload,
        limits: Limits,
    ) -> None:
        self.store, self.dispatcher, self.bus, self.limits = store, dispatcher, bus, limits
        self._synthesis, self._speakers, self._engine = synthesis, speakers, engine
        self._meter, self._offload = meter, offload
        self._forecast = Forecast()
        self._forecast_at = 0.0
        self._forecast_lock = asyncio.Lock()
        self._recent = Recent()
        self._tokens: dict[str, Progress] = {}
        self._redoing: set[str] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def start(self) -> None:
        """Begin to listen and to work."""
        self._loop = asyncio.get_running_loop()
        self.bus.listen(self._heard)
        await self.dispatcher.start()

    async def stop(self) -> None:
        """Hand back what is under way and end all streams."""
        self.bus.close()
        await self.dispatcher.stop()

    @property
    def files(self) -> TaskFiles:
        """The folders."""
        return self.store.files

    # --- what changes ---

    def _heard(self, message: Message) -> None:
        """On whatever thread the change was made; caches live on the event loop."""
        if self._loop is not None and not self._loop.is_closed() and message.topic in ("task", "progress"):
            self._loop.call_soon_threadsafe(self._note, message)

    def _note(self, message: Message) -> None:
        if message.topic == "progress":
            self._tokens[message.key] = message.payload
            return
        change: Change = message.payload
        if change.task is None:
            self._recent.forget(message.key)
        else:
            self._recent.put(change.task)
        if change.task is None or change.task.status is not Status.RUN:
            self._tokens.pop(message.key, None)

    # --- accepting ---

    async def submit(self, user_id: str, task_id: str | None, fields: dict[str, Any]) -> tuple[View, bool]:
        """Accept a task; it is on disk when this returns.

        Args:
            user_id: Whose.
            task_id: Its name; None makes one.
            fields: Of :class:`service.synthesis.fields.SpeechFields`, defaults filled in.

        Returns:
            The task, and whether it is new.

        Raises:
            ParameterError, TaskConflictError, TooManyTasksError, StorageFullError, the voices' errors.
        """
        if len(fields["text"]) > self.limits.text_characters:
            raise TaskParameterError(
                f"the text has {len(fields['text'])} characters, the limit is {self.limits.text_characters}"
            )
        new = NewTask(task_id or new_task_id(), user_id, fields)
        task, created = await self._offload(self._submit, new)
        if created:
            self._forecast_at = 0.0
            self.dispatcher.wake()
        return await self.view(task), created

    def _submit(self, new: NewTask) -> tuple[Task, bool]:
        known = self.store.page(Choice(task_ids=(new.task_id,)), 1, 1)[0]
        if known and known[0].body_hash == new.body_hash:
            return known[0], False
        request = engine_request(new.request, self._speakers, owner=new.user_id, priority=Priority.BATCH)
        count = check_speakable(request.text, request.language, request.how_to_cut, self.version(request.weights))
        return self.store.submit(replace(new, expected_segments=count), self.limits.waiting_per_user)

    def version(self, weights: WeightsPair | None = None) -> str:
        """Return the model version that a request will meet, as far as it is known."""
        status = self._engine.status()
        if weights is None:
            return status.current.version if status.current else "v2"
        return next((loaded.version for loaded in status.loaded if loaded.weights == weights), "v2")

    def make_request(self, task: Task) -> SynthesisRequest:
        """Return the engine's request for a task. Blocks."""
        return engine_request(task.request, self._speakers, owner=task.user_id, priority=Priority.BATCH)

    # --- finding ---

    async def find(self, task_id: str) -> View:
        """Return one task.

        Raises:
            TaskMissingError: there is none.
        """
        task = self._recent.get(task_id)
        if task is None:
            task = await self._offload(self.store.find, task_id)
            self._recent.put(task)
        return await self.view(task)

    async def page(self, choice: Choice, page: int, page_size: int) -> tuple[list[View], int]:
        """Return one page, newest first, and how many there are."""
        tasks, total = await self._offload(self.store.page, choice, page, page_size)
        return [await self.view(task) for task in tasks], total

    async def view(self, task: Task) -> View:
        """Return a task with its place in the queue and its estimate."""
        if task.ended:
            return View(task)
        forecast = await self._current_forecast()
        tokens = self._tokens.get(task.task_id)
        return View(
            task,
            forecast.position.get(task.task_id) if task.status is Status.WAIT else None,
            forecast.seconds(task.task_id, self._meter.rate()) if self._able() else None,
            None if tokens is None else (tokens.segment, tokens.tokens, tokens.expected),
        )

    def _able(self) -> bool:
        return self._engine.status().state is EngineState.READY

    async def _current_forecast(self) -> Forecast:
        if time.monotonic() - self._forecast_at > _FORECAST_SECONDS:
            async with self._forecast_lock:
                if time.monotonic() - self._forecast_at > _FORECAST_SECONDS:
                    self._forecast = await self._offload(self.store.forecast)
                    self._forecast_at = time.monotonic()
        return self._forecast

    async def story(self, task_id: str, after: int = 0) -> list[Happening]:
        """Return what happened to a task, in order."""
        found: list[Happening] = await self._offload(self.store.story, task_id, after)
        return found

    async def happenings(self, after: int, most: int, user_id: str | None) -> list[Happening]:
        """Return what happened to all tasks (of a user) after a number, in order."""
        found: list[Happening] = await self._offload(self.store.happenings, after, most, user_id)
        return found

    async def last_number(self) -> int:
        """Return the number of the latest happening."""
        number: int = await self._offload(self.store.last_number)
        return number

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

    # --- changing ---

    async def cancel(self, task_id: str) -> View:
        """End a task that has not ended, within one decode step, as ``error`` with ``cancelled``.

        Raises:
            TaskMissingError, TaskConflictError.
        """
        task: Task = await self._offload(self.store.cancel, task_id)
        self.dispatcher.gone(task.key)
        self._forecast_at = 0.0
        return View(task)

    async def remove(self, task_id: str) -> None:
        """Remove a task with its files, cancelling it first if it has not ended.

        Raises:
            TaskMissingError: there is none.
        """
        task: Task = await self._offload(self.store.hide, task_id)
        self.dispatcher.gone(task.key)
        self._recent.forget(task_id)
        self._forecast_at = 0.0
        await self._offload(self.store.forget, task)

    async def retry(self, task_id: str) -> View:
        """Let a task that ended in an error wait again.

        Raises:
            TaskMissingError, TaskConflictError, TooManyTasksError.
        """
        task: Task = await self._offload(self.store.retry, task_id, self.limits.waiting_per_user)
        self._forecast_at = 0.0
        self.dispatcher.wake()
        return await self.view(task)

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
        request: SynthesisRequest = await self._offload(self.make_request, task)
        weights = request.weights
        if task.weights_gpt is not None and task.weights_sovits is not None:
            weights = WeightsPair(task.weights_gpt, task.weights_sovits)
        request = replace(request, segments=(index,), seed=seed, weights=weights, priority=Priority.INTERACTIVE)
        speech = await self._synthesis.begin(request)
        if speech.started.segments != tuple(segment.text for segment in segments):
            await speech.aclose()
            raise TaskConflictError("the text is cut differently now: submit it as a new task")
        samples = to_pcm16(await speech.whole())
        done: SegmentDone = speech.segments[0]
        return (
            Spoken(index, samples, done.start, done.end, done.tokens, done.attempts, done.warning),
            speech.started.seed,
        )


def _segment(task: Task, segments: Sequence[Segment], index: int) -> Segment:
    if not 0 <= index < len(segments):
        raise TaskParameterError(f"task {task.task_id} has {len(segments)} segments, counted from 0; {index} is none")
    return segments[index]
