"""Several weight sets side by side: pinned, switched, released, missed."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest

from GPT_SoVITS.engine.errors import MemoryBudgetError, WeightsInvalidError, WeightsMissingError
from GPT_SoVITS.engine.messages import EngineState, Failed, Finished, LoadedWeights, Started, WeightsPair
from tests.scheduler.doubles import FIRST, SECOND, THIRD, Desk, World, solo


def names(desk: Desk) -> list[str]:
    return [loaded.weights.gpt.removesuffix(".ckpt") for loaded in desk.scheduler.status().loaded]


def test_requests_stay_with_the_weights_they_began_with() -> None:
    desk = Desk()
    old = desk.ask("old:60")
    desk.until("step first old")
    loading = desk.scheduler.load(SECOND)
    new_too_early = desk.ask("early:20")
    desk.turn()
    assert loading.done()
    new = desk.ask("new:20")
    desk.finish()
    assert old.all(Started)[0].weights == FIRST
    assert new_too_early.all(Started)[0].weights == FIRST
    assert new.all(Started)[0].weights == SECOND
    assert "step first old" in desk.world.journal
    assert "step second new" in desk.world.journal
    assert np.array_equal(old.audio, solo("old:60"))


def test_two_weight_sets_take_turns() -> None:
    desk = Desk()
    stories = [desk.ask("one:30"), desk.ask("two:30", weights=SECOND)]
    journal = desk.finish()
    assert all(isinstance(story.events[-1], Finished) for story in stories)
    assert journal.index("step second two") < len(journal) - 1 - journal[::-1].index("step first one")


def test_running_work_goes_on_while_weights_load() -> None:
    desk = Desk(World(load_units=5))
    story = desk.ask("a:60")
    desk.until("step first a")
    loading = desk.scheduler.load(SECOND)
    begun = len(desk.world.journal)
    desk.turn()
    assert loading.result(0).weights == SECOND
    assert sum(line == "step first a" for line in desk.world.journal[begun:]) == 5
    desk.finish()
    assert np.array_equal(story.audio, solo("a:60"))


@pytest.mark.parametrize("error", [WeightsMissingError("not there"), WeightsInvalidError("no weights")])
def test_a_failed_load_leaves_everything_as_it_was(error: WeightsMissingError) -> None:
    desk = Desk(World(unloadable={SECOND: error}, load_units=2))
    story = desk.ask("a:30")
    desk.until("step first a")
    before = desk.scheduler.status()
    failing = desk.scheduler.load(SECOND)
    asking = desk.ask("b:20", weights=SECOND)
    desk.finish()
    with pytest.raises(type(error)):
        failing.result(0)
    last = asking.events[-1]
    assert isinstance(last, Failed)
    assert last.error is error
    after = desk.scheduler.status()
    assert (after.state, after.current.weights if after.current else None) == (EngineState.READY, FIRST)
    assert [loaded.weights for loaded in after.loaded] == [loaded.weights for loaded in before.loaded]
    assert np.array_equal(story.audio, solo("a:30"))


def test_the_least_recently_used_weights_are_released() -> None:
    desk = Desk(memory_budget=250)
    desk.ask("a:20", weights=SECOND)
    desk.finish()
    assert names(desk) == ["first", "second"]
    desk.ask("b:20", weights=THIRD)
    desk.finish()
    assert names(desk) == ["first", "third"], "the current ones stay"
    desk.scheduler.load(SECOND)
    desk.finish()
    assert names(desk) == ["third", "second"], "of those that are not current now, the first were used longest ago"
    assert desk.scheduler.status().current == LoadedWeights(SECOND, "v2", 1000, 100)
    assert [bundle.decoder.states for bundle in desk.pipeline.bundles] == [0, 0, 1, 0], "caches go with their weights"


def test_weights_in_use_are_never_released() -> None:
    desk = Desk(memory_budget=250)
    using = desk.ask("a:80", weights=SECOND)
    desk.until("step second a")
    failing = desk.scheduler.load(THIRD, make_current=False)
    waiting = desk.ask("b:20", weights=THIRD)
    desk.turn(20)
    with pytest.raises(MemoryBudgetError):
        failing.result(0)
    assert names(desk) == ["first", "second"]
    assert not waiting.ended
    desk.finish()
    assert isinstance(using.events[-1], Finished)
    assert isinstance(waiting.events[-1], Finished), "room came when the other request had ended"
    assert desk.world.journal.count("load third") == 2, "for the load that failed, and when there was room"


def test_what_several_weights_share_counts_once() -> None:
    """Three times 40 and once 60 fit where three times 100 do not."""
    desk = Desk(World(shared_bytes=60), memory_budget=180)
    for weights in (SECOND, THIRD):
        desk.ask("a:20", weights=weights)
        desk.finish()
    assert names(desk) == ["first", "second", "third"]
    tight = Desk(World(shared_bytes=60), memory_budget=179)
    for weights in (SECOND, THIRD):
        tight.ask("a:20", weights=weights)
        tight.finish()
    assert names(tight) == ["first", "third"]


def test_weights_that_can_never_fit_are_refused() -> None:
    world = World()
    desk = Desk(world, memory_budget=250)
    world.bundle_bytes = 200
    story = desk.ask("a:20", weights=SECOND)
    desk.finish()
    last = story.events[-1]
    assert isinstance(last, Failed)
    assert isinstance(last.error, MemoryBudgetError)
    assert names(desk) == ["first"]


def test_without_weights() -> None:
    desk = Desk(weights=None)
    assert desk.scheduler.status().state is EngineState.NO_WEIGHTS
    last = desk.ask("a:20").events[-1]
    assert isinstance(last, Failed)
    assert isinstance(last.error, WeightsMissingError)
    named = desk.ask("a:20", weights=SECOND)
    desk.finish()
    assert isinstance(named.events[-1], Finished)
    loading: Future[LoadedWeights] = desk.scheduler.load(SECOND)
    desk.finish()
    assert loading.result(0).weights == SECOND
    assert desk.world.journal.count("load second") == 1, "what is there is not read again"
    assert desk.scheduler.status().state is EngineState.READY


def test_files_that_were_replaced_are_read_again(tmp_path: Path) -> None:
    pair = WeightsPair(str(tmp_path / "gpt.ckpt"), str(tmp_path / "sovits.pth"))
    for path in (pair.gpt, pair.sovits):
        Path(path).write_bytes(b"old")
    desk = Desk(weights=pair)
    story = desk.ask("a:40")
    desk.until("input a")
    desk.turn(5)
    Path(pair.gpt).write_bytes(b"another")
    desk.scheduler.load(pair)
    desk.turn()
    assert len(desk.scheduler.status().loaded) == 2, "the old ones are in use"
    desk.finish()
    assert isinstance(story.events[-1], Finished)
    assert len(desk.scheduler.status().loaded) == 1
    assert len(desk.pipeline.bundles) == 2
