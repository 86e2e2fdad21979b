"""The queue for its callers: asynchronous, knows nothing of HTTP, never blocks the event loop."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from GPT_SoVITS.engine.interface import Engine
from GPT_SoVITS.engine.messages import EngineState, Priority, Progress, SynthesisRequest, WeightsPair
from service.synthesis.requests import Speakers, engine_request
from service.synthesis.texts import check_speakable
from service.tasks.bus import ChangeBus, Message
from service.tasks.dispatcher import Dispatcher
from service.tasks.errors import TaskConflictError, TextTooLongError
from service.tasks.estimate import Forecast, SpeedMeter
from service.tasks.files import TaskFiles
from service.tasks.identifiers import new_task_id
from service.tasks.known import Known
from service.tasks.records import Change, Happening, NewTask, Status, Task
from service.tasks.store import Choice
from service.tasks.work import WorkStore

logger = logging.getLogger(__name__)

Offload = Callable[..., Awaitable[Any]]
_FORECAST_SECONDS = 1.0
_PACE_SECONDS = 0.25
_LOOK_SECONDS = 0.5


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


class TaskService:
    """See the module. Used on one event loop.

    Args:
        store: The queue's table.
        dispatcher: Works on it.
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
        speakers: Speakers,
        engine: Engine,
        bus: ChangeBus,
        meter: SpeedMeter,
        offload: Offload,
        limits: Limits,
    ) -> None:
        self.store, self.dispatcher, self.bus, self.limits = store, dispatcher, bus, limits
        self._speakers, self._engine = speakers, engine
        self._meter, self.offload = meter, offload
        self._forecast = Forecast()
        self._forecast_at = 0.0
        self._forecast_lock = asyncio.Lock()
        self._pace: tuple[float, float | None] = (0.0, None)
        self.known = Known()
        self._tokens: dict[str, Progress] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._keeping_up: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to listen and to work."""
        self._loop = asyncio.get_running_loop()
        self.bus.listen(self._heard)
        await self.dispatcher.start()
        for loop in (self._refresh, self._look):
            self._keeping_up.append(asyncio.create_task(loop(), name=f"queue-{loop.__name__.strip('_')}"))

    async def _refresh(self) -> None:
        """Keep the depth of the queue known also while nobody asks for a task."""
        while True:
            try:
                await self._current_forecast()
            except Exception:
                logger.exception("the queue could not be counted, it will be tried again")
            await asyncio.sleep(2 * _FORECAST_SECONDS)

    async def _look(self) -> None:
        """Keep up with what other servers do to the tasks that are known here."""
        while True:
            try:
                began, after = self.known.now(), self.known.look_after()
                last, latest = await self.offload(self.store.latest, after)
                await self._tell_of_others(self.known.looked(began, last, latest))
            except Exception:  # until it works again, tasks are read from the database
                logger.exception("the story of the tasks could not be read, it will be tried again")
            await asyncio.sleep(_LOOK_SECONDS)

    async def _tell_of_others(self, changed: dict[str, int]) -> None:
        """Tell streams and the worker here what other servers did: task id -> number of what happened."""
        await self.dispatcher.changed_elsewhere(changed)
        followed = {task_id: number for task_id, number in changed.items() if self.bus.followed("task", task_id)}
        if followed:
            for change in await self.offload(self.store.changes, followed):
                self.bus.publish("task", change.happening.task_id, change)
        self.known.told(changed)

    async def stop(self) -> None:
        """Hand back what is under way and end all streams."""
        self.bus.close()
        for task in self._keeping_up:
            task.cancel()
        await self.dispatcher.stop()

    @property
    def depth(self) -> int:
        """Waiting tasks, as of a moment ago."""
        return len(self._forecast.position)

    @property
    def files(self) -> TaskFiles:
        """The folders."""
        return self.store.files

    # --- what changes ---

    def _heard(self, message: Message) -> None:
        """On whatever thread the change was made: whoever asks next is told of it."""
        if message.topic == "task":
            self.known.heard(message.payload)
        if self._loop is not None and not self._loop.is_closed() and message.topic in ("task", "progress"):
            self._loop.call_soon_threadsafe(self._note, message)

    def _note(self, message: Message) -> None:
        if message.topic == "progress":
            self._tokens[message.key] = message.payload
            return
        change: Change = message.payload
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
            ParameterError, TextTooLongError, TaskConflictError, TooManyTasksError, StorageFullError, and the voices'
            errors.
        """
        if len(fields["text"]) > self.limits.text_characters:
            raise TextTooLongError(
                f"the text has {len(fields['text'])} characters, the limit is {self.limits.text_characters}"
            )
        new = NewTask(task_id or new_task_id(), user_id, fields)
        task, created = await self.offload(self._submit, new)
        if created:
            self._forecast_at = 0.0
            self.dispatcher.wake()
        return await self.view(task), created

    def _submit(self, new: NewTask) -> tuple[Task, bool]:
        known = self.store.page(Choice(task_ids=(new.task_id,)), 1, 1)[0]
        if known and known[0].body_hash == new.body_hash:
            return known[0], False
        if not known and self.store.files.output_wav(new.user_id, new.task_id).exists():
            raise TaskConflictError(f"{new.task_id} names a result that /synthesize has kept: choose another id")
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
        task = self.known.get(task_id)
        if task is None:
            task, _ = await self.snapshot(task_id)
            task = self.known.get(task_id) or task
        return await self.view(task)

    async def exists(self, task_id: str) -> bool:
        """Whether there is such a task."""
        found: set[str] = await self.offload(self.store.existing, [task_id])
        return bool(found)

    async def page(self, choice: Choice, page: int, page_size: int) -> tuple[list[View], int]:
        """Return one page, newest first, and how many there are."""
        tasks, total = await self.offload(self.store.page, choice, page, page_size)
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
            forecast.seconds(task.task_id, self._rate()),
            None if tokens is None else (tokens.segment, tokens.tokens, tokens.expected),
        )

    def _rate(self) -> float | None:
        """Return characters a second, as of a moment ago; None while the engine cannot speak."""
        at, rate = self._pace
        if (now := time.monotonic()) - at > _PACE_SECONDS:
            rate = self._meter.rate() if self._engine.status().state is EngineState.READY else None
            self._pace = (now, rate)
        return rate

    async def _current_forecast(self) -> Forecast:
        if time.monotonic() - self._forecast_at > _FORECAST_SECONDS:
            async with self._forecast_lock:
                if time.monotonic() - self._forecast_at > _FORECAST_SECONDS:
                    self._forecast = await self.offload(self.store.forecast)
                    self._forecast_at = time.monotonic()
        return self._forecast

    async def snapshot(self, task_id: str) -> tuple[Task, int]:
        """Return a task as the database has it, and the number of the latest happening that it shows.

        Raises:
            TaskMissingError: there is none.
        """
        began = self.known.now()
        found: tuple[Task, int] = await self.offload(self.store.snapshot, task_id)
        self.known.read(*found, began)
        return found

    def owner_of(self, task_id: str) -> str | None:
        """Return whose task it is, if it was seen lately."""
        task = self.known.last(task_id)
        return None if task is None else task.user_id

    async def story(self, task_id: str, after: int = 0) -> list[Happening]:
        """Return what happened to a task, in order."""
        found: list[Happening] = await self.offload(self.store.story, task_id, after)
        return found

    async def happenings(self, after: int, most: int, user_id: str | None) -> list[Happening]:
        """Return what happened to all tasks (of a user) after a number, in order."""
        found: list[Happening] = await self.offload(self.store.happenings, after, most, user_id)
        return found

    async def last_number(self) -> int:
        """Return the number of the latest happening."""
        number: int = await self.offload(self.store.last_number)
        return number

    # --- changing ---

    async def cancel(self, task_id: str) -> View:
        """End a task that has not ended, within one decode step, as ``error`` with ``cancelled``.

        Raises:
            TaskMissingError, TaskConflictError.
        """
        task: Task = await self.offload(self.store.cancel, task_id)
        self.dispatcher.gone(task.key)
        self._forecast_at = 0.0
        return View(task)

    async def remove(self, task_id: str) -> None:
        """Remove a task with its files, cancelling it first if it has not ended.

        Raises:
            TaskMissingError: there is none.
        """
        task: Task = await self.offload(self.store.hide, task_id)
        self.dispatcher.gone(task.key)
        self._forecast_at = 0.0
        await self.offload(self.store.forget, task)

    async def retry(self, task_id: str) -> View:
        """Let a task that ended in an error wait again.

        Raises:
            TaskMissingError, TaskConflictError, TooManyTasksError.
        """
        task: Task = await self.offload(self.store.retry, task_id, self.limits.waiting_per_user)
        self._forecast_at = 0.0
        self.dispatcher.wake()
        return await self.view(task)
