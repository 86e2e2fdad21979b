"""Trainings as a part of the service. The worker of this process takes them with all other jobs."""

from __future__ import annotations

from service.bus import ChangeBus
from service.container import Container, Domain
from service.queue import Queue
from service.sessions.service import TrainingSessions
from service.training.reading import TrainingReader
from service.training.store import TrainingStore


def build(container: Container) -> Domain:
    """Offer trainings to their routes."""
    queue, reading = container.get(Queue), container.database.reading
    container.add(
        TrainingSessions,
        TrainingSessions(
            jobs=queue.jobs,
            trainings=queue.trainings,
            reader=TrainingReader(reading),
            store=TrainingStore(queue.jobs, reading),
            logs=queue.training.logs,
            places=queue.training.commands.places,
            bell=queue.bell,
            bus=container.get(ChangeBus),
            offload=container.offload,
            limit=container.settings.waiting_limit,
        ),
    )
    return Domain()
