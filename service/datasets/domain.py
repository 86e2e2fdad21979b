"""Datasets as a part of the service."""

from __future__ import annotations

from service.container import Container, Domain
from service.datasets.folders import Datasets
from service.datasets.service import DatasetService
from service.queue import Queue


def build(container: Container) -> Domain:
    """Offer datasets to their routes."""
    places = container.get(Queue).training.commands.places
    datasets = Datasets(places.datasets, container.settings.recording_limit)
    container.add(DatasetService, DatasetService(datasets, places))
    return Domain()
