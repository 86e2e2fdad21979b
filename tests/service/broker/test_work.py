"""Between processes: tokens wake whoever has room, progress reaches everybody, answers come from any of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from service.bus import Message
from service.database import Database
from tests.service.broker.bench import OldClient, bench
from tests.service.jobs.counting import count
from tests.service.rabbitmq import RabbitServer
from tests.waiting import eventually


def test_a_worker_elsewhere_is_woken_and_the_first_process_hears_of_it(
    rabbit: RabbitServer, old: OldClient, database: Database, tmp_path: Path
) -> None:
    with bench(rabbit.url, database, tmp_path, works=False) as api, bench(rabbit.url, database, tmp_path) as worker:
        eventually(lambda: api.connected and worker.connected)
        assert worker.broker.bell.idle_seconds > 1, "with tokens a worker looks less often itself"
        looked: list[int] = []
        api.broker.relay.listeners.append(lambda: looked.append(1))
        api.jobs.admission.submit(count("a", 3, "slice"), 10)
        eventually(lambda: api.jobs.reader.find("slice", "a").ended)
        eventually(lambda: looked)


def test_two_workers_share_what_waits(rabbit: RabbitServer, old: OldClient, database: Database, tmp_path: Path) -> None:
    how: dict[str, Any] = {"parallel": 1, "seconds_per_step": 0.05}
    with (
        bench(rabbit.url, database, tmp_path, works=False) as api,
        bench(rabbit.url, database, tmp_path, **how) as one,
        bench(rabbit.url, database, tmp_path, **how) as two,
    ):
        eventually(lambda: one.connected and two.connected)
        for number in range(12):
            api.jobs.admission.submit(count(f"j{number}", 1, "slice", f"u{number % 2}"), 100)
        eventually(lambda: all(api.jobs.reader.find("slice", f"j{n}").ended for n in range(12)))
        done = [len([c for c in here.kinds["slice"].announcements if c.event.type == "done"]) for here in (one, two)]
        assert sum(done) == 12 and min(done) > 0


def test_progress_reaches_the_other_processes_and_not_its_own_twice(
    rabbit: RabbitServer, old: OldClient, database: Database, tmp_path: Path
) -> None:
    with (
        bench(rabbit.url, database, tmp_path, works=False) as here,
        bench(rabbit.url, database, tmp_path, works=False) as there,
    ):
        eventually(lambda: here.connected and there.connected)
        heard: dict[str, list[Message]] = {"here": [], "there": []}
        here.bus.listen(heard["here"].append)
        there.bus.listen(heard["there"].append)

        def tell() -> list[Message]:  # the other's queue may be bound a moment later
            here.bus.publish("progress", "job", {"segment": 1})
            return heard["there"]

        assert eventually(tell)[0] == Message("progress", "job", {"segment": 1})
        assert len(heard["here"]) <= 100 and all(m.payload == {"segment": 1} for m in heard["here"])


def test_jobs_are_done_while_the_broker_is_away(database: Database, tmp_path: Path) -> None:
    with bench("amqp://guest:guest@127.0.0.1:9/", database, tmp_path) as here:
        here.jobs.admission.submit(count("a", 2, "slice"), 10)
        eventually(lambda: here.jobs.reader.find("slice", "a").ended)
        assert here.broker.outbox.waiting()[0] == 1 and not here.connected
