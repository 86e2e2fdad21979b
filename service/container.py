"""What the parts of the service share, and what a part is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from prometheus_client import CollectorRegistry

from GPT_SoVITS.engine.interface import Engine
from service.database import Database
from service.folders import Folders
from service.settings import Settings
from service.tasks.bus import ChangeBus

T = TypeVar("T")


class Container:
    """Holds one instance of everything; parts ask it for each other's services by type.

    Attributes:
        settings: See :class:`Settings`.
        folders: Where data lie.
        database: Migrated when parts are built.
        engine: There when parts are built.
        metrics: Parts may add theirs.
        end: Ends the server; None where it is not ours.
        restart: Whether whoever runs the server is to start it again once it has stopped.
        device_known: Called once, with the engine's device, when it is known.
        stopping: Set when the server was told to stop; long answers (event streams) end themselves then.
    """

    def __init__(
        self, settings: Settings, folders: Folders, database: Database, engine: Engine, metrics: CollectorRegistry
    ) -> None:
        self.settings, self.folders, self.database, self.engine = settings, folders, database, engine
        self.metrics = metrics
        self.stopping = asyncio.Event()
        self.device_known: Callable[[str], None] | None = None
        self.end: Callable[[], None] | None = None
        self.restart = False
        self._services: dict[type[Any], object] = {}
        self.add(ChangeBus, ChangeBus())

    def add(self, kind: type[T], service: T) -> T:
        """Offer a service to the others."""
        self._services[kind] = service
        return service

    def get(self, kind: type[T]) -> T:
        """Return a service; KeyError when no part offers it."""
        return cast(T, self._services[kind])


class Domain:
    """A part of the service. ``service/<name>/domain.py`` has ``build(container) -> Domain``, ``router.py`` ``router``.

    Parts are built and started in the order of :data:`service.app.PARTS`, and stopped in the opposite one.
    """

    async def start(self) -> None:
        """Begin to work: after all parts are built, before the first request."""

    async def drain(self) -> None:
        """The server was told to stop: take no new work, finish or hand back what runs, in ``shutdown_seconds``."""

    async def stop(self) -> None:
        """End: no request is under way any more."""

    def health(self) -> Mapping[str, Any]:
        """Return fields of ``/healthz``; must not block."""
        return {}

    def obstacles(self) -> list[str]:
        """Return why a synthesis would not run now, in words; must not block."""
        return []
