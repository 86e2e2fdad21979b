"""Names of what engines are reached by."""

from __future__ import annotations

from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractQueue

SPEAK_QUEUE = "gpt_sovits_speak_queue"
"""Requests; whichever engine is free takes the next."""
TAKEN_WITHIN_SECONDS = 30.0
"""A request that no engine took in this time is gone."""
ENGINES_EXCHANGE = "gpt_sovits_engines"
"""How engines are, and what is cancelled, to everybody."""
STATUS, CANCEL, ALIVE = "status", "cancel", "alive"


async def speak_queue(channel: AbstractChannel) -> AbstractQueue:
    """Return the queue of requests, made where it is missing."""
    limits = {"x-message-ttl": int(TAKEN_WITHIN_SECONDS * 1000)}
    return await channel.declare_queue(SPEAK_QUEUE, durable=True, arguments=dict(limits))


async def engines(channel: AbstractChannel) -> tuple[AbstractExchange, AbstractQueue]:
    """Return the exchange that reaches everybody, and a queue of one's own on it."""
    exchange = await channel.declare_exchange(ENGINES_EXCHANGE, ExchangeType.FANOUT, durable=True)
    queue = await channel.declare_queue(exclusive=True, auto_delete=True)
    await queue.bind(exchange)
    return exchange, queue
