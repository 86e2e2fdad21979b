"""Weights as a part of the service."""

from __future__ import annotations

from service.container import Container, Domain
from service.presence import Presence
from service.readiness import Readiness
from service.weights.catalogue import Catalogue
from service.weights.examination import Examiner
from service.weights.service import WeightsService
from service.weights.watch import Watch


class WeightsDomain(Domain):
    """Watches the files of weights."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    async def start(self) -> None:
        """Begin to watch."""
        await self._watch.start()

    async def stop(self) -> None:
        """End."""
        await self._watch.stop()


def build(container: Container) -> Domain:
    """Offer the weights' service, and what says whether speech is possible."""
    settings = container.settings
    presence = container.add(Presence, Presence.of(settings))
    container.add(Readiness, Readiness(container.engine, presence))
    examiner = container.add(Examiner, Examiner())
    catalogue = Catalogue(settings.root, settings.weight_places, presence, examiner)
    service = container.add(WeightsService, WeightsService(container, catalogue))
    return WeightsDomain(Watch(container, service, presence))
