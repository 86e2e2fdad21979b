"""What the parts of the service share, and what a part is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

from prometheus_client import CollectorRegistry

from GPT_SoVITS.engine.interface import Engine
from service.bus import ChangeBus
from service.database import Database
from service.files.carrier import FileCarrier
from service.folders import Folders
from service.settings import Settings
from service.threads import Offload, offload_to

T = TypeVar("T")
THREADS, WORKING_THREADS = 32, 16


class Container:
    """Holds one instance of everything; parts ask it for each other's services by type.

    Attributes:
        settings: See :class:`Settings`.
        folders: Where data lie.
        database: Migrated when parts are built.
        engine: There when parts are built.
        metrics: Parts may add theirs.
        offload: Runs blocking work in one of a few threads, but for what writes to the database: that has its own,
            see :func:`service.threads.writing`.
        working: As ``offload``, for the worker on the queue, whose signs of life wait for no client.
        end: Ends the server; None where it is not ours.
        restart: Whether whoever runs the server is to start it again once it has stopped.
        device_known: Called once, with the engine's device, when it is known.
        stopping: Set when the server was told to stop; long answers (event streams) end themselves then.
    """

    def __init__(
        self,
        settings: Settings,
        folders: Folders,
        database: Database,
        engine: Engine,
        metrics: CollectorRegistry,
        carrier: FileCarrier | None = None,
    ) -> None:
        self.settings, self.folders, self.database, self.engine = settings, folders, database, engine
        self.metrics = metrics
        self.stopping = asyncio.Event()
        self._pools: list[ThreadPoolExecutor] = []
        self.offload = self._threads(THREADS, "service")
        self.working = self._threads(WORKING_THREADS, "working")
        self.device_known: Callable[[str], None] | None = None
        self.end: Callable[[], None] | None = None
        self.restart = False
        self._services: dict[type[Any], object] = {}
        self.add(ChangeBus, ChangeBus())
        self.add(FileCarrier, FileCarrier() if carrier is None else carrier)

    def add(self, kind: type[T], service: T) -> T:
        """Offer a service to the others."""
        self._services[kind] = service
        return service

    def get(self, kind: type[T]) -> T:
        """Return a service; KeyError when no part offers it."""
        return cast(T, self._services[kind])

    def _threads(self, number: int, name: str) -> Offload:
        self._pools.append(ThreadPoolExecutor(number, thread_name_prefix=name))
        return offload_to(self._pools[-1])

    def close(self) -> None:
        """End the threads."""
        for pool in self._pools:
            pool.shutdown(wait=False, cancel_futures=True)


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
