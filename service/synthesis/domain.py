"""Synthesis as a part of the service."""

from __future__ import annotations

from service.container import Container, Domain
from service.files.outputs import Outputs
from service.readiness import Readiness
from service.synthesis.service import SynthesisService
from service.synthesis.speakers import StoredSpeakers


def build(container: Container) -> Domain:
    """Offer speech to those who wait for it."""
    outputs = Outputs(container.folders.output)
    speakers = StoredSpeakers(container)
    demand = container.get(Readiness).demand
    synthesis = SynthesisService(container.engine, outputs, speakers, container.offload, demand)
    container.add(SynthesisService, synthesis)
    return Domain()
