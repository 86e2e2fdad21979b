"""Names of exchanges, queues and keys, and making them. What clients see is as they know it from the old service."""

from __future__ import annotations

from collections.abc import Collection

from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel

EXCHANGES = ("uvr5", "slice", "denoise", "asr", "1abc", "1Ba", "1Bb", "one_click", "synthesis")
"""Direct and durable; jobs come with the key ``start``, ends go with :func:`end_key`."""
START_KEY = "start"
PROCESS_KEY = "process"
"""Of the ends of the steps of a job of several steps."""
DEAD_EXCHANGE, DEAD_QUEUE = "gpt_sovits_dead", "gpt_sovits_dead_queue"
"""Messages that cannot become jobs; the queue takes those of all exchanges."""
WORK_EXCHANGE = "gpt_sovits_work"
"""Tokens that wake workers, one queue for each kind."""
EVENTS_EXCHANGE = "gpt_sovits_events"
"""What happened, to every process."""
_TOKENS, _TOKEN_MS = 1000, 60_000


def start_queue(exchange: str) -> str:
    """Return the name of the queue on which jobs of an exchange come."""
    return f"start_{exchange}_queue"


def end_key(tool: object) -> str:
    """Return the routing key of the end of a job, by the ``tool`` of its request."""
    return f"end{tool}" if isinstance(tool, str) else "end"


def work_queue(kind: str) -> str:
    """Return the name of the queue of a kind's tokens."""
    return f"work_{kind}_queue"


async def declare(channel: AbstractChannel, kinds: Collection[str]) -> None:
    """Make what is not there yet. Queues of clients have no arguments: they declare them themselves, without any.

    Args:
        channel: Open.
        kinds: Kinds of jobs, for the queues of tokens.
    """
    for name in EXCHANGES:
        exchange = await channel.declare_exchange(name, ExchangeType.DIRECT, durable=True)
        queue = await channel.declare_queue(start_queue(name), durable=True)
        await queue.bind(exchange, START_KEY)
    dead = await channel.declare_exchange(DEAD_EXCHANGE, ExchangeType.FANOUT, durable=True)
    await (await channel.declare_queue(DEAD_QUEUE, durable=True)).bind(dead)
    await channel.declare_exchange(EVENTS_EXCHANGE, ExchangeType.FANOUT, durable=True)
    work = await channel.declare_exchange(WORK_EXCHANGE, ExchangeType.DIRECT, durable=True)
    # Tokens are no jobs: what is too much, or old, is dropped, since workers look at the rows all the same.
    limits = {"x-max-length": _TOKENS, "x-message-ttl": _TOKEN_MS}
    for kind in kinds:
        queue = await channel.declare_queue(work_queue(kind), durable=True, arguments=dict(limits))
        await queue.bind(work, kind)
