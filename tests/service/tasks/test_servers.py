"""Two servers on one database and one folder: each hears soon of what the other did."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from GPT_SoVITS.testing.fake import FakeEngine
from service import queue
from service.jobs import follower
from service.jobs.worker import WorkerSettings
from service.tasks import streams
from tests.service.conftest import Running, Starter
from tests.service.tasks.http import ended, events, submit
from tests.waiting import eventually

pytestmark = pytest.mark.both_databases


@pytest.fixture
def speaking(start: Starter, monkeypatch: pytest.MonkeyPatch) -> Running:
    """A server whose engine holds still; what would tell it of others, or its streams, late does not tell at all."""
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 3600.0)
    monkeypatch.setattr(queue, "WorkerSettings", partial(WorkerSettings, heartbeat_seconds=3600.0))
    engine = FakeEngine()
    engine.hold()
    return start(engine, shutdown_seconds=2)


@pytest.fixture
def other(start: Starter, speaking: Running) -> Running:
    """Another server, that cannot speak."""
    return start(FakeEngine(weights=None))


@contextmanager
def following(running: Running, path: str) -> Iterator[Iterator[tuple[str, Any, str]]]:
    """The events of a stream that has begun."""
    with running.client.stream("GET", path) as response:
        yield events(response)


def until_in_the_engine(running: Running, count: int) -> None:
    def there() -> int:
        status = running.engine.status()
        return status.active + status.waiting

    eventually(lambda: there() == count)


def test_a_stream_tells_what_the_other_server_does(speaking: Running, other: Running) -> None:
    task_id = submit(speaking)["task_id"]
    with following(other, f"/voice-tasks/{task_id}/events") as told:
        assert next(told)[1]["status"] in ("wait", "run")
        speaking.engine.release()
        entries = [entry for name, entry, _ in told if name == "task"]
    assert entries[-1]["status"] == "done"


def test_a_page_hears_of_tasks_of_the_other_server(speaking: Running, other: Running) -> None:
    with following(other, "/events?user_id=u1") as told:
        assert next(told)[0] == "hello"
        task_id = submit(speaking)["task_id"]
        assert next(entry for name, entry, _ in told if name == "task")["task_id"] == task_id
        speaking.client.delete(f"/voice-tasks/{task_id}")
        assert next(entry for _, entry, _ in told if entry.get("removed"))["task_id"] == task_id


@pytest.mark.parametrize("how", ["cancel", "remove"])
def test_what_the_other_server_ends_leaves_the_engine(speaking: Running, other: Running, how: str) -> None:
    task_id = submit(speaking)["task_id"]
    until_in_the_engine(speaking, 1)
    if how == "cancel":
        assert other.client.post(f"/voice-tasks/{task_id}/cancel").status_code == 200
    else:
        assert other.client.delete(f"/voice-tasks/{task_id}").status_code == 200
    until_in_the_engine(speaking, 0)


def test_a_result_is_served_by_the_other_server_as_soon_as_it_is_there(
    speaking: Running, other: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = submit(speaking)["task_id"]
    monkeypatch.setattr(follower, "_LOOK_SECONDS", 3600.0)  # what the other knows grows old
    assert other.client.get(f"/voice-tasks/{task_id}").json()["data"]["status"] in ("wait", "run")
    speaking.engine.release()
    assert ended(speaking, task_id)["status"] == "done"
    assert other.client.get(f"/done/{task_id}.wav").content[:4] == b"RIFF"
