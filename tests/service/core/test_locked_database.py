"""Another process locks the database: reading goes on, writing is refused in time, and nobody counts as dead."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from GPT_SoVITS.testing.fake import FakeEngine
from service.container import Container
from service.database import Database, DatabaseBusyError
from service.jobs.manager import JobManager
from tests.service.conftest import Running, Starter
from tests.service.databases import SqliteDatabases
from tests.service.samples import post_voice
from tests.service.tasks.bench import make_bench
from tests.service.tasks.http import body, ended, submit
from tests.waiting import eventually

_LOCKING = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN " + sys.argv[2])
print("locked", flush=True)
sys.stdin.read()
"""


@contextmanager
def locked(path: Path, how: str = "EXCLUSIVE") -> Iterator[None]:
    """Let another process hold a transaction while the block runs."""
    command = [sys.executable, "-c", _LOCKING, str(path), how]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdin is not None
        assert process.stdout.readline() == b"locked\n"
        try:
            yield
        finally:
            process.stdin.close()
            process.wait()


@pytest.fixture
def held(start: Starter, databases: object) -> Running:
    """A service whose engine lets nothing go on until it is released."""
    if not isinstance(databases, SqliteDatabases):
        pytest.skip("a lock of the whole file is SQLite's")
    engine = FakeEngine()
    engine.hold()
    return start(engine=engine, shutdown_seconds=2)


def _database(running: Running) -> Database:
    container: Container = running.app.state.container
    return container.database


def _reads(running: Running, task_id: str) -> Iterator[httpx.Response]:
    """Everything that people and programs look at, again and again."""
    looks = ("/voice-models", "/voice-models/narrator", "/voice-tasks?user_id=u1", f"/voice-tasks/{task_id}")
    others = ("/voice-categories", "/audio/narrator/refer.wav", f"/task/{task_id}.json", "/healthz", "/index")
    for address in itertools.cycle((*looks, *others)):
        yield running.client.get(address)


def _writes(running: Running, pool: ThreadPoolExecutor, count: int) -> list[Future[httpx.Response]]:
    """More of each kind than there are threads for them."""
    asked = body(running)
    kinds = (
        lambda number: running.client.post("/voice-tasks", json={**asked, "task_id": f"w{number}"}),
        lambda number: running.client.post("/voice-categories", json={"category_name": f"c{number}"}),
    )
    return [pool.submit(kinds[number % len(kinds)], number) for number in range(count)]


def test_reading_overtakes_writing_that_waits(held: Running) -> None:
    post_voice(held.client)
    task_id = submit(held)["task_id"]
    _database(held).patience = 600
    with ThreadPoolExecutor(90) as pool:
        with locked(held.root / "service.db"):
            writes = _writes(held, pool, 90)
            answers = [next(reads) for reads in [_reads(held, task_id)] for _ in range(18)]
            assert not any(write.done() for write in writes), "they wait"
        assert {answer.status_code for answer in answers} == {200}
        assert {write.result().status_code for write in writes} == {200}, (
            "the lock is gone, all of them are carried out"
        )


def test_a_submission_is_refused_in_time_and_says_when_to_come_again(held: Running) -> None:
    _database(held).patience = 0.3
    asked = body(held)
    with locked(held.root / "service.db", "IMMEDIATE"):
        for number in range(3):
            answer = held.client.post("/voice-tasks", json={**asked, "task_id": f"t{number}"})
            assert (answer.status_code, answer.json()["code"]) == (503, 1)
            assert answer.headers["retry-after"] == "5" and "busy" in answer.json()["message"]
        assert held.client.get("/voice-tasks?user_id=u1").json()["data"]["total"] == 0
    assert held.client.post("/voice-tasks", json={**asked, "task_id": "t0"}).status_code == 200


def test_once_one_waited_in_vain_the_others_only_look(tmp_path: Path, databases: object) -> None:
    if not isinstance(databases, SqliteDatabases):
        pytest.skip("a lock of the whole file is SQLite's")
    database = Database(databases.url(tmp_path))
    try:
        with locked(tmp_path / "service.db"):
            with pytest.raises(DatabaseBusyError), database.writing(patience=0.2):
                pass
            database.patience = 3600
            with pytest.raises(DatabaseBusyError), database.writing():
                pass
        with database.writing(patience=30):
            pass
        assert database.troubled(30) and not database.troubled(0)
    finally:
        database.close()


def test_silence_while_the_database_was_locked_is_no_death(tmp_path: Path, databases: object) -> None:
    """Two processes work; neither could say that it lives, and the one that is back first does not judge the other."""
    if not isinstance(databases, SqliteDatabases):
        pytest.skip("a lock of the whole file is SQLite's")
    one, other = Database(databases.url(tmp_path)), Database(databases.url(tmp_path))
    bench, second = make_bench(tmp_path, one), make_bench(tmp_path, other)
    try:
        bench.submit("t1")
        lease = bench.claim("elsewhere:1:1", seconds=0.01)
        assert lease is not None
        with locked(tmp_path / "service.db"), pytest.raises(DatabaseBusyError), other.writing(patience=0.2):
            pass
        assert not second.jobs.leases.recover(), "nobody could write"
        assert not bench.jobs.leases.heartbeat("elsewhere:1:1", [(lease.job.key, lease.job.fence)], 60)
        assert (bench.find("t1").deaths, bench.find("t1").attempts) == (0, 1)
        third = make_bench(tmp_path, one)
        third.clock.ahead = 120.0
        assert [job.job_id for job in third.jobs.leases.recover()] == ["t1"], "without a lock silence is death"
    finally:
        for made in (bench, second, third):
            made.engine.close(timeout=1)
        one.close()
        other.close()


@pytest.mark.full
def test_fifteen_seconds(held: Running) -> None:
    """The default patience, a crowd that writes, and a task that speaks meanwhile."""
    post_voice(held.client)
    task_id = submit(held)["task_id"]
    eventually(lambda: held.client.get(f"/voice-tasks/{task_id}").json()["data"]["status"] == "run")
    answers: Counter[int] = Counter()
    slowest = {"read": 0.0, "write": 0.0}
    until = time.monotonic() + 15

    def write(number: int) -> None:
        while time.monotonic() < until:
            asked = time.monotonic()
            answer = held.client.post("/voice-tasks", json={**fields, "task_id": f"w{number}"})
            slowest["write"] = max(slowest["write"], time.monotonic() - asked)
            answers[answer.status_code] += 1

    fields = body(held)
    count = 0
    with locked(held.root / "service.db"):
        threads = [threading.Thread(target=write, args=(number,)) for number in range(40)]
        for thread in threads:
            thread.start()
        held.engine.release()
        for reading in _reads(held, task_id):
            count += 1
            assert reading.status_code == 200
            slowest["read"] = max(slowest["read"], reading.elapsed.total_seconds())
            if time.monotonic() > until:
                break
        for thread in threads:
            thread.join()
    print(f"\n{count} reads, slowest {slowest['read']:.2f} s; writes {dict(answers)}, slowest {slowest['write']:.2f} s")
    assert set(answers) == {503}
    assert ended(held, task_id)["status"] == "done"
    jobs: JobManager = held.app.state.container.get(JobManager)
    events = [event.type for event in jobs.events.of_job(task_id)]
    assert events.count("claimed") == 1 and "repeated" not in events, events
