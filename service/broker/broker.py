"""Everything of the broker in one process, put together."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Collection, Sequence

from service.broker.bell import BrokerBell
from service.broker.consuming import Consuming
from service.broker.forms import MessageForm
from service.broker.inbox import Inbox, Settled
from service.broker.link import Link, Part
from service.broker.outbox import Outbox
from service.broker.relay import Relay
from service.broker.sending import Sending
from service.jobs.bells import LocalBell
from service.jobs.manager import Connector, JobManager
from service.threads import Offload

logger = logging.getLogger(__name__)

_SWEEP_SECONDS = 600.0


class Broker:
    """Attached to a queue, then started on an event loop.

    Attributes:
        parts: More that works on the connection; added before the start.
        bell: Wakes workers, here and elsewhere.
        relay: Tells other processes, and is told.
        outbox: What is to go out.

    Args:
        address: ``amqp://user:password@host:port/vhost``.
        kinds: Kinds of jobs.
        database: Opens sessions.
        relay: Made by the caller, who knows what is to be told.
        offload: Runs blocking work in a thread.
    """

    def __init__(
        self,
        address: str,
        kinds: Collection[str],
        database: Connector,
        relay: Relay,
        offload: Offload,
    ) -> None:
        self._address, self._kinds = address, tuple(kinds)
        self._database, self._offload = database, offload
        self.relay = relay
        self.parts: list[Part] = []
        self.bell = BrokerBell(kinds, LocalBell())
        self.outbox = Outbox(database.reading, database.writing, lambda: self.sending.wake())
        self.sending = Sending(self.outbox, offload)
        self.consuming: Consuming | None = None
        self.link: Link | None = None
        self._sweeping: asyncio.Task[None] | None = None

    def attach(self, jobs: JobManager, forms: Sequence[MessageForm]) -> None:
        """Let ends of jobs be told, and messages become jobs.

        Args:
            jobs: The queue.
            forms: What messages mean.
        """
        self.outbox.forms = {form.kind: form for form in forms}
        jobs.transactions.witnesses.append(self.outbox)
        by_exchange = {form.exchange: form for form in forms}
        inbox = Inbox(by_exchange, jobs, self.outbox, self._database.reading, self._database.writing)
        self._inbox = inbox
        self.consuming = Consuming(inbox, by_exchange, self._offload, self._accepted)
        parts: tuple[Part, ...] = (self.consuming, self.sending, self.bell, self.relay, *self.parts)
        self.link = Link(self._address, self._kinds, parts)

    @staticmethod
    def _accepted(settled: Settled) -> None:
        if settled.job is not None:
            logger.info("a message became the %s %s", settled.job.kind, settled.job.job_id)

    def start(self) -> None:
        """Begin; returns at once, whether or not the broker is there. Used on the event loop."""
        if self.link is None:
            raise RuntimeError("a broker is attached to a queue before it is started")
        self.link.start()
        self._sweeping = asyncio.get_running_loop().create_task(self._sweep(), name="broker-sweep")

    async def stop(self) -> None:
        """End; messages that are not settled go back to the broker."""
        if self.link is not None:
            await self.link.stop()
        if self._sweeping is not None:
            self._sweeping.cancel()
            await asyncio.gather(self._sweeping, return_exceptions=True)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            with contextlib.suppress(Exception):  # the database is away: next time
                await self._offload(self._inbox.sweep)
