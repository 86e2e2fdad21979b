"""The connection to the broker: made again whenever it is lost, with everything that has to be there."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Collection, Sequence
from typing import Protocol

import aio_pika
from aio_pika.abc import AbstractConnection
from yarl import URL

from service.broker import topology

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 20
_CONNECT_SECONDS = 5.0
_PAUSE_SECONDS = (0.5, 1.5)


class Part(Protocol):
    """Something that works on a connection for as long as there is one."""

    async def serve(self, connection: AbstractConnection) -> None:
        """Work until cancelled. Whatever it raises ends the connection; a new one is made."""


class Link:
    """Keeps a connection. Used on one event loop.

    A lost connection is not restored but made anew: what is declared may be gone with the broker's disk, and whoever
    waits for a confirmation must hear at once that none will come.

    Args:
        address: ``amqp://user:password@host:port/vhost``.
        kinds: Kinds of jobs whose tokens travel.
        parts: Work on the connection.
    """

    def __init__(self, address: str, kinds: Collection[str], parts: Sequence[Part]) -> None:
        self._address = str(URL(address).update_query(heartbeat=HEARTBEAT_SECONDS))
        self._kinds, self._parts = tuple(kinds), tuple(parts)
        self._task: asyncio.Task[None] | None = None
        self.connected = False
        """Whether everything works."""
        self.reconnects = 0
        """How often a connection was lost."""

    def start(self) -> None:
        """Begin to connect; returns at once, whether or not the broker is there."""
        logging.getLogger("aiormq.connection").setLevel(logging.CRITICAL)  # every try is an error there; told below
        self._task = asyncio.get_running_loop().create_task(self._keep(), name="broker-link")

    async def stop(self) -> None:
        """End the connection."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _keep(self) -> None:
        quiet = False
        while True:
            try:
                await self._once()
                quiet = False
            except Exception as error:
                if not quiet:  # once for each loss, not for each try
                    logger.warning("the broker cannot be reached, it will be tried again: %s", _plain(error))
                quiet = not self.connected
            if self.connected:
                self.connected, self.reconnects = False, self.reconnects + 1
                quiet = False
            await asyncio.sleep(random.uniform(*_PAUSE_SECONDS))  # noqa: S311

    async def _once(self) -> None:
        """Work on one connection until it is lost."""
        connection = await aio_pika.connect(self._address, timeout=_CONNECT_SECONDS)
        async with connection:
            async with connection.channel() as channel:
                await topology.declare(channel, self._kinds)
            logger.info("connected to the broker")
            self.connected = True
            await self._serve(connection)

    async def _serve(self, connection: AbstractConnection) -> None:
        tasks = [asyncio.ensure_future(part.serve(connection)) for part in self._parts]
        tasks.append(asyncio.ensure_future(_closed(connection)))
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _closed(connection: AbstractConnection) -> None:
    """Return when a connection is lost."""
    lost = asyncio.Event()
    connection.close_callbacks.add(lambda *_: lost.set())
    if not connection.is_closed:
        await lost.wait()


def _plain(error: BaseException) -> str:
    """Return an error's text without the address, which may hold a password."""
    return f"{type(error).__name__}: {str(error).split('://', 1)[0][:200]}"
