"""A worker on the queue: what is accepted is spoken, whatever the engine does meanwhile."""

from __future__ import annotations

import asyncio
import errno
import time
import wave
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from GPT_SoVITS.engine.errors import EngineBusyError, EngineDiedError, InvalidRequestError, SynthesisFailedError
from GPT_SoVITS.engine.interface import stream
from GPT_SoVITS.engine.messages import AudioChunk
from GPT_SoVITS.testing.fake import FakeEngine
from service.files.wav import to_pcm16
from service.jobs import running
from service.jobs.records import Status
from service.jobs.worker import Worker
from service.speech import speaking
from service.speech.records import speech
from tests.service.tasks.bench import SEGMENTS, TEXT, Bench
from tests.waiting import eventually_async

pytestmark = pytest.mark.both_databases


def _result(path: Path) -> NDArray[np.int16]:
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


def _alone(bench: Bench, task_id: str) -> NDArray[np.int16]:
    """The audio of a task's text and seed, spoken with nothing beside it and without interruption."""
    task = bench.find(task_id)
    request = bench.request(task)
    pinned = bench.engine.requests[-1].reference
    chunks = stream(FakeEngine(), type(request)(**{**vars(request), "reference": pinned, "seed": speech(task).seed}))
    return np.concatenate([to_pcm16(event.samples) for event in chunks if isinstance(event, AudioChunk)])


async def _run(bench: Bench, pool: ThreadPoolExecutor, names: Iterable[str], **settings: Any) -> Worker:
    """Work until tasks have ended."""
    worker = bench.worker(pool, **settings)
    await worker.start()
    wanted = list(names)
    await eventually_async(lambda: all(bench.find(name).ended for name in wanted))
    await worker.stop()
    return worker


def test_every_task_is_spoken_and_several_are_in_the_engine_at_once(bench: Bench, pool: ThreadPoolExecutor) -> None:
    bench.engine.hold()
    names = [f"t{number}" for number in range(12)]
    for name in names:
        bench.submit(name, text=TEXT + name)
    most = 0
    submit = bench.engine.submit

    def counting(*args: Any) -> None:
        nonlocal most
        submit(*args)
        status = bench.engine.status()
        most = max(most, status.active + status.waiting)
        if most == 4:
            bench.engine.release()

    bench.engine.submit = counting  # type: ignore[method-assign,assignment]
    asyncio.run(_run(bench, pool, names, parallel=4))
    assert {bench.status(name) for name in names} == {Status.DONE}
    assert most == 4
    assert bench.events("t3") == ["submitted", "claimed", "started", *["segment"] * (SEGMENTS + 1), "done"]


def test_an_engine_that_dies_in_the_middle_costs_no_finished_segment(bench: Bench, pool: ThreadPoolExecutor) -> None:
    bench.engine.seconds_per_segment = 2.0
    bench.submit("t1", seed=5)
    kept: list[int] = []

    async def story() -> None:
        worker = bench.worker(pool)
        await worker.start()
        await eventually_async(lambda: bench.find("t1").steps_done > 0)
        bench.engine.die()
        await eventually_async(lambda: "repeated" in bench.events("t1"))
        assert bench.status("t1") is Status.WAIT, "nothing is claimed while the engine is away"
        kept.append(bench.find("t1").steps_done)
        bench.engine.revive()
        bench.engine.seconds_per_segment = 0.0
        bench.clock.ahead = running.REPEAT_DELAY
        await eventually_async(lambda: bench.status("t1") is Status.DONE)
        await worker.stop()

    asyncio.run(story())
    assert bench.engine.requests[-1].segments == tuple(range(kept[0], SEGMENTS))
    assert bench.events("t1").count("segment") == SEGMENTS
    np.testing.assert_array_equal(_result(bench.root / "done/t1.wav"), _alone(bench, "t1"))


def test_an_attempt_that_fails_is_repeated_with_what_was_pinned(bench: Bench, pool: ThreadPoolExecutor) -> None:
    bench.submit("t1")
    bench.engine.fail_next(SynthesisFailedError("scripted"), after_segments=2)
    asyncio.run(_run(bench, pool, ["t1"]))
    first, second = bench.engine.requests
    assert first.segments is None and second.segments == (2,)
    assert second.seed == speech(bench.find("t1")).seed is not None
    assert second.weights is not None, "weights that were switched meanwhile do not matter"
    np.testing.assert_array_equal(_result(bench.root / "done/t1.wav"), _alone(bench, "t1"))


def test_three_failures_in_a_row_end_the_task_with_the_reason(
    bench: Bench, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.submit("t1")
    monkeypatch.setattr(speaking, "REPEAT_DELAY", 0.01)
    for _ in range(3):
        bench.engine.fail_next(SynthesisFailedError("scripted"))
    asyncio.run(_run(bench, pool, ["t1"]))
    assert bench.find("t1").error == "given up after 3 attempts: scripted"


def test_what_kills_its_worker_is_claimed_five_times_at_most(
    bench: Bench, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two deaths make it suspect and may have been others' doing; then each is counted, and none is passed over."""
    bench.submit("t1")
    monkeypatch.setattr(speaking, "REPEAT_DELAY", 0.01)
    for _ in range(6):
        bench.engine.fail_next(EngineDiedError("scripted"))
    asyncio.run(_run(bench, pool, ["t1"]))
    assert bench.find("t1").error == "given up after 3 attempts: scripted"
    assert [request.resends for request in bench.engine.requests] == [1, 1, 0, 0, 0]


def test_a_request_that_is_wrong_is_not_repeated(bench: Bench, pool: ThreadPoolExecutor) -> None:
    bench.submit("t1")
    bench.engine.fail_next(InvalidRequestError("no such language"))
    asyncio.run(_run(bench, pool, ["t1"]))
    assert bench.find("t1").error == "no such language"
    assert len(bench.engine.requests) == 1


def test_a_busy_engine_costs_no_attempt(
    bench: Bench, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speaking, "BUSY_DELAY", 0.01)
    bench.submit("t1")
    for _ in range(4):
        bench.engine.fail_next(EngineBusyError("full"))
    asyncio.run(_run(bench, pool, ["t1"]))
    assert bench.status("t1") is Status.DONE
    assert bench.events("t1").count("handed_back") == 4


def test_a_cancelled_task_leaves_the_engine_within_a_decode_step(bench: Bench, pool: ThreadPoolExecutor) -> None:
    bench.engine.seconds_per_segment, bench.engine.steps_per_segment = 20.0, 2000
    bench.submit("t1")

    async def story() -> float:
        worker = bench.worker(pool)
        await worker.start()
        await eventually_async(lambda: bench.engine.status().active == 1)
        began = time.perf_counter()
        worker.gone(bench.cancel("t1").key)
        await eventually_async(lambda: bench.engine.status().active == 0)
        took = time.perf_counter() - began
        await worker.stop()
        return took

    assert asyncio.run(story()) < 15, "a segment takes 20 s, a step 10 ms"
    assert bench.find("t1").error == "cancelled"


def test_a_cancellation_by_another_server_is_noticed_by_the_heartbeat(bench: Bench, pool: ThreadPoolExecutor) -> None:
    bench.engine.seconds_per_segment, bench.engine.steps_per_segment = 60.0, 6000
    bench.submit("t1")

    async def story() -> None:
        worker = bench.worker(pool)
        await worker.start()
        await eventually_async(lambda: bench.engine.status().active == 1)
        bench.remove("t1")
        await eventually_async(lambda: bench.engine.status().active == 0, 30.0)
        await worker.stop()

    asyncio.run(story())
    assert not list(bench.root.rglob("*t1*"))


def test_shutdown_finishes_the_segment_and_hands_the_rest_back(bench: Bench, pool: ThreadPoolExecutor) -> None:
    bench.engine.seconds_per_segment = 0.2
    bench.submit("t1")

    async def story() -> None:
        worker = bench.worker(pool)
        await worker.start()
        await eventually_async(lambda: bench.engine.status().active == 1)
        await worker.stop()

    asyncio.run(story())
    task = bench.find("t1")
    assert (task.status, task.steps_done, task.attempts) == (Status.WAIT, 1, 0)


def test_shutdown_does_not_wait_for_a_long_segment(bench: Bench, pool: ThreadPoolExecutor) -> None:
    bench.engine.seconds_per_segment = 30.0
    bench.submit("t1")

    async def story() -> float:
        worker = bench.worker(pool, grace_seconds=0.2)
        await worker.start()
        await eventually_async(lambda: bench.engine.status().active == 1)
        began = time.perf_counter()
        await worker.stop()
        return time.perf_counter() - began

    assert asyncio.run(story()) < 20, "a segment takes 30 s"
    assert bench.status("t1") is Status.WAIT


def test_a_disk_that_fills_up_stops_the_work_and_spoils_nothing(
    bench: Bench, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "FULL_DELAY", 0.05)
    bench.submit("t1", seed=5)
    room = 2
    write_segment = bench.folders.write_segment

    def limited(*args: Any) -> tuple[str, str | None]:
        nonlocal room
        room -= 1
        if -20 < room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write_segment(*args)

    monkeypatch.setattr(bench.folders, "write_segment", limited)
    asyncio.run(_run(bench, pool, ["t1"]))
    assert bench.status("t1") is Status.DONE
    assert bench.events("t1").count("handed_back") >= 10, "many full disks cost no attempt"
    np.testing.assert_array_equal(_result(bench.root / "done/t1.wav"), _alone(bench, "t1"))


def test_what_could_not_be_written_is_written_later(
    bench: Bench, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.submit("t1")
    bench.engine.fail_next(InvalidRequestError("wrong"))
    failing = 3
    fail = bench.jobs.attempts.fail

    def stumbling(*args: Any, **how: Any) -> Any:
        nonlocal failing
        failing -= 1
        if failing >= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return fail(*args, **how)

    monkeypatch.setattr(bench.jobs.attempts, "fail", stumbling)
    asyncio.run(_run(bench, pool, ["t1"]))
    assert bench.find("t1").error == "wrong"


def test_a_task_keeps_its_reference_when_the_voice_is_deleted(bench: Bench, pool: ThreadPoolExecutor) -> None:
    bench.engine.seconds_per_segment, bench.engine.check_files = 0.1, False
    bench.submit("t1", seed=5)

    async def story() -> None:
        worker = bench.worker(pool)
        await worker.start()
        await eventually_async(lambda: bench.find("t1").steps_done >= 1)
        (bench.root / "reference.wav").unlink()
        await worker.stop()
        bench.engine.check_files = True
        assert bench.engine.requests[-1].reference.path.startswith(str(bench.root / "task"))
        await _run(bench, pool, ["t1"])

    bench.engine._loaded.clear()
    asyncio.run(story())
    assert "reference" not in (bench.find("t1").error or "")


def test_nothing_is_begun_when_the_disk_is_nearly_full(bench: Bench, pool: ThreadPoolExecutor) -> None:
    bench.submit("t1")

    async def story() -> None:
        worker = bench.worker(pool, min_free_bytes=1 << 60)
        await worker.start()
        await asyncio.sleep(0.3)
        await worker.stop()

    asyncio.run(story())
    assert bench.status("t1") is Status.WAIT
    assert bench.engine.requests == []
