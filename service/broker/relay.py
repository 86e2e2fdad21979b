"""What happens in one process, told to all others: by a fan-out exchange, beside the event log that everybody reads.

The log is what counts. A message that does not come costs the half second until the next look at the log; only
progress within a step, which is nowhere else, is missed then.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from aio_pika import Message as Sealed
from aio_pika.abc import AbstractChannel, AbstractConnection

from service.broker.topology import EVENTS_EXCHANGE
from service.bus import ChangeBus, Message
from service.jobs.worker_names import new_worker_name

logger = logging.getLogger(__name__)

_LONGEST_BODY = 64 << 10
_MOST_PENDING = 1000
_APART_SECONDS = 0.2
"""Between two messages about the progress of one job."""


class Relay:
    """A part of a :class:`service.broker.link.Link`.

    Args:
        bus: Its messages are told to others, and theirs are published on it.
        changes: Topics under which committed changes are announced: others are only told to look.
        written: How the payloads of other topics are written and read: topic -> (to JSON, from JSON).
    """

    def __init__(
        self,
        bus: ChangeBus,
        changes: frozenset[str],
        written: Mapping[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]],
    ) -> None:
        self._bus, self._changes, self._written = bus, changes, written
        self._name = new_worker_name()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pending: asyncio.Queue[bytes] = asyncio.Queue(_MOST_PENDING)
        self._last: dict[tuple[str, str], float] = {}
        self._repeating = False
        self.listeners: list[Callable[[], None]] = []
        """Called on the event loop when another process has committed something."""
        bus.listen(self._heard)

    # --- from here ---

    def _heard(self, message: Message) -> None:
        loop = self._loop
        if loop is None or loop.is_closed() or self._repeating:
            return
        if message.topic in self._changes:
            loop.call_soon_threadsafe(self._put, {"topic": "changed"})
        elif message.topic in self._written and self._is_time(message):
            payload = self._written[message.topic][0](message.payload)
            loop.call_soon_threadsafe(self._put, {"topic": message.topic, "key": message.key, "payload": payload})

    def _is_time(self, message: Message) -> bool:
        now, key = time.monotonic(), (message.topic, message.key)
        if now - self._last.get(key, 0.0) < _APART_SECONDS:
            return False
        if len(self._last) > _MOST_PENDING:
            self._last.clear()
        self._last[key] = now
        return True

    def _put(self, told: dict[str, Any]) -> None:
        if not self._pending.full():
            self._pending.put_nowait(json.dumps({"from": self._name, **told}, ensure_ascii=False).encode())

    # --- on a connection ---

    async def serve(self, connection: AbstractConnection) -> None:
        """Tell and be told until cancelled."""
        self._loop = asyncio.get_running_loop()
        try:
            sending = self._send(await connection.channel(publisher_confirms=False))
            await asyncio.gather(sending, self._receive(await connection.channel()))
        finally:
            self._loop = None

    async def _send(self, channel: AbstractChannel) -> None:
        exchange = await channel.get_exchange(EVENTS_EXCHANGE)
        while True:
            await exchange.publish(Sealed(await self._pending.get()), "", mandatory=False)

    async def _receive(self, channel: AbstractChannel) -> None:
        exchange = await channel.get_exchange(EVENTS_EXCHANGE)
        limits = {"x-max-length": _MOST_PENDING}
        queue = await channel.declare_queue(exclusive=True, auto_delete=True, arguments=dict(limits))
        await queue.bind(exchange)
        async with queue.iterator(no_ack=True) as messages:
            async for message in messages:
                self._received(message.body)
        raise ConnectionError("the broker delivers no more events")

    def _received(self, body: bytes) -> None:
        try:
            told = json.loads(body) if len(body) <= _LONGEST_BODY else {}
            if told.get("from") == self._name:
                return
            topic = told["topic"]
            if topic == "changed":
                for listener in self.listeners:
                    listener()
            elif topic in self._written:
                self._repeat(topic, str(told["key"]), self._written[topic][1](told["payload"]))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            logger.debug("an event that cannot be read: %s", error)

    def _repeat(self, topic: str, key: str, payload: Any) -> None:
        self._repeating = True
        try:
            self._bus.publish(topic, key, payload)
        finally:
            self._repeating = False
