"""The engine of a worker, for replicas that have none."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from functools import partial

from aio_pika import Message
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, AbstractIncomingMessage

from GPT_SoVITS.engine.errors import EngineClosedError, InvalidRequestError
from GPT_SoVITS.engine.interface import Engine, Listener
from GPT_SoVITS.engine.messages import TERMINAL, EngineState, Event, Failed, SynthesisRequest
from service.errors import ServiceError
from service.jobs.worker_names import new_worker_name
from service.remote.codec import event_to, request_from, status_to
from service.remote.topology import ALIVE, CANCEL, STATUS, engines, speak_queue
from service.threads import Offload

logger = logging.getLogger(__name__)

TOLD_EVERY_SECONDS = 1.0


class EngineServing:
    """A part of a :class:`service.broker.link.Link`.

    Args:
        engine: Speaks.
        parallel: Requests of others at once.
        check: Raises ServiceError for a request that names files outside of the folders for them. Blocks.
        offload: Runs blocking work in a thread.
    """

    def __init__(
        self, engine: Engine, parallel: int, check: Callable[[SynthesisRequest], None], offload: Offload
    ) -> None:
        self._engine, self._parallel, self._check, self._offload = engine, parallel, check, offload
        self._name = new_worker_name()
        self._spoken: dict[str, tuple[str, asyncio.Task[None]]] = {}

    async def serve(self, connection: AbstractConnection) -> None:
        """Take requests until cancelled; what is under way then is cancelled too."""
        try:
            everybody = await connection.channel(publisher_confirms=False)
            exchange, queue = await engines(everybody)
            await queue.consume(self._heard, no_ack=True)
            answers = await connection.channel(publisher_confirms=False)
            await asyncio.gather(self._tell(exchange, answers), self._take(connection, answers))
        finally:
            for request_id, (_, task) in list(self._spoken.items()):
                self._engine.cancel(request_id)
                task.cancel()
            self._spoken.clear()

    async def _tell(self, exchange: AbstractExchange, answers: AbstractChannel) -> None:
        """Say how the engine is, and to who waits that it is still spoken."""
        while True:
            status = Message(status_to(self._engine.status()), type=STATUS, app_id=self._name)
            await exchange.publish(status, "", mandatory=False)
            for request_id, (reply_to, _) in list(self._spoken.items()):
                alive = Message(b"", type=ALIVE, correlation_id=request_id)
                await answers.default_exchange.publish(alive, reply_to, mandatory=False)
            await asyncio.sleep(TOLD_EVERY_SECONDS)

    async def _heard(self, message: AbstractIncomingMessage) -> None:
        if message.type == CANCEL and message.correlation_id in self._spoken:
            self._engine.cancel(str(message.correlation_id))

    async def _take(self, connection: AbstractConnection, answers: AbstractChannel) -> None:
        """Take requests while the engine is ready, as many at once as it should speak for others."""
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=self._parallel)
        queue = await speak_queue(channel)
        tag: str | None = None
        while True:
            ready = self._engine.status().state is EngineState.READY
            if ready and tag is None:
                tag = await queue.consume(partial(self._begin, answers))
            elif not ready and tag is not None:
                await queue.cancel(tag)
                tag = None
            await asyncio.sleep(TOLD_EVERY_SECONDS / 4)

    async def _begin(self, answers: AbstractChannel, message: AbstractIncomingMessage) -> None:
        request_id, reply_to = str(message.correlation_id), str(message.reply_to)
        task = asyncio.get_running_loop().create_task(self._speak(answers, message, request_id, reply_to))
        self._spoken[request_id] = (reply_to, task)
        task.add_done_callback(lambda _: self._spoken.pop(request_id, None))

    async def _speak(
        self, answers: AbstractChannel, message: AbstractIncomingMessage, request_id: str, reply_to: str
    ) -> None:
        """Speak one request. It is acknowledged at its end: as many are in hand as may be spoken at once."""
        events: asyncio.Queue[Event] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        if message.redelivered:  # whoever had it before may have sent some of its audio already
            events.put_nowait(Failed(request_id, EngineClosedError("the worker that spoke it was lost")))
        else:

            def listen(event: Event) -> None:  # from threads of the engine
                if not loop.is_closed():
                    loop.call_soon_threadsafe(events.put_nowait, event)

            await self._submit(message.body, request_id, listen)
        with contextlib.suppress(ConnectionError):
            while True:
                event = await events.get()
                name, body, segment = event_to(event)
                sealed = Message(body, type=name, correlation_id=request_id, headers={"segment": segment})
                await answers.default_exchange.publish(sealed, reply_to, mandatory=False)
                if isinstance(event, TERMINAL):
                    break
        await message.ack()

    async def _submit(self, body: bytes, request_id: str, listen: Listener) -> None:
        try:
            request = request_from(body)
            await self._offload(self._check, request)
        except (ValueError, ServiceError) as error:
            listen(Failed(request_id, InvalidRequestError(str(error)[:1000])))
            return
        self._engine.submit(request, listen)
