"""Kinds that need one device take turns: by the setting that says which goes first, and how long others wait."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from service.database import Database
from service.jobs.device import DeviceTurns, Sharing
from service.jobs.kinds import Need
from service.threads import Offload
from tests.service.jobs.counting import CountingKind, count, counting_queue, worker_on
from tests.waiting import eventually_async


class Seconds:
    """Time that the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


def test_the_first_kind_gets_the_device_at_once(seconds: Seconds) -> None:
    turns = DeviceTurns(Sharing("speech"), seconds)
    assert turns.decide({"training"}, {}) == "training"
    assert turns.decide({"speech", "training"}, {"training": 1}) == "speech"
    assert turns.decide({"training"}, {"speech": 1}) == "speech"
    assert turns.decide({"training"}, {}) == "training", "once nothing of the first is left"


def test_without_a_turns_length_others_wait_until_the_first_has_nothing_to_do(seconds: Seconds) -> None:
    turns = DeviceTurns(Sharing("speech"), seconds)
    turns.decide({"speech"}, {})
    for _ in range(10):
        seconds.now += 3600
        assert turns.decide({"speech", "training"}, {"speech": 2}) == "speech"


def test_who_has_waited_for_a_turn_gets_one_as_long(seconds: Seconds) -> None:
    turns = DeviceTurns(Sharing("speech", 60), seconds)
    turns.decide({"speech"}, {})
    turns.decide({"speech", "training"}, {"speech": 1})
    seconds.now += 59
    assert turns.decide({"speech", "training"}, {"speech": 1}) == "speech"
    seconds.now += 1
    assert turns.decide({"speech", "training"}, {"speech": 1}) == "training"
    assert turns.decide({"speech"}, {"training": 1}) == "training"
    seconds.now += 60
    assert turns.decide({"speech"}, {"training": 1}) == "speech"


def test_alike_kinds_wait_for_each_other_as_long(seconds: Seconds) -> None:
    turns = DeviceTurns(Sharing(None, 10), seconds)
    assert turns.decide({"a", "b"}, {}) == "a"
    seconds.now += 5
    assert turns.decide({"a", "b"}, {"a": 1}) == "a"
    seconds.now += 5
    assert turns.decide({"a", "b"}, {"a": 1}) == "b"


def test_nobody_has_a_turn_when_nobody_wants_one(seconds: Seconds) -> None:
    turns = DeviceTurns(Sharing("speech"), seconds)
    assert turns.decide((), {}) is None
    turns.decide({"speech"}, {})
    assert turns.decide((), {}) is None


@pytest.mark.both_databases
def test_a_long_job_makes_room_for_the_first_kind_and_goes_on_after_it(
    database: Database, tmp_path: Path, offload: Offload
) -> None:
    on_device = Need(device=True, parallel=1)
    training = CountingKind("training", on_device, seconds_per_step=0.05)
    speech = CountingKind("speech", on_device)
    jobs = counting_queue(database, training, speech)
    jobs.admission.accept(count("long", 60, kind="training"), 100)
    together: list[int] = []

    async def story() -> None:
        worker = worker_on(jobs, tmp_path, offload, training, speech, sharing=Sharing("speech"))
        await worker.start()
        await eventually_async(lambda: jobs.reader.find("training", "long").steps_done > 0)
        jobs.admission.accept(count("short", 3, kind="speech"), 100)
        while not jobs.reader.find("speech", "short").ended:
            together.append(training.active and speech.active)
            await asyncio.sleep(0.005)
        await eventually_async(lambda: jobs.reader.find("training", "long").ended, 60)
        await worker.stop()

    asyncio.run(story())
    events = jobs.events.of_job("long")
    assert "another kind has its turn on the device" in [event.detail.get("reason") for event in events]
    assert jobs.reader.find("training", "long").facts == tuple(range(60)), "paused, not begun again"
    assert not any(together), "never both on the device"
    done = jobs.events.of_job("short")[-1]
    assert done.number < events[-1].number


@pytest.mark.both_databases
def test_kinds_that_need_no_device_run_beside(database: Database, tmp_path: Path, offload: Offload) -> None:
    slow, quick = CountingKind("slow", seconds_per_step=0.05), CountingKind("quick", Need(device=True))
    jobs = counting_queue(database, slow, quick)
    jobs.admission.accept(count("long", 1000, kind="slow"), 100)

    async def story() -> None:
        worker = worker_on(jobs, tmp_path, offload, slow, quick, sharing=Sharing("quick"))
        await worker.start()
        await eventually_async(lambda: jobs.reader.find("slow", "long").steps_done > 0)
        jobs.admission.accept(count("short", 3, kind="quick"), 100)
        await eventually_async(lambda: jobs.reader.find("quick", "short").ended)
        assert slow.active == 1
        await worker.stop()

    asyncio.run(story())
    assert [event.type for event in jobs.events.of_job("long")].count("handed_back") == 1, "by the stop alone"
