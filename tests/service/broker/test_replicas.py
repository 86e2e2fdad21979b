"""An API without an engine, and workers that have one: any replica answers for any task, and speaks."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from GPT_SoVITS.engine.errors import EngineBusyError, EngineDiedError, ReferenceAudioError
from GPT_SoVITS.engine.interface import stream
from GPT_SoVITS.engine.messages import (
    AudioChunk,
    EngineState,
    Event,
    Failed,
    Finished,
    Reference,
    Started,
    Streaming,
    SynthesisRequest,
)
from GPT_SoVITS.testing.fake import FakeEngine
from service import app as application
from service import worker
from service.broker.link import Link
from service.errors import ParameterError
from service.remote import engine as remote
from service.remote.codec import event_from, event_to, request_from, request_to
from service.remote.engine import BrokerEngine
from service.remote.serving import EngineServing
from service.settings import Settings, SettingsError, load_settings
from service.threads import offload_to
from tests.service.broker.bench import OldClient
from tests.service.conftest import Running, Starter, listening
from tests.service.proof.harness import REFERENCE, write_clip
from tests.service.rabbitmq import RabbitServer
from tests.service.tasks.http import ended
from tests.waiting import eventually


@contextmanager
def linked(address: str, *parts: Any) -> Iterator[Link]:
    """A link with some parts, in an event loop of its own."""
    made: list[tuple[asyncio.AbstractEventLoop, asyncio.Event, Link]] = []

    async def live() -> None:
        link, stop = Link(address, (), parts), asyncio.Event()
        link.start()
        made.append((asyncio.get_running_loop(), stop, link))
        await stop.wait()
        await link.stop()

    thread = threading.Thread(target=lambda: asyncio.run(live()))
    thread.start()
    loop, stop, link = eventually(lambda: made)[0]
    try:
        yield link
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(30)


@contextmanager
def serving(address: str, fake: FakeEngine, check: Any = lambda _request: None) -> Iterator[BrokerEngine]:
    """An engine of a worker, reached by the broker."""
    here = BrokerEngine()
    with ThreadPoolExecutor(4) as pool:
        there = EngineServing(fake, 2, check, offload_to(pool))
        with linked(address, there), linked(address, here):
            eventually(lambda: here.status().state is EngineState.READY)
            yield here
    fake.close(1.0)


def _request(text: str = "第一句。第二句。", **given: Any) -> SynthesisRequest:
    return SynthesisRequest(text, "all_zh", Reference("x.wav"), seed=7, **given)


def _audio(events: list[Event]) -> np.ndarray[Any, Any]:
    return np.concatenate([event.samples for event in events if isinstance(event, AudioChunk)])


def test_speech_by_the_broker_is_that_of_the_engine(rabbit: RabbitServer, old: OldClient) -> None:
    with serving(rabbit.url, FakeEngine()) as here:
        for streaming in (Streaming.OFF, Streaming.TOKENS):
            events = list(stream(here, _request(streaming=streaming)))
            alone = list(stream(FakeEngine(), _request(streaming=streaming)))
            assert isinstance(events[0], Started) and isinstance(events[-1], Finished)
            np.testing.assert_array_equal(_audio(events), _audio(alone))


def test_errors_and_cancellations_cross_the_broker(rabbit: RabbitServer, old: OldClient) -> None:
    fake = FakeEngine(seconds_per_segment=60, steps_per_segment=6000)

    def check(request: SynthesisRequest) -> None:
        if request.text == "forbidden":
            raise ParameterError("path_malformed", field="ref_wav_path")

    with serving(rabbit.url, fake, check) as here:
        fake.fail_next(ReferenceAudioError("too short", code="reference_unusable", found=1))
        failed = list(stream(here, _request()))[-1]
        assert isinstance(failed, Failed) and isinstance(failed.error, ReferenceAudioError)
        assert failed.error.params == {"found": "1"}
        assert isinstance(list(stream(here, _request("forbidden")))[-1], Failed) and not fake.status().active
        events = stream(here, _request())
        assert isinstance(next(events), Started)
        eventually(lambda: fake.status().active)
        events.close()  # type: ignore[attr-defined]
        eventually(lambda: not fake.status().active)


def test_a_worker_that_is_lost_and_one_that_never_came_are_told(
    rabbit: RabbitServer, old: OldClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "SILENT_SECONDS", 2.0)
    monkeypatch.setattr(remote, "TAKEN_WITHIN_SECONDS", 1.0)
    fake, here = FakeEngine(seconds_per_segment=60, steps_per_segment=6000), BrokerEngine()
    with linked(rabbit.url, here) as link, ThreadPoolExecutor(4) as pool:
        eventually(lambda: link.connected)
        eventually(lambda: here._loop)
        failed = list(stream(here, _request()))[-1]
        assert isinstance(failed, Failed) and isinstance(failed.error, EngineBusyError)
        with linked(rabbit.url, EngineServing(fake, 2, lambda _request: None, offload_to(pool))):
            eventually(lambda: here.status().state is EngineState.READY)
            monkeypatch.setattr(remote, "TAKEN_WITHIN_SECONDS", 60.0)
            events = stream(here, _request())
            assert isinstance(next(events), Started)
        failed = list(events)[-1]
        assert isinstance(failed, Failed) and isinstance(failed.error, EngineDiedError)
    fake.close(1.0)


@contextmanager
def _working(settings: Settings, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(worker, "open_engine", lambda _settings: engine)
    stops: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def work() -> None:
        stops.append((asyncio.get_running_loop(), asyncio.Event()))
        await worker.work(settings, stops[0][1], ("speech",))

    thread = threading.Thread(target=lambda: asyncio.run(work()))
    thread.start()
    loop, stop = eventually(lambda: stops)[0]
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(60)


def test_a_replica_without_an_engine_speaks_and_answers_for_every_task(
    rabbit: RabbitServer, old: OldClient, start: Starter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "service"
    write_clip(root / REFERENCE)
    settings = load_settings(root=root, host="127.0.0.1", broker=rabbit.url, engine=False, shutdown_seconds=2)
    ends = old.listens("synthesis", "endx")
    import httpx

    with (
        listening(application.create_app(settings)) as address,
        httpx.Client(base_url=address, timeout=60, trust_env=False) as client,
        _working(settings, FakeEngine(), monkeypatch),
    ):
        replica = Running(client, None, None, settings)  # type: ignore[arg-type]
        eventually(lambda: client.get("/healthz").json()["engine"] == "ready")
        body = {"text": "第一句。第二句。", "ref_wav_path": REFERENCE, "how_to_cut": "按标点符号切"}
        with client.stream("POST", "/synthesize", json={**body, "stream": True}) as answer:
            assert answer.status_code == 200, answer.read()
            assert answer.read()[:4] == b"RIFF"
        old.publish("synthesis", {**body, "task_id": "m1", "user_id": "u1", "tool": "x", "session_id": "s"})
        assert ended(replica, "m1", 60)["status"] == "done"
        assert client.get("/done/m1.wav").content[:4] == b"RIFF"
        told = eventually(lambda: old.got(ends))
        assert (told["model"], told["task_id"], told["result_url"]) == ("synthesis", "m1", "/done/m1.wav")
        old.publish("slice", b'{"inp": "/etc", "session_id": "s"}')
        eventually(lambda: old.depth("gpt_sovits_dead_queue") == 1)


def test_an_engine_that_is_off_asks_for_a_broker(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="give a broker"):
        load_settings(root=tmp_path, engine=False)


def test_what_is_no_event_is_refused() -> None:
    name, body, _ = event_to(Started("r", 1, FakeEngine().status().current.weights, "v2", 32000, ("a",)))  # type: ignore[union-attr]
    assert event_from("r", name, body, 0).request_id == "r"
    for wrong in (("Nonsense", b"{}"), ("Started", b"{}"), ("Started", json.dumps({"seed": "x"}).encode())):
        with pytest.raises(ValueError):
            event_from("r", *wrong, 0)
    assert request_from(request_to(_request())).text == "第一句。第二句。"
