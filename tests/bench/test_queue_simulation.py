"""The simulation drives the real queue, and agrees with the model; rates are measured of what really happens."""

from __future__ import annotations

from pathlib import Path

from bench import queue_rates
from bench.queue_simulation import Plan, simulate
from service.database import Database
from service.database.migrate import migrate


def test_nothing_is_lost_while_workers_die_and_light_users_wait_less(tmp_path: Path) -> None:
    plan = Plan(10, 20_000, 20.0, 200.0, rush=4.0, rush_from=30, rush_to=110, deaths_per_day=400, seed=3)
    found = simulate(plan, tmp_path)
    run, expected = found["simulated"], found["model"]
    assert run["jobs"] > 60 and run["lost"] == run["done_twice"] == 0
    assert run["leases_of_dead_workers_taken_back"] > 0
    assert run["wait_s"]["light"]["p95"] < run["wait_s"]["heavy"]["p95"]
    assert 0.3 * expected["most_waiting"] < run["most_waiting"] < 3 * expected["most_waiting"]


def test_rates_are_those_of_jobs_that_are_in_the_database(tmp_path: Path) -> None:
    database = Database.in_folder(tmp_path)
    migrate(database)
    accepted = queue_rates._accept(database.url, "a", 0.2)
    assert accepted and queue_rates._work(database.url, "w", 60.0) == accepted
    assert queue_rates._read(database.url, "r", 0.1) >= 3 * accepted
    database.close()
