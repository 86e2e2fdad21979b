"""Experiments as a part of the service."""

from __future__ import annotations

from service.container import Container, Domain
from service.experiments.service import ExperimentService
from service.experiments.store import Experiments
from service.queue import Queue
from service.training.reading import TrainingReader


def build(container: Container) -> Domain:
    """Offer experiments to their routes."""
    places, settings = container.get(Queue).training.commands.places, container.settings
    experiments = Experiments(places, settings.within_root(settings.weights_roots))
    reader = TrainingReader(container.database.reading)
    container.add(ExperimentService, ExperimentService(container, experiments, reader))
    return Domain()
