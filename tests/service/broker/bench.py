"""A queue of counting jobs on a broker, and the publisher and the consumer of the old service, with plain pika."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pika

from service.broker.broker import Broker
from service.broker.forms import MessageForm
from service.broker.relay import Relay
from service.bus import ChangeBus
from service.database import Database
from service.errors import ParameterError
from service.jobs.kinds import Kinds, Need
from service.jobs.manager import JobManager
from service.jobs.records import Change, NewJob, NewStep
from service.jobs.worker import Worker
from service.threads import offload_to
from tests.service.jobs.counting import CountingBase, CountingKind, worker_on

STEPS = {"slice": "slice", "denoise": "denoise", "asr": "asr", "format": "format"}
MODELS = {"slice": "slice", "1abc": "format", "1Ba": "sovitsTrain"}
NAMED = {"slice": "slice", "1abc": "format", "1Ba": "sovits_train"}
KINDS = ("slice", "format", "sovits_train", "denoise", "asr", "one_click")


def _of(kind: str) -> Callable[[Mapping[str, Any], str], NewJob]:
    def make(fields: Mapping[str, Any], name: str) -> NewJob:
        if "inp" not in fields:
            raise ParameterError("message_fields", problems="inp: Field required")
        if fields.get("deadly"):
            raise RuntimeError("this message kills")
        request = {"upto": fields.get("upto", 1), "session_id": fields["session_id"], "tool": fields.get("tool", "")}
        if "fail_at" in fields:
            request["fail_at"] = fields["fail_at"]
        return NewJob(kind, name, fields.get("user_id", "u"), request, expected_steps=1)

    return make


def _whole(fields: Mapping[str, Any], name: str) -> NewJob:
    def request(step: str) -> dict[str, Any]:
        return {"upto": 1, **({"fail_at": 0} if fields.get("fail") == step else {})}

    names = tuple(STEPS)
    steps = tuple(NewStep(step, step, request(step), names[max(0, i - 1) : i]) for i, step in enumerate(names))
    return NewJob("one_click", name, "u", {"upto": 0, "session_id": fields["session_id"]}, steps=steps)


FORMS = (
    *(MessageForm(exchange, NAMED[exchange], MODELS[exchange], _of(NAMED[exchange])) for exchange in MODELS),
    MessageForm("one_click", "one_click", "one_click", _whole, STEPS),
)


@dataclass
class Bench:
    """One process of the service on a broker: a queue, a worker and the link, in an event loop of a thread."""

    database: Database
    jobs: JobManager
    broker: Broker
    worker: Worker | None
    bus: ChangeBus
    kinds: dict[str, CountingKind]
    loop: asyncio.AbstractEventLoop

    @property
    def connected(self) -> bool:
        """Whether the link stands."""
        return self.broker.link is not None and self.broker.link.connected


def _queue(database: Database, kinds: Mapping[str, CountingKind], broker: Broker, bus: ChangeBus) -> JobManager:
    CountingBase.metadata.create_all(database.engine)
    known = Kinds(*kinds.values())

    def announce(change: Change) -> None:
        bus.publish("count", change.event.job_id, change)
        known[change.event.kind].announced(change)
        broker.bell.ring()

    jobs = JobManager(database, known, announce)
    broker.attach(jobs, FORMS)
    return jobs


@contextlib.contextmanager
def bench(
    address: str,
    database: Database,
    root: Path,
    *,
    works: bool = True,
    parallel: int = 4,
    seconds_per_step: float = 0.0,
    **settings: Any,
) -> Iterator[Bench]:
    """Run one process's part."""
    made: list[Bench] = []
    ready, stop = threading.Event(), asyncio.Event()

    async def live() -> None:
        with ThreadPoolExecutor(8) as pool:
            offload, bus = offload_to(pool), ChangeBus()
            need = Need(parallel=parallel)
            kinds = {name: CountingKind(name, need, seconds_per_step) for name in KINDS}
            relay = Relay(bus, frozenset({"count"}), {"progress": (lambda told: told, lambda told: told)})
            broker = Broker(address, KINDS, database, relay, offload)
            jobs = _queue(database, kinds, broker, bus)
            worker = None
            if works:
                worker = worker_on(jobs, root, offload, *kinds.values(), bell=broker.bell, **settings)
            if worker is not None:
                await worker.start()
            broker.start()
            made.append(Bench(database, jobs, broker, worker, bus, kinds, asyncio.get_running_loop()))
            ready.set()
            await stop.wait()
            if worker is not None:
                await worker.stop()
            await broker.stop()

    thread = threading.Thread(target=lambda: asyncio.run(live()), daemon=True)
    thread.start()
    assert ready.wait(30)
    try:
        yield made[0]
    finally:
        made[0].loop.call_soon_threadsafe(stop.set)
        thread.join(30)
        assert not thread.is_alive(), "it did not stop"


class OldClient:
    """What the clients of the old service do: declare without arguments, publish, consume.

    Args:
        connection: Of its own.
    """

    def __init__(self, connection: pika.BlockingConnection) -> None:
        self.connection = connection
        self.channel = connection.channel()
        self.channel.confirm_delivery()

    def listens(self, exchange: str, key: str) -> str:
        """Bind a queue of its own to the ends of an exchange; return its name."""
        self.channel.exchange_declare(exchange, "direct", durable=True)
        queue = f"{key}_{exchange}_queue"
        self.channel.queue_declare(queue, durable=True)
        self.channel.queue_bind(queue, exchange, key)
        return queue

    def publish(self, exchange: str, body: dict[str, Any] | bytes, **properties: Any) -> None:
        """Send a job."""
        queue = f"start_{exchange}_queue"
        self.channel.exchange_declare(exchange, "direct", durable=True)
        self.channel.queue_declare(queue, durable=True)
        self.channel.queue_bind(queue, exchange, "start")
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        sealed = pika.BasicProperties(delivery_mode=2, **properties)
        self.channel.basic_publish(exchange, "start", data, sealed, mandatory=True)

    def raw(self, queue: str) -> Any:
        """Take one message off a queue; None while there is none."""
        method, properties, body = self.channel.basic_get(queue, auto_ack=True)
        return None if method is None else (properties, body)

    def got(self, queue: str) -> Any:
        """Take one message's fields off a queue."""
        found = self.raw(queue)
        return None if found is None else json.loads(found[1])

    def depth(self, queue: str) -> int:
        """Messages that wait in a queue."""
        return int(self.channel.queue_declare(queue, passive=True).method.message_count)
