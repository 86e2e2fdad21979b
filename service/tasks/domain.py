"""The queue and synthesis as parts of the service: what they are made of, and their lives."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from service.container import Container, Domain
from service.synthesis.requests import Speakers
from service.synthesis.service import SynthesisService
from service.synthesis.speakers import StoredSpeakers
from service.tasks.bus import ChangeBus
from service.tasks.dispatcher import Dispatcher, DispatcherSettings, offload_to
from service.tasks.estimate import SpeedMeter
from service.tasks.figures import TaskFigures
from service.tasks.files import TaskFiles
from service.tasks.records import Change, Kind
from service.tasks.results import TaskResults
from service.tasks.service import Limits, TaskService
from service.tasks.views import Entries
from service.tasks.work import WorkStore
from service.voices.store import VoiceStore

logger = logging.getLogger(__name__)

THREADS = 32
_QUIET = frozenset({Kind.REMOVED})


class TaskDomain(Domain):
    """See the module."""

    def __init__(self, container: Container, service: TaskService, pool: ThreadPoolExecutor) -> None:
        self._container, self._service, self._pool = container, service, pool

    async def start(self) -> None:
        """Put right what an interrupted run left, and begin to work."""
        await self._service.start()

    async def drain(self) -> None:
        """Take no new task, finish the segments under way, hand back the rest."""
        await self._service.stop()

    async def stop(self) -> None:
        """End the threads."""
        await self._service.stop()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def health(self) -> Mapping[str, Any]:
        """How much waits."""
        return {"queue_depth": self._service.depth}

    def obstacles(self) -> list[str]:
        """A disk that is full; the engine's own are told by the weights."""
        least = self._service.dispatcher.settings.min_free_bytes
        free = self._service.store.files.free_bytes()
        return [] if free >= least else [f"the disk is full: {free >> 20} MiB are left, {least >> 20} are needed"]


class Announcer:
    """After every commit: tells the streams, and the task's log. Never fails."""

    def __init__(self, files: TaskFiles, bus: ChangeBus, figures: TaskFigures) -> None:
        self._files, self._bus, self._figures = files, bus, figures

    def __call__(self, change: Change) -> None:
        """Announce a change."""
        happening = change.happening
        self._bus.publish("task", happening.task_id, change)
        self._figures.count(change)
        if happening.kind in _QUIET or change.task is None:
            return
        detail = " ".join(f"{name}={value}" for name, value in happening.detail.items())
        try:
            self._files.append_log(
                happening.task_id, change.task.created_at, happening.at, happening.kind.value, detail
            )
        except OSError as error:
            logger.warning("the log of task %s cannot be written: %s", happening.task_id, error)


def build(container: Container) -> TaskDomain:
    """Make the queue and the synthesis service, and offer them to the others."""
    settings, bus = container.settings, container.get(ChangeBus)
    pool = ThreadPoolExecutor(THREADS, thread_name_prefix="queue")
    offload, meter = offload_to(pool), SpeedMeter()
    files = TaskFiles(container.folders.root)
    speakers: Speakers = StoredSpeakers(container)
    figures = TaskFigures(container.metrics)
    store = WorkStore(
        container.database.writing,
        container.database.reading,
        files,
        Announcer(files, bus, figures),
        max_attempts=settings.task_attempts,
    )
    synthesis = container.add(SynthesisService, SynthesisService(container.engine, files, speakers, offload))
    dispatcher = Dispatcher(
        store=store,
        engine=container.engine,
        make_request=lambda task: service.make_request(task),
        offload=offload,
        bus=bus,
        meter=meter,
        settings=DispatcherSettings(
            parallel=settings.concurrent_tasks,
            retention_seconds=settings.retention,
            grace_seconds=max(0.0, settings.shutdown_seconds - 2.0),
        ),
    )
    service = container.add(
        TaskService,
        TaskService(
            store=store,
            dispatcher=dispatcher,
            speakers=speakers,
            engine=container.engine,
            bus=bus,
            meter=meter,
            offload=offload,
            limits=Limits(settings.waiting_limit, settings.text_limit),
        ),
    )
    container.add(Entries, Entries())
    container.add(TaskResults, TaskResults(store, synthesis, service.make_request, offload))
    container.get(VoiceStore).guards.append(
        lambda model_id: "tasks that have not ended speak in it" if store.uses_voice(model_id) else None
    )
    return TaskDomain(container, service, pool)
