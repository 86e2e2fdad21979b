"""Dictionaries as a part of the service."""

from __future__ import annotations

from service.container import Container, Domain
from service.dictionaries.store import Dictionaries
from service.voices.store import VoiceStore


def build(container: Container) -> Domain:
    """Offer the dictionaries."""
    lock = container.folders.audio / ".dictionary.lock"
    container.add(Dictionaries, Dictionaries(container.settings.dictionary, container.get(VoiceStore), lock))
    return Domain()
