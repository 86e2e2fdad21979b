"""The engine as its callers see it: the same in a thread, in another process, and in the fake of the tests."""

from __future__ import annotations

import asyncio
import logging
import queue
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import Future
from typing import Protocol

from GPT_SoVITS.engine.messages import TERMINAL, EngineStatus, Event, LoadedWeights, SynthesisRequest, WeightsPair

logger = logging.getLogger(__name__)

Listener = Callable[[Event], None]


def tell(listener: Listener, event: Event) -> None:
    """Hand an event over; a listener that fails is its owner's trouble, not the other requests'."""
    try:
        listener(event)
    except Exception:
        logger.exception("the listener of request %s failed", event.request_id)


class Engine(Protocol):
    """Speaks any number of requests at once. Every method may be called from any thread and returns at once."""

    def submit(self, request: SynthesisRequest, listener: Listener) -> None:
        """Accept a request.

        ``listener`` gets its events in order, the last one terminal (:data:`TERMINAL`), from a thread of the engine;
        it must not block. Errors come as :class:`Failed`, never as an exception of this call.
        """

    def cancel(self, request_id: str) -> None:
        """End a request within one decode step; it answers with :class:`Cancelled` unless it has ended already."""

    def load(self, weights: WeightsPair, *, make_current: bool = True) -> Future[LoadedWeights]:
        """Load weights beside the others; when they are ready, make them the current ones.

        The future raises :class:`WeightsMissingError`, :class:`WeightsInvalidError` or :class:`MemoryBudgetError`;
        then everything is as before.
        """

    def status(self) -> EngineStatus:
        """Return what is known now, without waiting."""

    def close(self, timeout: float = 10.0) -> None:
        """Stop. Requests under way get ``timeout`` seconds to finish, the others :class:`EngineClosedError`."""


def stream(engine: Engine, request: SynthesisRequest) -> Iterator[Event]:
    """Submit a request and yield its events; closing the iterator early cancels it.

    The engine does not wait for whoever iterates: events that are not taken stay in memory, at most the request's whole
    audio (128 KB a second at 32 kHz) and ten progress events a second of each of its segments. Let a caller who may be
    slow for ever, such as an HTTP client, have a time limit, and close the iterator when it is over.
    """
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    engine.submit(request, events.put)
    ended = False
    try:
        while not ended:
            event = events.get()
            ended = isinstance(event, TERMINAL)
            yield event
    finally:
        if not ended:
            engine.cancel(request.request_id)


async def astream(engine: Engine, request: SynthesisRequest) -> AsyncGenerator[Event, None]:
    """As :func:`stream`, for asyncio."""
    loop = asyncio.get_running_loop()
    events: asyncio.Queue[Event] = asyncio.Queue()

    def listen(event: Event) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(events.put_nowait, event)

    engine.submit(request, listen)
    ended = False
    try:
        while not ended:
            event = await events.get()
            ended = isinstance(event, TERMINAL)
            yield event
    finally:
        if not ended:
            engine.cancel(request.request_id)
