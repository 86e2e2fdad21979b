"""Figures of the queue, of a worker and of the broker for Prometheus, read when they are asked for."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from service.jobs.depths import HEAVY, LIGHT, Depth, depths
from service.jobs.records import Change, EventType
from service.jobs.transactions import Sessions
from service.jobs.worker import Worker

if TYPE_CHECKING:
    from service.broker.broker import Broker

logger = logging.getLogger(__name__)

_TRUSTED_SECONDS = 2.0


class LeaseMetrics:
    """Counts, from announcements, what was taken back from workers.

    Args:
        registry: Where the figures are read.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        help_text = "Jobs taken back from workers that died or fell silent."
        self._lost = Counter("jobs_lease_losses", help_text, ["kind"], registry=registry)

    def count(self, change: Change) -> None:
        """Count a change."""
        event = change.event
        if event.type == EventType.REPEATED.value and event.detail.get("code") == "worker_lost":
            self._lost.labels(event.kind).inc()


class QueueMetrics(Collector):
    """Depth and age by kind and class of users, the use of the device, and the broker.

    Args:
        registry: Where the figures are read.
        reading: Opens a session for reading.
        kinds: Names of all kinds: those of which nothing waits are 0.
        worker: Of this process; None where it does not work.
        broker: Of this process; None without one.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        reading: Sessions,
        kinds: tuple[str, ...],
        worker: Worker | None,
        broker: Broker | None,
    ) -> None:
        self._reading, self._kinds, self._worker, self._broker = reading, kinds, worker, broker
        self._lock = threading.Lock()
        self._known: list[Depth] = []
        self._at = float("-inf")
        registry.register(self)

    def describe(self) -> Iterator[Metric]:
        """Nothing is known before the queue is open."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Yield the figures; those that a database which is away would give are left out."""
        try:
            yield from self._queue()
            if self._broker is not None:
                yield from self._of_broker(self._broker)
        except SQLAlchemyError as error:
            logger.warning("the queue cannot be counted: %s", error)
        if self._worker is not None:
            yield from _of_worker(self._worker)

    def _queue(self) -> Iterator[Metric]:
        jobs = GaugeMetricFamily("queue_jobs_waiting", "Jobs that could run now.", labels=["kind", "users"])
        age = GaugeMetricFamily("queue_oldest_seconds", "Age of the oldest of them.", labels=["kind", "users"])
        found = {(depth.kind, depth.users): depth for depth in self._depths()}
        for name in sorted({(kind, users) for kind in self._kinds for users in (LIGHT, HEAVY)} | found.keys()):
            depth = found.get(name, Depth(*name, 0, 0.0))
            jobs.add_metric(name, depth.jobs)
            age.add_metric(name, depth.oldest_seconds)
        yield from (jobs, age)

    def _depths(self) -> list[Depth]:
        with self._lock:  # asked by several at once, the database answers once
            if time.monotonic() - self._at > _TRUSTED_SECONDS:
                self._known, self._at = depths(self._reading, time.time), time.monotonic()
            return self._known

    @staticmethod
    def _of_broker(broker: Broker) -> Iterator[Metric]:
        connected = broker.link is not None and broker.link.connected
        yield GaugeMetricFamily("broker_connected", "Whether the broker is reached.", value=float(connected))
        reconnects = 0 if broker.link is None else broker.link.reconnects
        yield CounterMetricFamily("broker_reconnects", "Connections to the broker lost.", value=reconnects)
        waiting, oldest = broker.outbox.waiting()
        yield GaugeMetricFamily("broker_outbox_messages", "Messages that are to go out.", value=waiting)
        yield GaugeMetricFamily("broker_outbox_lag_seconds", "Age of the oldest of them.", value=oldest)
        yield CounterMetricFamily("broker_sent", "Messages that the broker has confirmed.", value=broker.sending.sent)
        dropped = "Messages dropped, since no queue was bound for them."
        yield CounterMetricFamily("broker_unroutable", dropped, value=broker.sending.unroutable)
        if broker.consuming is not None:
            again = "Messages that the broker gave out again."
            yield CounterMetricFamily("broker_redelivered", again, value=broker.consuming.redelivered)
            taken = CounterMetricFamily("broker_messages", "Messages that came.", labels=["fate"])
            for fate, number in broker.consuming.counted.items():
                taken.add_metric([fate.value], number)
            yield taken


def _of_worker(worker: Worker) -> Iterator[Metric]:
    running = GaugeMetricFamily("worker_jobs_running", "Jobs under way in this process.", labels=["kind"])
    for kind, number in worker.meter.running().items():
        running.add_metric([kind], number)
    busy = CounterMetricFamily(
        "worker_busy_seconds",
        "Time with at least one job of the kind: its rate is the use of the device.",
        labels=["kind"],
    )
    for kind, seconds in worker.meter.seconds().items():
        busy.add_metric([kind], seconds)
    yield from (running, busy)
