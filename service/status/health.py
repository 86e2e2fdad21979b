"""What health and readiness say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, Field

from GPT_SoVITS.engine.messages import EngineState, EngineStatus
from service import __version__
from service.container import Container, Domain


class Readiness(BaseModel):
    """Whether a synthesis would run now."""

    ready: bool = Field(description="Whether it would.", examples=[True])
    obstacles: list[str] = Field(description="What is in the way, in words.", examples=[[]])


_WORDS = {
    EngineState.STARTING: "the engine is starting: weights are loading and graphs are compiled",
    EngineState.NO_WEIGHTS: "no usable weights are configured: fetch some with python -m GPT_SoVITS.resources fetch, "
    "or put them in GPT_weights/ and SoVITS_weights/ and choose them",
    EngineState.RESTARTING: "the engine process ended and is being started again",
    EngineState.CLOSED: "the engine is closed",
}


def health_of(container: Container, domains: Sequence[Domain]) -> dict[str, Any]:
    """Return the fields of ``/healthz`` that do not depend on the request."""
    status = container.engine.status()
    found: dict[str, Any] = {
        "version": __version__,
        "device": status.device,
        "model_version": status.current.version if status.current else None,
        "queue_depth": status.active + status.waiting,
        "weights_loaded": status.current is not None,
        "engine": status.state.value,
    }
    for domain in domains:
        found.update(domain.health())
    return found


def readiness_of(container: Container, domains: Sequence[Domain]) -> Readiness:
    """Return whether a synthesis would run, and why not."""
    obstacles = _of_engine(container.engine.status())
    if container.stopping.is_set():
        obstacles.append("the service is shutting down")
    for domain in domains:
        obstacles += domain.obstacles()
    return Readiness(ready=not obstacles, obstacles=obstacles)


def _of_engine(status: EngineStatus) -> list[str]:
    if status.state is EngineState.READY:
        return []
    words = _WORDS[status.state]
    return [f"{words} ({status.detail})" if status.detail else words]
