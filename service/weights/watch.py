"""Files that come by themselves: noticed within seconds, told to the pages, and loaded where nothing speaks yet."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from anyio import to_thread

from GPT_SoVITS.engine.messages import EngineState, WeightsPair
from GPT_SoVITS.resources import load_manifest
from service.bus import ChangeBus
from service.container import Container
from service.presence import Presence
from service.weights.service import WeightsService

logger = logging.getLogger(__name__)

LOOK_S = 2.0

Seen = tuple[tuple[tuple[str, int, int], ...], tuple[str, ...]]
"""Weight files, each with its time and size, and the resources that are installed."""


class Watch:
    """Looks every two seconds. Used on one event loop.

    Args:
        container: Engine and bus.
        weights: Knows the files, and loads.
        presence: Says which resources are installed.
    """

    def __init__(self, container: Container, weights: WeightsService, presence: Presence) -> None:
        self._container, self._weights, self._presence = container, weights, presence
        self._looking: asyncio.Task[None] | None = None
        self._tried: tuple[WeightsPair, Seen] | None = None

    async def start(self) -> None:
        """Begin to look."""
        self._looking = asyncio.create_task(self._look(), name="weights-watch")

    async def stop(self) -> None:
        """End."""
        if self._looking is not None:
            self._looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._looking

    async def _look(self) -> None:
        known: Seen | None = None
        while True:
            try:
                found = await to_thread.run_sync(self._seen)
                if known is not None and found != known:
                    self._container.get(ChangeBus).publish("weights", "files")
                # Only what stood still between two looks is loaded: a file that grows is being copied.
                elif found == known:
                    await self._load_first(found)
                known = found
            except Exception:
                logger.exception("the weight folders could not be looked through, it will be tried again")
            await asyncio.sleep(LOOK_S)

    def _seen(self) -> Seen:
        here = tuple(each.id for each in load_manifest().resources if self._presence.has(each.id))
        return self._weights.signature(), here

    async def _load_first(self, found: Seen) -> None:
        """Load the weights that a start would choose; each state of the files is tried once.

        Only where there are none, or the ones that come with the program, which give way to any others.
        """
        status = self._container.engine.status()
        if status.state not in (EngineState.NO_WEIGHTS, EngineState.READY):
            return
        current = status.current.weights if status.current else None
        if not await to_thread.run_sync(self._weights.may_step_aside, current):
            return
        pair = await to_thread.run_sync(self._weights.initial)
        if pair is None or self._tried == (pair, found):
            return
        self._tried = (pair, found)
        logger.info("weights have come: loading %s and %s", pair.gpt, pair.sovits)
        try:
            await self._weights.load_first(pair)
        except Exception as error:  # the page shows what is wrong with the files; a new file is tried again
            logger.warning("the weights that have come cannot be used: %s", error)
