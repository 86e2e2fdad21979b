"""Taking messages from the queues of clients: acknowledged once they are settled in the database, not before."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from typing import Any

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage
from sqlalchemy.exc import SQLAlchemyError

from service.broker.inbox import Fate, Inbox, NotNowError, Settled
from service.broker.incoming import Incoming
from service.broker.topology import DEAD_EXCHANGE, start_queue
from service.database import CommitUnknownError, DatabaseBusyError
from service.threads import Offload

logger = logging.getLogger(__name__)

_PREFETCH = 8
"""Messages of one exchange in hand; a body may have megabytes."""
_PAUSE_SECONDS = 1.0
_AWAY = (SQLAlchemyError, CommitUnknownError, DatabaseBusyError, NotNowError, OSError)


class Consuming:
    """A part of a :class:`service.broker.link.Link`.

    Args:
        inbox: Settles messages.
        exchanges: Takes those of these.
        offload: Runs blocking work in a thread.
        accepted: Called when a message became a job.
    """

    def __init__(
        self, inbox: Inbox, exchanges: Collection[str], offload: Offload, accepted: Callable[[Settled], None]
    ) -> None:
        self._inbox, self._exchanges, self._offload, self._accepted = inbox, tuple(exchanges), offload, accepted
        self.counted: dict[Fate, int] = dict.fromkeys(Fate, 0)
        """What has become of messages."""
        self.redelivered = 0
        """Messages that came again."""

    async def serve(self, connection: AbstractConnection) -> None:
        """Take messages until cancelled."""
        await asyncio.gather(*(self._serve(connection, exchange) for exchange in self._exchanges))

    async def _serve(self, connection: AbstractConnection, exchange: str) -> None:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=_PREFETCH)
        queue = await channel.get_queue(start_queue(exchange))
        async with queue.iterator() as messages:
            async for message in messages:
                await self._take(channel, exchange, message)
        raise ConnectionError(f"the broker delivers no more from {queue.name}")

    async def _take(self, channel: AbstractChannel, exchange: str, message: AbstractIncomingMessage) -> None:
        incoming = _incoming(exchange, message)
        self.redelivered += incoming.redelivered
        settled = await self._settled(incoming)
        if settled.fate is Fate.REFUSED:
            await _bury(channel, message, settled.reason or "")
        await message.ack()
        self.counted[settled.fate] += 1
        if settled.fate is Fate.ACCEPTED:
            self._accepted(settled)

    async def _settled(self, incoming: Incoming) -> Settled:
        """Settle a message, however long the database or the disk lets wait: the broker keeps the others."""
        while True:
            try:
                settled: Settled = await self._offload(self._inbox.take, incoming)
                return settled
            except _AWAY as error:
                logger.warning("a message waits: %s", error)
            except Exception:
                logger.exception("a message of the exchange %s could not be taken", incoming.exchange)
                if not await self._tried(incoming):
                    given_up: Settled = await self._offload(self._inbox.give_up, incoming)
                    return given_up
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _tried(self, incoming: Incoming) -> bool:
        again: bool = await self._offload(self._inbox.tried, incoming)
        return again


def _incoming(exchange: str, message: AbstractIncomingMessage) -> Incoming:
    return Incoming(
        exchange=exchange,
        body=message.body,
        message_id=message.message_id or None,
        correlation_id=_short(message.correlation_id),
        charset=message.content_encoding or None,
        redelivered=bool(message.redelivered),
    )


def _short(text: Any) -> str | None:
    """Return what the database can keep of a client's text."""
    return str(text).replace("\0", "").encode(errors="replace").decode()[:255] or None if text else None


async def _bury(channel: AbstractChannel, message: AbstractIncomingMessage, reason: str) -> None:
    """Leave a copy among the dead letters, with where it came from and why; confirmed when this returns."""
    exchange = await channel.get_exchange(DEAD_EXCHANGE)
    copy = Message(
        message.body,
        headers={"x-exchange": message.exchange or "", "x-routing-key": message.routing_key or "", "x-reason": reason},
        content_type=message.content_type,
        content_encoding=message.content_encoding,
        message_id=message.message_id,
        correlation_id=message.correlation_id,
        delivery_mode=DeliveryMode.PERSISTENT,
    )
    await exchange.publish(copy, "", mandatory=True)
