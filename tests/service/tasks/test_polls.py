"""Polling over HTTP: the short way answers as the long one does, to the same people."""

from __future__ import annotations

import pytest

from GPT_SoVITS.testing.fake import FakeEngine
from service.jobs.manager import JobManager
from service.tasks.service import TaskService
from tests.service.conftest import Running, Starter
from tests.service.keys import add_key
from tests.service.tasks.http import ended, submit

pytestmark = pytest.mark.both_databases


@pytest.fixture
def held(start: Starter) -> Running:
    """A service whose engine lets nothing go on until it is released."""
    engine = FakeEngine()
    engine.hold()
    return start(engine=engine, shutdown_seconds=2)


def readings(running: Running, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list that every reading of a task from the database is noted in."""
    reader, found = running.app.state.container.get(JobManager).reader, []
    usual = reader.snapshot

    def noted(kind: str, task_id: str) -> object:
        found.append(task_id)
        return usual(kind, task_id)

    monkeypatch.setattr(reader, "snapshot", noted)
    return found


def test_polls_do_not_reach_the_database(held: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    task_id = submit(held)["task_id"]
    found = readings(held, monkeypatch)
    for _ in range(50):
        assert held.client.get(f"/voice-tasks/{task_id}").status_code == 200
    assert not found


def test_the_short_and_the_long_way_say_the_same(running: Running) -> None:
    task_id = ended(running, submit(running)["task_id"])["task_id"]
    known = running.app.state.container.get(TaskService).cache
    short = running.client.get(f"/voice-tasks/{task_id}")
    known._seen.clear()
    long = running.client.get(f"/voice-tasks/{task_id}")
    assert short.json() == long.json()
    names = set(short.headers) - {"x-request-id", "date"}
    assert names == set(long.headers) - {"x-request-id", "date"}
    assert {name: short.headers[name] for name in names} == {name: long.headers[name] for name in names}


def test_whoever_changed_a_task_sees_it_changed(held: Running) -> None:
    for _ in range(20):
        task_id = submit(held)["task_id"]
        assert held.client.get(f"/voice-tasks/{task_id}").json()["data"]["status"] in ("wait", "run")
        held.client.post(f"/voice-tasks/{task_id}/cancel")
        assert held.client.get(f"/voice-tasks/{task_id}").json()["data"]["error"] == "cancelled"
        held.client.delete(f"/voice-tasks/{task_id}")
        gone = held.client.get(f"/voice-tasks/{task_id}")
        assert (gone.status_code, gone.json()["code"]) == (404, 2)


def test_a_client_that_knows_the_entry_gets_304_until_it_changes(held: Running) -> None:
    task_id = submit(held, seed=1)["task_id"]
    held.client.post(f"/voice-tasks/{task_id}/cancel")
    path = f"/voice-tasks/{task_id}"
    tag = held.client.get(path).headers["etag"]
    again = held.client.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert again.headers["x-content-type-options"] == "nosniff"
    held.client.post(f"{path}/retry")
    changed = held.client.get(path, headers={"If-None-Match": tag})
    assert changed.status_code == 200 and changed.json()["data"]["error"] is None


def test_the_short_way_needs_the_key_too(running: Running) -> None:
    task_id = submit(running)["task_id"]
    key = add_key(running)
    refused = running.client.get(f"/voice-tasks/{task_id}")
    assert (refused.status_code, refused.json()["code"]) == (401, 3)
    assert running.client.get(f"/voice-tasks/{task_id}", headers={"X-API-Key": key}).status_code == 200


def test_the_short_way_counts_for_the_limit_of_rate(start: Starter) -> None:
    running = start(rate_limit=0.1, rate_burst=4)
    task_id = submit(running)["task_id"]
    statuses = [running.client.get(f"/voice-tasks/{task_id}").status_code for _ in range(6)]
    assert statuses[0] == 200 and statuses[-1] == 429


def test_addresses_in_polled_entries_are_those_the_client_asked_at(running: Running) -> None:
    task_id = ended(running, submit(running)["task_id"])["task_id"]
    port = running.url.rsplit(":", 1)[1]
    for host in ("127.0.0.1", "localhost", "127.0.0.1"):
        answer = running.client.get(f"/voice-tasks/{task_id}", headers={"Host": f"{host}:{port}"})
        assert answer.json()["data"]["result_url"] == f"/done/{task_id}.wav"


def test_polls_are_counted_and_have_an_id(running: Running) -> None:
    task_id = submit(running)["task_id"]
    answer = running.client.get(f"/voice-tasks/{task_id}", headers={"X-Request-Id": "mine-1"})
    assert answer.headers["x-request-id"] == "mine-1"
    assert (
        'http_requests_total{method="GET",route="/voice-tasks/{task_id}",status="200"}'
        in running.client.get("/metrics").text
    )
