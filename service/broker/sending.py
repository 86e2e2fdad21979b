"""Sending what is in the outbox: persistent, confirmed, in order, by one process at a time."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Sequence

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange
from aio_pika.exceptions import DeliveryError
from sqlalchemy.exc import SQLAlchemyError

from service.broker.outbox import LEASE_SECONDS, Lane, Outbox, Outgoing
from service.jobs.worker_names import new_worker_name
from service.threads import Offload

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0
_AGAIN_SECONDS = 0.2
_BATCH = 100
_CONFIRM_SECONDS = 20.0
KEPT_SECONDS = 86400.0
"""So long a message waits for somebody to bind a queue for it."""


class Sending:
    """A part of a :class:`service.broker.link.Link`.

    Args:
        outbox: What is to be sent.
        offload: Runs blocking work in a thread.
    """

    def __init__(self, outbox: Outbox, offload: Offload) -> None:
        self._outbox, self._offload = outbox, offload
        self._name = new_worker_name()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._written = asyncio.Event()
        self.sent = 0
        """Messages confirmed."""
        self.unroutable = 0
        """Messages dropped, since nobody bound a queue for them."""

    def wake(self) -> None:
        """Something was written; from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._written.set)

    async def serve(self, connection: AbstractConnection) -> None:
        """Send until cancelled."""
        self._loop = asyncio.get_running_loop()
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        pause = 0.0
        while True:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._written.wait(), pause)
            self._written.clear()
            try:
                pause = await self._round(channel)
            except SQLAlchemyError as error:
                logger.warning("the outbox cannot be read: %s", error)
                pause = _LOOK_SECONDS

    async def _round(self, channel: AbstractChannel) -> float:
        """Send everything that is there; return how long to wait before the next look."""
        if not await self._offload(self._outbox.any):
            return _LOOK_SECONDS
        if not await self._offload(self._outbox.begin, self._name):
            return _AGAIN_SECONDS
        try:
            while due := await self._offload(self._outbox.due, _BATCH):
                lanes = [self._lane(channel, lane, found) for lane, found in due.items()]
                for ended in await asyncio.gather(*lanes, return_exceptions=True):
                    if isinstance(ended, BaseException):
                        raise ended
                if not await self._offload(self._outbox.begin, self._name):
                    break
        finally:
            await asyncio.shield(asyncio.ensure_future(self._offload(self._outbox.end, self._name)))
        return _AGAIN_SECONDS if self._written.is_set() else _LOOK_SECONDS

    async def _lane(self, channel: AbstractChannel, lane: Lane, messages: Sequence[Outgoing]) -> None:
        """Send messages one after the other, each once the one before is confirmed."""
        exchange = await channel.get_exchange(lane[0], ensure=False)
        until = time.monotonic() + LEASE_SECONDS / 2  # then somebody else may send: say first that we live
        sent: list[int] = []
        try:
            for message in messages:
                if not await self._send(exchange, message):
                    await self._held_up(message, sent)
                    break
                sent.append(message.number)
                self.sent += 1
                if time.monotonic() > until:
                    break
        finally:
            await asyncio.shield(asyncio.ensure_future(self._offload(self._outbox.sent, list(sent))))

    @staticmethod
    async def _send(exchange: AbstractExchange, message: Outgoing) -> bool:
        """Send a message; False when nobody has bound a queue for it."""
        body = json.dumps(message.body, ensure_ascii=False).encode("utf-8", "replace")
        sealed = Message(
            body,
            content_type="application/json",
            content_encoding="utf-8",
            message_id=message.message_id,
            correlation_id=message.correlation_id,
            timestamp=int(message.at),
            delivery_mode=DeliveryMode.PERSISTENT,
        )
        try:
            await exchange.publish(sealed, message.routing_key, mandatory=True, timeout=_CONFIRM_SECONDS)
        except DeliveryError:
            return False
        return True

    async def _held_up(self, message: Outgoing, sent: list[int]) -> None:
        if message.at > time.time() - KEPT_SECONDS:
            await self._offload(self._outbox.hold_up, message)
            return
        logger.warning("nobody has bound a queue to %s with %s: dropped", message.exchange, message.routing_key)
        self.unroutable += 1
        sent.append(message.number)
