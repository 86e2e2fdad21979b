"""The dialects as a part of the service."""

from __future__ import annotations

from service.compatibility.speaking import DialectSpeech
from service.compatibility.stored import StoredVoices
from service.container import Container, Domain
from service.synthesis.service import SynthesisService
from service.synthesis.speakers import StoredSpeakers
from service.weights.service import WeightsService


def build(container: Container) -> Domain:
    """Offer what the dialects' routes need."""
    dialects = DialectSpeech(
        container,
        container.get(SynthesisService),
        StoredSpeakers(container),
        StoredVoices(container),
        container.get(WeightsService).switch,
    )
    container.add(DialectSpeech, dialects)
    return Domain()
