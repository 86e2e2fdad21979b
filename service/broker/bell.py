"""Work by the broker: one token for each job that may be claimed, given to whoever has a device free.

A token is no job. Whoever gets one looks at the rows, and takes the job whose turn it is there. A lost token costs the
time until the next look.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from aio_pika import Message
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage, AbstractQueue

from service.broker.topology import WORK_EXCHANGE, work_queue
from service.jobs.bells import IDLE_SECONDS, Bell

_IDLE_SECONDS = 5.0
"""Between looks of a worker while tokens come."""
_MOST_PENDING = 10_000


class BrokerBell:
    """A :class:`service.jobs.bells.Bell`, and a part of a :class:`service.broker.link.Link`.

    Args:
        kinds: All kinds of which a token may be sent.
        local: Rung for tokens that come; heard by this process's worker.
    """

    def __init__(self, kinds: Collection[str], local: Bell) -> None:
        self._kinds, self._local = tuple(kinds), local
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tokens: asyncio.Queue[str] = asyncio.Queue(_MOST_PENDING)
        self._wanted: frozenset[str] = frozenset()
        self._changed = asyncio.Event()
        self._held: list[AbstractIncomingMessage] = []

    @property
    def idle_seconds(self) -> float:
        """See :class:`Bell`."""
        return IDLE_SECONDS if self._loop is None else _IDLE_SECONDS

    def ring(self, kind: str = "") -> None:
        """Wake the worker here, and leave a token for the others; from any thread."""
        self._local.wake()
        loop = self._loop
        if loop is not None and not loop.is_closed():
            for name in (kind,) if kind else self._kinds:
                loop.call_soon_threadsafe(self._put, name)

    def _put(self, kind: str) -> None:
        if not self._tokens.full():
            self._tokens.put_nowait(kind)

    def wake(self) -> None:
        """See :class:`Bell`."""
        self._local.wake()

    async def heard(self, seconds: float, kinds: Collection[str] = ()) -> None:
        """Return at a ring or a token, or after so many seconds. Tokens come of kinds that the listener has room for.

        The token that came last is given back only now, after the listener has claimed: until then no other comes, and
        idle workers get them.
        """
        held, self._held = self._held, []
        for token in held:
            if not token.channel.is_closed:
                await token.ack()
        if self._wanted != frozenset(kinds):
            self._wanted = frozenset(kinds)
            self._changed.set()
        await self._local.heard(seconds, kinds)

    def close(self) -> None:
        """End; nothing is rung any more."""
        self._loop = None
        self._local.close()

    # --- on a connection ---

    async def serve(self, connection: AbstractConnection) -> None:
        """Send and take tokens until cancelled."""
        self._loop = asyncio.get_running_loop()
        try:
            sending = self._send(await connection.channel(publisher_confirms=False))
            await asyncio.gather(sending, self._take(await connection.channel()))
        finally:
            self._loop, self._held = None, []

    async def _send(self, channel: AbstractChannel) -> None:
        exchange = await channel.get_exchange(WORK_EXCHANGE)
        while True:
            await exchange.publish(Message(b""), await self._tokens.get(), mandatory=False)

    async def _take(self, channel: AbstractChannel) -> None:
        """Consume of the kinds that are wanted, and of no others."""
        await channel.set_qos(prefetch_count=1)
        consumed: dict[str, tuple[AbstractQueue, str]] = {}
        while True:
            self._changed.clear()
            wanted = self._wanted & set(self._kinds)
            for kind in consumed.keys() - wanted:
                queue, tag = consumed.pop(kind)
                await queue.cancel(tag)
            for kind in wanted - consumed.keys():
                queue = await channel.get_queue(work_queue(kind))
                consumed[kind] = (queue, await queue.consume(self._token))
            await self._changed.wait()

    async def _token(self, message: AbstractIncomingMessage) -> None:
        self._held.append(message)
        self._local.wake()
