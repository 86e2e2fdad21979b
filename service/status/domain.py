"""Watching the engine, so that pages hear of its ups and downs."""

from __future__ import annotations

import asyncio
import contextlib

from GPT_SoVITS.engine.messages import EngineState
from service.bus import ChangeBus
from service.container import Container, Domain
from service.weights.service import loading_facts

_INTERVAL_S = 0.5
_WHILE_LOADING_S = 0.2


class StatusDomain(Domain):
    """Announces every change of the engine's state or current weights, and how far a load of weights is."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to watch."""
        self._watching = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """End."""
        if self._watching is not None:
            self._watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watching

    async def _watch(self) -> None:
        bus, known, loading = self._container.get(ChangeBus), None, None
        device_known = self._container.device_known
        while True:
            status = self._container.engine.status()
            if device_known is not None and status.state is not EngineState.STARTING:
                device_known(status.device)
                device_known = None
            found = (status.state, status.detail, status.current.weights if status.current else None)
            if known is not None and found != known:
                bus.publish("engine", status.state.value)
            known = found
            if loading != (loading := loading_facts(status.loading, self._container.settings.root)):
                bus.publish("loading", "weights", {"loading": loading})
            await asyncio.sleep(_INTERVAL_S if loading is None else _WHILE_LOADING_S)


def build(container: Container) -> Domain:
    """Watch the engine."""
    return StatusDomain(container)
