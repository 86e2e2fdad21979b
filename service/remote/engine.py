"""An engine that is elsewhere: the interface of every engine, spoken by whichever worker is free."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

from aio_pika import Message
from aio_pika.abc import AbstractConnection, AbstractIncomingMessage

from GPT_SoVITS.engine.errors import EngineBusyError, EngineClosedError, EngineDiedError, EngineError
from GPT_SoVITS.engine.interface import Listener, tell
from GPT_SoVITS.engine.messages import (
    TERMINAL,
    EngineState,
    EngineStatus,
    Event,
    Failed,
    LoadedWeights,
    SynthesisRequest,
    WeightsPair,
)
from service.remote.codec import event_from, request_to, status_from
from service.remote.topology import (
    ALIVE,
    CANCEL,
    SPEAK_QUEUE,
    STATUS,
    TAKEN_WITHIN_SECONDS,
    engines,
    speak_queue,
)

logger = logging.getLogger(__name__)

SILENT_SECONDS = 10.0
"""A worker that says nothing for so long is lost, with what it spoke."""
_FRESH_SECONDS = 5.0
_LOOK_SECONDS = 0.5


@dataclass
class _Call:
    request: SynthesisRequest
    listener: Listener
    taken: bool = False
    heard: float = field(default_factory=time.monotonic)


class BrokerEngine:
    """An :class:`GPT_SoVITS.engine.interface.Engine`, and a part of a :class:`service.broker.link.Link`.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._calls: dict[str, _Call] = {}
        self._statuses: dict[str, tuple[float, EngineStatus]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._outgoing: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self._closed = False

    # --- as every engine ---

    def submit(self, request: SynthesisRequest, listener: Listener) -> None:
        """See :class:`Engine`."""
        with self._lock:
            if self._loop is not None and not self._closed:
                self._calls[request.request_id] = _Call(request, listener, heard=self._clock())
                self._loop.call_soon_threadsafe(self._outgoing.put_nowait, ("speak", request.request_id))
                return
        tell(listener, Failed(request.request_id, EngineClosedError("the broker that leads to engines is away")))

    def cancel(self, request_id: str) -> None:
        """See :class:`Engine`."""
        with self._lock:
            if self._loop is not None and request_id in self._calls:
                self._loop.call_soon_threadsafe(self._outgoing.put_nowait, (CANCEL, request_id))

    def load(self, weights: WeightsPair, *, make_current: bool = True) -> Future[LoadedWeights]:
        """Fail: every worker loads its own weights, those that a request names too."""
        future: Future[LoadedWeights] = Future()
        future.set_exception(EngineClosedError("this replica has no engine: switch weights where one runs"))
        return future

    def status(self) -> EngineStatus:
        """Return the status of an engine that is ready, where there is one, with what all of them do."""
        now = self._clock()
        with self._lock:
            fresh = [status for at, status in self._statuses.values() if now - at < _FRESH_SECONDS]
            led = self._loop is not None
        if not led:
            return EngineStatus(EngineState.STARTING, "the broker that leads to engines is away")
        if not fresh:
            return EngineStatus(EngineState.STARTING, "no worker with an engine has reported")
        best = min(fresh, key=lambda status: status.state is not EngineState.READY)
        return replace(
            best,
            active=sum(status.active for status in fresh),
            waiting=sum(status.waiting for status in fresh),
            tokens_per_second=sum(status.tokens_per_second for status in fresh),
            pid=None,
        )

    def close(self, timeout: float = 10.0) -> None:
        """End; what is under way fails."""
        self._closed = True
        self._fail_all(EngineClosedError("the engine is closed"))

    # --- on a connection ---

    async def serve(self, connection: AbstractConnection) -> None:
        """Lead requests there and events back until cancelled."""
        everybody = await connection.channel(publisher_confirms=False)
        exchange, told = await engines(everybody)
        await told.consume(self._told, no_ack=True)
        channel = await connection.channel()
        await speak_queue(channel)
        answers = await channel.declare_queue(exclusive=True, auto_delete=True)
        await answers.consume(self._answered, no_ack=True)
        with self._lock:
            self._loop = asyncio.get_running_loop()
        watch = asyncio.ensure_future(self._watch())
        try:
            while True:
                what, request_id = await self._outgoing.get()
                if what == CANCEL:
                    await exchange.publish(Message(b"", type=CANCEL, correlation_id=request_id), "", mandatory=False)
                elif (call := self._calls.get(request_id)) is not None:
                    sealed = Message(request_to(call.request), correlation_id=request_id, reply_to=answers.name)
                    await channel.default_exchange.publish(sealed, SPEAK_QUEUE)
        finally:
            watch.cancel()
            with self._lock:
                self._loop = None
            self._fail_all(EngineDiedError("the broker was lost"))

    async def _told(self, message: AbstractIncomingMessage) -> None:
        if message.type == STATUS and message.app_id:
            try:
                status = status_from(message.body)
            except ValueError as error:
                logger.debug("a status that cannot be read: %s", error)
                return
            with self._lock:
                self._statuses[message.app_id] = (self._clock(), status)

    async def _answered(self, message: AbstractIncomingMessage) -> None:
        request_id = str(message.correlation_id)
        call = self._calls.get(request_id)
        if call is None:
            return
        call.taken, call.heard = True, self._clock()
        if message.type == ALIVE:
            return
        try:
            segment = message.headers.get("segment", 0)
            event = event_from(request_id, str(message.type), message.body, int(str(segment)))
        except ValueError as error:
            logger.warning("an event of another engine cannot be read: %s", error)
            event = Failed(request_id, EngineDiedError("an event could not be read"))
        self._happened(call, event)

    def _happened(self, call: _Call, event: Event) -> None:
        if isinstance(event, TERMINAL):
            with self._lock:
                self._calls.pop(event.request_id, None)
        tell(call.listener, event)

    async def _watch(self) -> None:
        """Let fail what no engine takes, and what one took and speaks no more."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            now = self._clock()
            for request_id, call in list(self._calls.items()):
                if call.taken and now - call.heard > SILENT_SECONDS:
                    self._happened(call, Failed(request_id, EngineDiedError("the worker that spoke it was lost")))
                elif not call.taken and now - call.heard > TAKEN_WITHIN_SECONDS:
                    self._happened(call, Failed(request_id, EngineBusyError("no engine was free in time")))
            with self._lock:
                for name in [name for name, (at, _) in self._statuses.items() if now - at > 60 * _FRESH_SECONDS]:
                    del self._statuses[name]

    def _fail_all(self, error: EngineError) -> None:
        with self._lock:
            calls, self._calls = self._calls, {}
        for request_id, call in calls.items():
            tell(call.listener, Failed(request_id, error))
