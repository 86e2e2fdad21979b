"""Voice tasks as a part of the service: what they are made of, and the life of the worker in this process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.bus import ChangeBus
from service.container import Container, Domain
from service.jobs.manager import JobManager
from service.jobs.worker import WorkerSettings
from service.queue import KINDS, NEED_ENGINE, Queue, new_cleaning, new_worker, open_queue, show_figures, worker_settings
from service.readiness import Readiness
from service.speech.records import KIND, in_voice
from service.speech.results import TaskResults
from service.speech.segments import SegmentStore
from service.storage import least_free_bytes
from service.synthesis.service import SynthesisService
from service.synthesis.speakers import StoredSpeakers
from service.tasks.legacy import OldTasks
from service.tasks.service import Limits, TaskService
from service.tasks.views import Entries
from service.voices.store import VoiceStore


class TaskDomain(Domain):
    """Starts and ends the service of tasks, and with it the worker of this process.

    Args:
        service: Of tasks.
        container: Knows on whose disk there must be room.
        queue: What it works on.
    """

    def __init__(self, service: TaskService, container: Container, queue: Queue) -> None:
        self._service, self._places = service, worker_settings(container.settings).places
        self._broker = queue.broker
        self._cleaning = new_cleaning(queue, container) if service.worker is None else None

    async def start(self) -> None:
        """Put right what an interrupted run left, and begin to work."""
        await self._service.start()
        if self._cleaning is not None:
            await self._cleaning.start()
        if self._broker is not None:
            self._broker.relay.listeners.append(self._service.look)
            self._broker.start()

    async def drain(self) -> None:
        """Take no new task, finish the segments under way, hand back the rest."""
        if self._cleaning is not None:
            await self._cleaning.stop()
        await self._service.stop()
        if self._broker is not None:
            await self._broker.stop()

    async def stop(self) -> None:
        """End what :meth:`drain` has not ended."""
        await self._service.stop()

    def health(self) -> Mapping[str, Any]:
        """How much waits."""
        return {"queue_depth": self._service.depth}

    def obstacles(self) -> list[str]:
        """A disk that is full; the engine's own are told by the weights."""
        least, free = WorkerSettings.min_free_bytes, least_free_bytes(self._places)
        return [] if free >= least else [f"the disk is full: {free >> 20} MiB are left, {least >> 20} are needed"]


def build(container: Container) -> TaskDomain:
    """Open the queue, and offer it and what is made of it to the others."""
    settings, database, offload = container.settings, container.database, container.offload
    queue: Queue = open_queue(container, container.get(Readiness).demand)
    jobs = container.add(JobManager, container.add(Queue, queue).jobs)
    OldTasks(database, jobs, queue.speech.files.folders).take_over()
    mine = None if settings.engine else frozenset(KINDS) - NEED_ENGINE
    worker = new_worker(queue, container, mine) if settings.worker else None
    show_figures(queue, container, worker)
    service = TaskService(
        jobs=jobs,
        speech=queue.speech,
        speakers=StoredSpeakers(container),
        bell=queue.bell,
        bus=container.get(ChangeBus),
        offload=offload,
        limits=Limits(settings.waiting_limit, settings.text_limit),
        worker=worker,
    )
    container.add(TaskService, service)
    container.add(Entries, Entries())
    segments = SegmentStore(jobs, database.reading, queue.speech.files)
    synthesis = container.get(SynthesisService)
    container.add(TaskResults, TaskResults(jobs, segments, synthesis, queue.speech.requests.make, offload))

    def in_use(model_id: str) -> bool:
        return jobs.reader.any_under_way(KIND, in_voice(model_id))

    container.get(VoiceStore).guards.append(in_use)
    return TaskDomain(service, container, queue)
