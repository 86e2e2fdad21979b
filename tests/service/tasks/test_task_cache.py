"""What is known of tasks without asking the database, and when it is not trusted."""

from __future__ import annotations

import pytest

from service.database import Database
from service.jobs.job_cache import JobCache
from service.jobs.manager import JobManager
from service.jobs.records import Change, EventType, Job
from service.speech.records import KIND
from tests.service.tasks.bench import Bench, make_bench

pytestmark = pytest.mark.both_databases


class Seconds:
    """Time that the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def look(known: JobCache, jobs: JobManager) -> None:
    """As the service does twice a second."""
    began, after = known.now(), known.look_after()
    known.looked(began, *jobs.events.latest(after))


def told(bench: Bench, known: JobCache) -> list[Change]:
    """Tell everything that was committed through a bench, once."""
    changes = list(bench.changes)
    bench.changes.clear()
    for change in changes:
        known.heard(change)
    return changes


def read(known: JobCache, jobs: JobManager, task_id: str) -> Job:
    began = known.now()
    task, number = jobs.reader.snapshot(KIND, task_id)
    known.read(task, number, began)
    return task


def test_what_was_committed_here_is_known_at_once(bench: Bench) -> None:
    known = JobCache()
    submitted = bench.submit("a")
    assert known.get("a") is None, "nobody has told"
    told(bench, known)
    assert known.get("a") == submitted
    bench.cancel("a")
    told(bench, known)
    cancelled = known.get("a")
    assert cancelled is not None and cancelled.error == "cancelled"


def test_announcements_in_the_wrong_order_do_not_bring_an_older_state_back(bench: Bench) -> None:
    known = JobCache()
    bench.submit("a")
    bench.cancel("a")
    for change in reversed(bench.changes):
        known.heard(change)
    task = known.get("a")
    assert task is not None and task.error == "cancelled"


def test_a_reading_that_was_overtaken_by_a_commit_is_not_kept(bench: Bench) -> None:
    known = JobCache()
    bench.submit("a")
    began, found = known.now(), bench.jobs.reader.snapshot(KIND, "a")
    bench.cancel("a")
    told(bench, known)
    known.read(*found, began)
    task = known.get("a")
    assert task is not None and task.error == "cancelled"


def test_a_removed_task_is_not_brought_back_by_an_older_reading(bench: Bench) -> None:
    known = JobCache()
    bench.submit("a")
    began, found = known.now(), bench.jobs.reader.snapshot(KIND, "a")
    bench.remove("a")
    told(bench, known)
    known.read(*found, began)
    assert known.get("a") is None


def test_what_another_server_did_is_not_taken_for_known_after_the_next_look(bench: Bench, database: Database) -> None:
    known, other = JobCache(), make_bench(bench.root, database)
    bench.submit("a")
    told(bench, known)
    look(known, bench.jobs)
    assert known.get("a") is not None
    other.cancel("a")
    look(known, bench.jobs)
    assert known.get("a") is None, "the database has to say"
    assert read(known, bench.jobs, "a").error == "cancelled"
    task = known.get("a")
    assert task is not None and task.error == "cancelled"


def test_a_reading_older_than_a_look_is_found_out_by_the_next_one(bench: Bench, database: Database) -> None:
    known, other = JobCache(), make_bench(bench.root, database)
    bench.submit("a")
    look(known, bench.jobs)
    began, found = known.now(), bench.jobs.reader.snapshot(KIND, "a")
    other.cancel("a")
    look(known, bench.jobs)
    known.read(*found, began)
    look(known, bench.jobs)
    assert known.get("a") is None


def test_nothing_is_known_two_seconds_after_the_last_look(bench: Bench) -> None:
    seconds = Seconds()
    known = JobCache(seconds)
    bench.submit("a")
    told(bench, known)
    seconds.now += 1.9
    assert known.get("a") is not None
    seconds.now += 0.2
    assert known.get("a") is None
    look(known, bench.jobs)
    assert known.get("a") is not None, "looking found nothing new"


def test_looks_reach_back_some_seconds_and_no_further(bench: Bench) -> None:
    """A transaction that took its number early may end late."""
    seconds = Seconds()
    known = JobCache(seconds)
    for number in range(60):
        bench.submit(f"t{number}")
        look(known, bench.jobs)
        seconds.now += 1.0
    last = bench.jobs.events.last_number()
    after = known.look_after()
    assert after is not None and 20 <= last - after <= 22


def test_a_look_finds_what_others_did_until_everybody_is_told(bench: Bench, database: Database) -> None:
    known, other = JobCache(), make_bench(bench.root, database)
    look(known, bench.jobs)
    bench.submit("mine")
    other.submit("theirs")
    known.heard(bench.changes[-1])
    for _ in range(2):
        found = known.looked(known.now(), *bench.jobs.events.latest(known.look_after()))
        assert list(found) == ["theirs"], "as long as telling did not succeed"
    known.told(found)
    assert known.looked(known.now(), *bench.jobs.events.latest(known.look_after())) == {}
    change = bench.jobs.events.changes(found)[0]
    assert change.job == bench.find("theirs") and change.event.type == EventType.SUBMITTED.value
