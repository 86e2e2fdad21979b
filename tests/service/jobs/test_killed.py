"""kill -9 of a worker that counts, again and again: every number is counted once, and every job is done."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from service.database import Database
from service.jobs.reader import Choice
from service.jobs.records import NewJob, NewStep, Status
from tests.service.databases import Databases
from tests.service.jobs.counting import CountingKind, count, counting_queue
from tests.waiting import eventually

pytestmark = pytest.mark.both_databases
UPTO = 8


def start(address: str, folder: Path) -> subprocess.Popen[bytes]:
    """Start a worker."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen([sys.executable, "-m", "tests.service.jobs.child", address, str(folder)], env=environment)


def composed(number: int) -> NewJob:
    """A job of two steps, one after the other."""
    request = {"upto": UPTO}
    steps = (NewStep("a", "counting", request), NewStep("b", "counting", request, ("a",)))
    return NewJob("counting", f"whole{number}", "v", {"upto": 0}, steps=steps)


@pytest.mark.parametrize("kills", [4, pytest.param(40, marks=pytest.mark.full)])
def test_nothing_is_lost_and_nothing_is_counted_twice(databases: Databases, tmp_path: Path, kills: int) -> None:
    address, chance = databases.url(tmp_path), random.Random(7)
    database = Database(address)
    jobs = counting_queue(database, CountingKind())
    for number in range(3 * kills):
        jobs.admission.accept(count(f"c{number}", UPTO, user_id=f"u{number % 3}"), 1000)
    for number in range(kills):
        jobs.admission.accept(composed(number), 1000)
    for _ in range(kills):
        before, process = jobs.events.last_number(), start(address, tmp_path)
        eventually(lambda last=before: jobs.events.last_number() > last + 2, seconds=120)  # type: ignore[misc]
        time.sleep(chance.uniform(0.0, 0.3))
        process.kill()
        process.wait()
    process = start(address, tmp_path)
    try:
        eventually(lambda: jobs.reader.page("counting", Choice(status=Status.DONE), 1, 1)[1] == 6 * kills, seconds=300)
    finally:
        process.kill()
        process.wait()
    for job in jobs.reader.page("counting", Choice(), 1, 1000)[0]:
        assert job.facts == tuple(range(job.request["upto"])), job
        steps = [event.detail["number"] for event in jobs.events.of_job(job.job_id) if "number" in event.detail]
        assert steps == list(range(job.request["upto"])), "each committed once, in order"
    database.close()
