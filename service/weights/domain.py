"""Weights as a part of the service."""

from __future__ import annotations

from service.container import Container, Domain
from service.weights.catalogue import Catalogue
from service.weights.service import WeightsService


def build(container: Container) -> Domain:
    """Offer the weights' service."""
    settings = container.settings
    given = {"hubert": settings.hubert_path, "roberta": settings.bert_path}
    catalogue = Catalogue(settings.root, settings.weight_places, given)
    container.add(WeightsService, WeightsService(container, catalogue))
    return Domain()
