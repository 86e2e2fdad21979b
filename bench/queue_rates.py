"""How many jobs a second are accepted, claimed and ended by several processes on one PostgreSQL.

    python -m bench.queue_rates postgresql+psycopg://user@/name?host=/run/postgresql --seconds 5

Without an address a server of its own is started, as the tests do. Every process does one thing after the other.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from typing import Any

from sqlalchemy import func, select

from bench.queue_load import IdleKind, idle_queue
from service.database import Database
from service.database.migrate import migrate
from service.jobs.kinds import Result
from service.jobs.models import JobEventRow
from service.jobs.records import NewJob

USERS = 20


def _accept(url: str, name: str, seconds: float) -> int:
    database = Database(url)
    jobs, done, until = idle_queue(database), 0, time.monotonic() + seconds
    while time.monotonic() < until:
        new = NewJob(IdleKind.name, f"{name}-{done}", f"u{done % USERS}", {"text": "x" * 200})
        jobs.admission.submit(new, 10_000_000)
        done += 1
    database.close()
    return done


def _work(url: str, name: str, seconds: float) -> int:
    database = Database(url)
    jobs, done, until = idle_queue(database), 0, time.monotonic() + seconds
    while time.monotonic() < until:
        lease = jobs.leases.claim(IdleKind.name, name, 15.0)
        if lease is None:
            break
        jobs.attempts.finish(lease.job, Result())
        done += 1
    database.close()
    return done


def _read(url: str, name: str, seconds: float) -> int:
    """Follow the event log from its beginning, a page after the other."""
    database = Database(url)
    jobs, done, after, until = idle_queue(database), 0, 0, time.monotonic() + seconds
    while time.monotonic() < until:
        found = jobs.events.after(IdleKind.name, after, 500)
        done += len(found)
        after = found[-1].number if found else 0
    database.close()
    return done


_STEPS = {"accepts": _accept, "claims and ends": _work, "events read": _read}


def _called(step: str, url: str, name: str, seconds: float, found: Any) -> None:
    found.put(_STEPS[step](url, name, seconds))


def rate(step: str, url: str, processes: int, seconds: float) -> float:
    """Return how many a second several processes do together."""
    context = multiprocessing.get_context("spawn")
    found: Any = context.Queue()
    began = f"{step[0]}{processes}-{time.time():.0f}"
    started = [
        context.Process(target=_called, args=(step, url, f"{began}-{number}", seconds, found))
        for number in range(processes)
    ]
    for process in started:
        process.start()
    total: int = sum(found.get(timeout=seconds + 120) for _ in started)
    for process in started:
        process.join()
    return total / seconds


def measure(url: str, seconds: float) -> dict[str, Any]:
    """Return the rates of 1, 2 and 4 processes."""
    database = Database(url)
    migrate(database)
    found: dict[str, Any] = {step: {} for step in _STEPS}
    found["load before"] = round(os.getloadavg()[0], 1)
    for processes in (1, 2, 4):
        for step in _STEPS:
            found[step][str(processes)] = round(rate(step, url, processes, seconds))
    with database.reading() as session:
        found["events written"] = session.scalar(select(func.count()).select_from(JobEventRow))
    database.close()
    return found


def main(arguments: list[str]) -> int:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m bench.queue_rates", description=__doc__)
    parser.add_argument("url", nargs="?", help="address of an empty database")
    parser.add_argument("--seconds", type=float, default=5.0)
    given = parser.parse_args(arguments)
    if given.url:
        print(json.dumps(measure(given.url, given.seconds), indent=1))
        return 0
    from tests.service.postgresql import postgres_server

    with postgres_server() as server:
        print(json.dumps(measure(server.address(server.create()), given.seconds), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
