"""A worker without HTTP beside an API that takes no work itself."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from GPT_SoVITS.testing.fake import FakeEngine
from service import worker
from service.settings import Settings
from tests.service.conftest import Running, Starter
from tests.service.tasks.http import ended, submit
from tests.waiting import eventually

pytestmark = pytest.mark.both_databases


@contextmanager
def working(settings: Settings, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A worker on the queue of a service, with an engine of its own."""
    monkeypatch.setattr(worker, "open_engine", lambda _settings: engine)
    stops: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def work() -> None:
        stop = asyncio.Event()
        stops.append((asyncio.get_running_loop(), stop))
        await worker.work(settings, stop)

    thread = threading.Thread(target=lambda: asyncio.run(work()))
    thread.start()
    try:
        yield
    finally:
        loop, stop = eventually(lambda: stops)[0]
        loop.call_soon_threadsafe(stop.set)
        thread.join(60)
        assert not thread.is_alive(), "it did not stop"


@pytest.fixture
def api(start: Starter) -> Running:
    """An API that leaves the work to others."""
    return start(FakeEngine(), worker=False, shutdown_seconds=2)


def test_nothing_is_spoken_until_a_worker_comes(api: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    task_id = submit(api)["task_id"]
    engine = FakeEngine()
    with working(api.settings, engine, monkeypatch):
        assert ended(api, task_id, 60)["status"] == "done"
    assert api.client.get(f"/done/{task_id}.wav").content[:4] == b"RIFF"
    assert len(engine.requests) == 1 and not api.engine.requests


def test_a_cancellation_reaches_the_worker(api: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = FakeEngine(seconds_per_segment=300, steps_per_segment=30_000)
    with working(api.settings, engine, monkeypatch):
        task_id = submit(api)["task_id"]
        eventually(lambda: engine.status().active)
        assert api.client.post(f"/voice-tasks/{task_id}/cancel").status_code == 200
        eventually(lambda: not engine.status().active)
    assert api.client.get(f"/voice-tasks/{task_id}").json()["data"]["error"] == "cancelled"


def test_a_worker_that_is_stopped_hands_back(api: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = FakeEngine(seconds_per_segment=300, steps_per_segment=30_000)
    task_id = submit(api)["task_id"]
    with working(api.settings, engine, monkeypatch):
        eventually(lambda: engine.status().active)
    entry = api.client.get(f"/voice-tasks/{task_id}").json()["data"]
    assert (entry["status"], entry["attempts"]) == ("wait", 0)


def test_the_command_names_its_kinds(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        worker.parser().parse_args(["--kinds", "nonsense"])
    assert "speech" in capsys.readouterr().err
