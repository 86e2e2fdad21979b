"""Weights are loaded beside speech: it goes on, whatever becomes of them, and everybody can see how far they are."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from GPT_SoVITS.engine.errors import EngineClosedError, EngineError, WeightsInvalidError, WeightsMissingError
from GPT_SoVITS.engine.messages import EngineState, Failed, Finished, LoadProgress
from GPT_SoVITS.inference.progress import LoadMeter
from tests.scheduler.doubles import FIRST, SECOND, THIRD, Desk, World, solo
from tests.waiting import eventually

PATIENCE = 20.0


@pytest.fixture
def beside() -> Iterator[ThreadPoolExecutor]:
    executor = ThreadPoolExecutor(1)
    yield executor
    executor.shutdown()


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Loads wait for it."""
    event = threading.Event()
    yield event
    event.set()


def turn_until(desk: Desk, there: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not there():
        assert time.monotonic() < until, desk.world.journal[-5:]
        if not desk.scheduler.turn():
            time.sleep(0.001)


def steps(desk: Desk, of: str) -> int:
    return desk.world.journal.count(of)


def test_speech_goes_on_while_weights_load(beside: ThreadPoolExecutor, gate: threading.Event) -> None:
    desk = Desk(World(load_gate=gate), beside=beside)
    story = desk.ask("a:60")
    desk.until("step first a")
    loading = desk.scheduler.load(SECOND)
    before = steps(desk, "step first a")
    desk.turn(40)
    assert steps(desk, "step first a") >= before + 30, "a step for every turn, whatever the load does"
    assert not loading.done()
    gate.set()
    turn_until(desk, loading.done)
    assert loading.result(0).weights == SECOND
    new = desk.ask("b:20")
    desk.finish()
    assert isinstance(new.events[-1], Finished) and "step second b" in desk.world.journal
    assert np.array_equal(story.audio, solo("a:60"))


@pytest.mark.parametrize("needs_graphs", [False, True])
def test_only_graphs_are_built_on_the_owners_thread(beside: ThreadPoolExecutor, needs_graphs: bool) -> None:
    desk = Desk(World(needs_graphs=needs_graphs, load_units=3), beside=beside)
    story = desk.ask("a:60")
    desk.until("step first a")
    loading = desk.scheduler.load(SECOND)
    turn_until(desk, loading.done)
    here = threading.get_ident()
    assert [thread == here for thread in desk.pipeline.load_threads[3:]] == [needs_graphs] * 3
    desk.finish()
    assert np.array_equal(story.audio, solo("a:60"))


@pytest.mark.parametrize("fails", [False, True])
def test_first_weights_on_their_way_are_waited_for(
    beside: ThreadPoolExecutor, gate: threading.Event, fails: bool
) -> None:
    """As while the engine starts: nobody is told that there are no weights while they are being loaded."""
    error = WeightsInvalidError("no weights")

    def half() -> None:
        gate.wait(PATIENCE)
        if fails:
            raise error

    desk = Desk(World(watching=half), weights=None, beside=beside)
    loading = desk.scheduler.load(FIRST)
    desk.turn()
    assert desk.scheduler.status().state is EngineState.STARTING
    story = desk.ask("a:20")
    desk.turn()
    assert not story.events
    gate.set()
    turn_until(desk, lambda: loading.done() and bool(story.events))
    desk.finish()
    last = story.events[-1]
    assert isinstance(last, Failed) and last.error is error if fails else isinstance(last, Finished)
    assert desk.scheduler.status().state is (EngineState.NO_WEIGHTS if fails else EngineState.READY)


def test_loads_wait_for_one_another(beside: ThreadPoolExecutor, gate: threading.Event) -> None:
    desk = Desk(World(load_gate=gate), beside=beside)
    second, third, again = (desk.scheduler.load(weights) for weights in (SECOND, THIRD, SECOND))
    desk.turn(20)
    assert second.running() and not third.running() and not again.running()
    assert desk.scheduler.status().loading == LoadProgress(SECOND, 0.0, "loading second")
    assert third.cancel(), "what has not begun can be called off"
    gate.set()
    turn_until(desk, again.done)
    assert second.result(0).weights == again.result(0).weights == SECOND
    assert [line for line in desk.world.journal if line.startswith("load")] == ["load second"]


def test_weights_that_a_request_names_are_loaded_beside_as_well(
    beside: ThreadPoolExecutor, gate: threading.Event
) -> None:
    desk = Desk(World(load_gate=gate), beside=beside)
    one, other = desk.ask("a:60"), desk.ask("b:20", weights=SECOND)
    desk.until("step first a")
    desk.turn(20)
    assert not other.events and desk.world.journal.count("load second") == 1
    gate.set()
    turn_until(desk, lambda: one.ended and other.ended)
    assert isinstance(one.events[-1], Finished) and isinstance(other.events[-1], Finished)
    current = desk.scheduler.status().current
    assert current is not None and current.weights == FIRST


@pytest.mark.parametrize("error", [WeightsMissingError("not there"), WeightsInvalidError("no weights")])
def test_what_fails_beside_leaves_everything_as_it_was(beside: ThreadPoolExecutor, error: EngineError) -> None:
    desk = Desk(World(unloadable={SECOND: error}), beside=beside)
    story, asking = desk.ask("a:60"), desk.ask("b:20", weights=SECOND)
    failing = desk.scheduler.load(SECOND)
    turn_until(desk, lambda: failing.done() and story.ended and asking.ended)
    assert failing.exception(0) is error
    last = asking.events[-1]
    assert isinstance(last, Failed) and last.error is error
    status = desk.scheduler.status()
    assert status.current is not None and (status.current.weights, status.loading) == (FIRST, None)
    assert [loaded.weights for loaded in status.loaded] == [FIRST]
    assert np.array_equal(story.audio, solo("a:60"))


def test_closing_gives_up_what_is_under_way(beside: ThreadPoolExecutor, gate: threading.Event) -> None:
    desk = Desk(World(load_gate=gate, load_units=100), beside=beside)
    under_way, waiting = desk.scheduler.load(SECOND), desk.scheduler.load(THIRD)
    desk.turn(3)
    owner = threading.Thread(target=desk.scheduler.run)
    owner.start()
    desk.scheduler.close(0.0)
    owner.join(PATIENCE)
    for future in (under_way, waiting):
        with pytest.raises(EngineClosedError):
            future.result(0)
    gate.set()
    beside.shutdown(wait=True)
    assert desk.world.journal.count("load second") <= 2, "the thread beside stops at its next step"
    status = desk.scheduler.status()
    assert (status.state, status.loading) == (EngineState.CLOSED, None)
    assert [loaded.weights for loaded in status.loaded] == [FIRST]


def test_a_load_that_gives_no_sign_shows_though_the_owner_is_idle(
    beside: ThreadPoolExecutor, gate: threading.Event
) -> None:
    desk = Desk(World(load_gate=gate), beside=beside)
    owner = threading.Thread(target=desk.scheduler.run, daemon=True)
    owner.start()
    loading = desk.scheduler.load(SECOND)
    eventually(lambda: desk.scheduler.silent > 0.2)
    assert desk.scheduler.doing == "loading second"
    gate.set()
    loading.result(PATIENCE)
    assert desk.scheduler.doing == ""
    desk.scheduler.close(1.0)
    owner.join(PATIENCE)


def test_how_far_a_load_is_never_falls() -> None:
    desk = Desk(World(load_units=4, load_fractions=[0.0, 0.5, 0.25, 0.75]))
    seen: list[LoadProgress | None] = []
    desk.world.watching = lambda: seen.append(desk.scheduler.status().loading)
    desk.scheduler.load(SECOND)
    desk.finish()
    assert [each.fraction for each in seen if each is not None] == [0.0, 0.0, 0.5, 0.5]
    assert {each.weights for each in seen if each is not None} == {SECOND}
    assert desk.scheduler.status().loading is None


def test_stages_weigh_what_they_take() -> None:
    told: list[tuple[str, float]] = []
    meter = LoadMeter({"files": 1.0, "warm-up": 3.0}, lambda what, fraction: told.append((what, fraction)))
    files, warm_up = meter.stage("files", 2), meter.stage("warm-up", 3)
    for say, what in ((files, "one"), (files, "two"), (warm_up, "a"), (warm_up, "b"), (warm_up, "c"), (warm_up, "d")):
        say(what)
    assert told == [("one", 0.0), ("two", 0.125), ("a", 0.25), ("b", 0.5), ("c", 0.75), ("d", 1.0)]
