"""What health and readiness say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, Field

from service import __version__
from service.container import Container, Domain
from service.readiness import Readiness, told
from service.starter import is_starter, languages_of_starter
from service.words import said


class Ready(BaseModel):
    """Whether a synthesis would run now."""

    ready: bool = Field(description="Whether it would, in one language at least or in the one asked for.")
    obstacles: list[str] = Field(description="What is in the way, in words.", examples=[[]])
    notes: list[str] = Field(description="What else is to be known, in words.", examples=[[]])
    languages: dict[str, Any] = Field(
        description="zh, en, ja, ko, yue: whether a sentence would be spoken, and what is lacking.",
        examples=[{"zh": {"ready": True}}],
    )


def health_of(container: Container, domains: Sequence[Domain]) -> dict[str, Any]:
    """Return the fields of ``/healthz`` that do not depend on the request."""
    status = container.engine.status()
    found: dict[str, Any] = {
        "version": __version__,
        "device": status.device,
        "model_version": status.current.version if status.current else None,
        "queue_depth": status.active + status.waiting,
        "weights_loaded": status.current is not None,
        "starter": is_starter(status.current.weights if status.current else None),
        "engine": status.state.value,
        "computing": {"decoder": status.decode_backend, "vocoder": status.vocoder, "sampler": status.sampler},
        "languages": told(container.get(Readiness).by_language()),
        "limits": {"text": container.settings.text_limit, "upload": container.settings.upload_limit},
    }
    for domain in domains:
        found.update(domain.health())
    return found


def readiness_of(container: Container, domains: Sequence[Domain], language: str | None = None) -> Ready:
    """Return whether a synthesis would run, and why not.

    Args:
        container: Engine and readiness.
        domains: May have obstacles of their own.
        language: Of the sentence; None asks for any language.
    """
    readiness = container.get(Readiness)
    by_language = readiness.by_language()
    asked = by_language if language is None else {language: by_language[language]}
    lacks = {lack.text(): lack for lack in asked.values() if lack is not None}
    obstacles = list(lacks) if all(asked.values()) else []
    if container.stopping.is_set():
        obstacles.append("the service is shutting down")
    for domain in domains:
        obstacles += domain.obstacles()
    spoken = languages_of_starter(container.engine.status().current)
    notes = [said("starter_speaks", spoken=", ".join(spoken)).text()] if spoken else []
    return Ready(ready=not obstacles, obstacles=obstacles, languages=told(by_language), notes=notes)
