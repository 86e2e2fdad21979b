"""What /metrics says of the queue, the worker and the broker."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from service.database import Database
from service.jobs.depths import HEAVY_FROM
from service.jobs.use_meter import UseMeter
from service.queue_metrics import LeaseMetrics, QueueMetrics
from tests.service.broker.bench import KINDS, bench
from tests.service.conftest import Starter
from tests.service.jobs.counting import CountingKind, count, counting_queue
from tests.waiting import eventually


@pytest.mark.both_databases
def test_depth_and_age_are_told_by_kind_and_class_of_users(database: Database) -> None:
    now = [1000.0]
    jobs = counting_queue(database, *map(CountingKind, KINDS), clock=lambda: now[0])
    jobs.admission.submit(count("one", 1, "slice", "light"), 100)
    now[0] += 5
    for number in range(HEAVY_FROM):
        jobs.admission.submit(count(f"many{number}", 1, "slice", "heavy"), 100)
    registry = CollectorRegistry()
    QueueMetrics(registry, database.reading, KINDS, None, None)

    def figure(name: str, kind: str, users: str) -> float | None:
        return registry.get_sample_value(name, {"kind": kind, "users": users})

    assert figure("queue_jobs_waiting", "slice", "light") == 1
    assert figure("queue_jobs_waiting", "slice", "heavy") == HEAVY_FROM
    assert figure("queue_jobs_waiting", "asr", "light") == 0
    light, heavy = figure("queue_oldest_seconds", "slice", "light"), figure("queue_oldest_seconds", "slice", "heavy")
    assert light is not None and heavy is not None and light - heavy == pytest.approx(5, abs=1)


def test_lost_leases_are_counted(database: Database) -> None:
    registry = CollectorRegistry()
    metrics = LeaseMetrics(registry)
    kind = CountingKind("slice")
    jobs = counting_queue(database, kind)
    jobs.admission.submit(count("a", 1, "slice"), 10)
    jobs.leases.claim("slice", "w", -1.0)
    jobs.leases.recover(lambda _: False)
    for change in kind.announcements:
        metrics.count(change)
    assert registry.get_sample_value("jobs_lease_losses_total", {"kind": "slice"}) == 1


def test_the_broker_is_told_of_also_while_it_is_away(database: Database, tmp_path: Path) -> None:
    with bench("amqp://guest:guest@127.0.0.1:9/", database, tmp_path) as here:
        here.jobs.admission.submit(count("a", 1, "slice"), 10)
        eventually(lambda: here.jobs.reader.find("slice", "a").ended)
        registry = CollectorRegistry()
        QueueMetrics(registry, database.reading, KINDS, here.worker, here.broker)
        text = generate_latest(registry).decode()
    assert "broker_connected 0.0" in text and "broker_outbox_messages 1.0" in text
    assert 'worker_busy_seconds_total{kind="slice"}' in text and 'broker_messages_total{fate="accepted"} 0.0' in text


def test_use_is_the_time_with_at_least_one_job() -> None:
    now = [0.0]
    meter = UseMeter(lambda: now[0])
    for moment, what in ((1, meter.begin), (2, meter.begin), (4, meter.end), (6, meter.end), (8, meter.begin)):
        now[0] = moment
        what("a")
    now[0] = 9
    assert meter.seconds() == {"a": 6.0} and meter.running() == {"a": 1}


def test_the_service_shows_them(start: Starter) -> None:
    text = start().client.get("/metrics").text
    assert 'queue_jobs_waiting{kind="speech",users="light"} 0.0' in text and "worker_busy_seconds" in text
