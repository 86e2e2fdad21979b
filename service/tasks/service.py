"""The queue for its callers: asynchronous, knows nothing of HTTP, never blocks the event loop."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from GPT_SoVITS.engine.messages import Progress
from service.bus import ChangeBus, Message
from service.errors import ServiceError
from service.identifiers import new_task_id
from service.jobs.bells import Bell
from service.jobs.estimate import Forecast
from service.jobs.follower import EventFollower
from service.jobs.job_cache import JobCache
from service.jobs.manager import JobManager
from service.jobs.reader import Choice
from service.jobs.records import Change, Job, JobEvent, Status
from service.jobs.worker import Worker
from service.speech.errors import TextTooLongError
from service.speech.kind import SpeechKind
from service.speech.records import KIND, NOUN, new_speech
from service.synthesis.requests import Speakers
from service.tasks.search import Searched, search
from service.threads import Offload, writing

logger = logging.getLogger(__name__)

_FORECAST_SECONDS = 1.0
_PACE_SECONDS = 0.25


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

    task: Job
    position: int | None = None
    eta_seconds: float | None = None
    tokens: tuple[int, int, int] | None = None


class TaskService:
    """Speech of the queue: submitting, finding, following, ending. Used on one event loop.

    Args:
        jobs: The queue.
        speech: The kind; knows whether and how fast the engine speaks.
        speakers: Know what people remember of a voice.
        bell: Wakes workers.
        bus: Announces.
        offload: Runs blocking work in a thread.
        limits: What a user may ask for.
        worker: Works on the queue in this process; None where others do.
    """

    def __init__(
        self,
        *,
        jobs: JobManager,
        speech: SpeechKind,
        speakers: Speakers,
        bell: Bell,
        bus: ChangeBus,
        offload: Offload,
        limits: Limits,
        worker: Worker | None,
    ) -> None:
        self.jobs, self.worker, self.bus, self.limits = jobs, worker, bus, limits
        self._speech, self._speakers, self._bell = speech, speakers, bell
        self._offload = offload
        self._forecast = Forecast()
        self._forecast_at = 0.0
        self._forecast_lock = asyncio.Lock()
        self._pace: tuple[float, float | None] = (0.0, None)
        self.cache = JobCache()
        self._follower = EventFollower(jobs.events, self.cache, offload)
        self._follower.listeners.append(self._tell_of_others)
        self._tokens: dict[str, Progress] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._keeping_up: list[asyncio.Task[None]] = []

    def look(self) -> None:
        """Another process has changed something: look at the event log at once."""
        self._follower.look()

    async def start(self) -> None:
        """Begin to listen and to work."""
        self._loop = asyncio.get_running_loop()
        self.bus.listen(self._heard)
        if self.worker is not None:
            await self.worker.start()
        for name, loop in (("refresh", self._refresh()), ("follow", self._follower.follow())):
            self._keeping_up.append(asyncio.create_task(loop, name=f"queue-{name}"))

    async def _refresh(self) -> None:
        """Keep the depth of the queue known also while nobody asks for a task."""
        while True:
            try:
                await self._current_forecast()
            except Exception:
                logger.exception("the queue could not be counted, it will be tried again")
            await asyncio.sleep(2 * _FORECAST_SECONDS)

    async def _tell_of_others(self, changed: Mapping[str, int]) -> None:
        """Tell streams and the worker here what other processes did: job id -> number of what happened."""
        if self.worker is not None:
            await self.worker.changed_elsewhere(changed)
        followed = {job_id: number for job_id, number in changed.items() if self.bus.followed(NOUN, job_id)}
        if followed:
            for change in await self._offload(self.jobs.events.changes, followed):
                self.bus.publish(self.jobs.kinds[change.event.kind].noun, change.event.job_id, change)

    async def stop(self) -> None:
        """Hand back what is under way and end all streams."""
        self.bus.close()
        for task in self._keeping_up:
            task.cancel()
        if self.worker is not None:
            await self.worker.stop()
        self._bell.close()

    @property
    def depth(self) -> int:
        """Waiting tasks, as of a moment ago."""
        return len(self._forecast.position)

    # --- what changes ---

    def _heard(self, message: Message) -> None:
        """On whatever thread the change was made: whoever asks next is told of it."""
        if message.topic == NOUN:
            self.cache.heard(message.payload)
        if self._loop is not None and not self._loop.is_closed() and message.topic in (NOUN, "progress"):
            self._loop.call_soon_threadsafe(self._note, message)

    def _note(self, message: Message) -> None:
        if message.topic == "progress":
            self._tokens[message.key] = message.payload
            return
        change: Change = message.payload
        if change.job is None or change.job.status is not Status.RUN:
            self._tokens.pop(message.key, None)

    # --- accepting ---

    async def submit(self, user_id: str, task_id: str | None, fields: dict[str, Any]) -> View:
        """Accept a task; it is on disk when this returns.

        Args:
            user_id: Whose.
            task_id: Its name; None makes one.
            fields: Of :class:`service.synthesis.fields.SpeechFields`, defaults filled in.

        Returns:
            The task; it may be one that was submitted before.

        Raises:
            ParameterError, TextTooLongError, JobConflictError, TooManyJobsError, StorageFullError, and the voices'
            errors.
        """
        if len(fields["text"]) > self.limits.text_characters:
            raise TextTooLongError("text_too_long", found=len(fields["text"]), limit=self.limits.text_characters)
        new = new_speech(task_id or new_task_id(), user_id, fields)
        task, created = await writing(self.jobs.admission.accept, new, self.limits.waiting_per_user)
        if created:
            self._changed()
        return await self.view(task)

    def _changed(self) -> None:
        """The queue is another one now: estimates are made anew."""
        self._forecast_at = 0.0

    # --- finding ---

    async def find(self, task_id: str) -> View:
        """Return one task.

        Raises:
            JobMissingError: there is none.
        """
        task = self.cache.get(task_id)
        if task is None:
            task, _ = await self.snapshot(task_id)
            task = self.cache.get(task_id) or task
        return await self.view(task)

    async def page(self, choice: Choice, page: int, page_size: int) -> tuple[list[View], int]:
        """Return one page, newest first, and how many there are."""
        tasks, total = await self._offload(self.jobs.reader.page, KIND, choice, page, page_size)
        return [await self.view(task) for task in tasks], total

    async def searched(self, words: str, choice: Choice, page: int, page_size: int) -> tuple[list[View], int]:
        """As :meth:`page`, of the tasks in which words are found: see :func:`service.tasks.search.search`."""
        found: list[Job] = await self._offload(self._search, words, choice)
        shown = found[(page - 1) * page_size : page * page_size]
        return [await self.view(task) for task in shown], len(found)

    def _search(self, words: str, choice: Choice) -> list[Job]:
        def voice(model_id: str) -> Searched | None:
            try:
                speaker = self._speakers.speaker(model_id)
            except ServiceError:
                return None
            return Searched(speaker.name, speaker.text)

        return search(words, lambda page, size: self.jobs.reader.page(KIND, choice, page, size), voice)

    async def view(self, task: Job) -> View:
        """Return a task with its place in the queue and its estimate."""
        if task.ended:
            return View(task)
        forecast = await self._current_forecast()
        tokens = self._tokens.get(task.job_id)
        return View(
            task,
            forecast.position.get(task.job_id) if task.status is Status.WAIT else None,
            forecast.seconds(task.job_id, self._rate()),
            None if tokens is None else (tokens.segment, tokens.tokens, tokens.expected),
        )

    def _rate(self) -> float | None:
        """Return characters a second, as of a moment ago; None while the engine cannot speak."""
        at, rate = self._pace
        if (now := time.monotonic()) - at > _PACE_SECONDS:
            rate = self._speech.meter.rate() if self._speech.ready() else None
            self._pace = (now, rate)
        return rate

    async def _current_forecast(self) -> Forecast:
        if time.monotonic() - self._forecast_at > _FORECAST_SECONDS:
            async with self._forecast_lock:
                if time.monotonic() - self._forecast_at > _FORECAST_SECONDS:
                    self._forecast = await self._offload(self.jobs.reader.forecast, KIND)
                    self._forecast_at = time.monotonic()
        return self._forecast

    async def snapshot(self, task_id: str) -> tuple[Job, int]:
        """Return a task as the database has it, and the number of the latest event that it shows.

        Raises:
            JobMissingError: there is none.
        """
        began = self.cache.now()
        found: tuple[Job, int] = await self._offload(self.jobs.reader.snapshot, KIND, task_id)
        self.cache.read(*found, began)
        return found

    def owner_of(self, task_id: str) -> str | None:
        """Return whose task it is, if it was seen lately."""
        task = self.cache.last(task_id)
        return None if task is None else task.user_id

    async def events_of(self, task_id: str, after: int = 0) -> list[JobEvent]:
        """Return what happened to a task, in order."""
        found: list[JobEvent] = await self._offload(self.jobs.events.of_job, task_id, after)
        return found

    async def events_after(self, number: int, most: int, user_id: str | None) -> list[JobEvent]:
        """Return what happened to all tasks (of a user) after a number, in order."""
        found: list[JobEvent] = await self._offload(self.jobs.events.after, KIND, number, most, user_id)
        return found

    async def last_number(self) -> int:
        """Return the number of the latest event."""
        number: int = await self._offload(self.jobs.events.last_number)
        return number

    # --- changing ---

    async def cancel(self, task_id: str) -> View:
        """End a task that has not ended, within one decode step, as ``error`` with ``cancelled``.

        Raises:
            JobMissingError, JobConflictError.
        """
        task: Job = await writing(self.jobs.endings.cancel, KIND, task_id)
        self._gone(task)
        return View(task)

    async def remove(self, task_id: str) -> None:
        """Remove a task with its files, cancelling it first if it has not ended.

        Raises:
            JobMissingError: there is none.
        """
        task: Job = await writing(self.jobs.endings.hide, KIND, task_id)
        self._gone(task)
        try:
            await writing(self.jobs.endings.forget, task)
        except (OSError, SQLAlchemyError, ServiceError) as error:
            logger.warning("%s is removed; what is left of it goes with the next sweep: %s", task_id, error)

    def _gone(self, task: Job) -> None:
        if self.worker is not None:
            self.worker.gone(task.key)
        self._forecast_at = 0.0

    async def retry(self, task_id: str) -> View:
        """Let a task that ended in an error wait again.

        Raises:
            JobMissingError, JobConflictError, TooManyJobsError.
        """
        task: Job = await writing(self.jobs.admission.retry, KIND, task_id, self.limits.waiting_per_user)
        self._changed()
        return await self.view(task)
