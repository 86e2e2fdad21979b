"""The fake engine keeps the interface's promises, so that what passes on it holds on the real ones."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from GPT_SoVITS.engine.errors import (
    EngineBusyError,
    EngineClosedError,
    EngineDiedError,
    InvalidRequestError,
    SynthesisFailedError,
    WeightsInvalidError,
    WeightsMissingError,
)
from GPT_SoVITS.engine.interface import Engine, stream
from GPT_SoVITS.engine.messages import (
    TERMINAL,
    AudioChunk,
    Cancelled,
    EngineState,
    Event,
    Failed,
    Finished,
    Progress,
    Reference,
    SegmentDone,
    Started,
    Streaming,
    SynthesisRequest,
    WeightsPair,
)
from GPT_SoVITS.testing.fake import FAKE_WEIGHTS, FakeEngine, solo
from GPT_SoVITS.testing.fake_audio import SAMPLE_RATE
from tests.engine.listening import tell
from tests.waiting import eventually

TEXT = "你好。再见！ Good bye."
OTHER = WeightsPair("other.ckpt", "other.pth")


def request(text: str = TEXT, **fields: object) -> SynthesisRequest:
    return SynthesisRequest(text, "zh", Reference("voice.wav"), **{"seed": 1, **fields})  # type: ignore[arg-type]


def audio(events: list[Event]) -> NDArray[np.float32]:
    return np.concatenate([event.samples for event in events if isinstance(event, AudioChunk)])


def error_of(engine: Engine, wanted: SynthesisRequest) -> type[Exception]:
    last = list(stream(engine, wanted))[-1]
    assert isinstance(last, Failed), last
    return type(last.error)


@pytest.fixture
def engine() -> Iterator[FakeEngine]:
    engine = FakeEngine()
    yield engine
    engine.close()


def test_events_tell_the_whole_story_in_order(engine: FakeEngine) -> None:
    events = list(stream(engine, request()))
    assert isinstance(events[0], Started)
    assert events[0].segments == ("你好。", "再见！", "Good bye.")
    done = [event for event in events if isinstance(event, SegmentDone)]
    assert [event.segment for event in done] == [0, 1, 2]
    samples = len(audio(events))
    assert done[1].start == pytest.approx(done[0].end + 0.3)
    assert samples / SAMPLE_RATE == pytest.approx(done[2].end + 0.3)
    assert [type(event) for event in events if isinstance(event, TERMINAL)] == [Finished]
    assert isinstance(events[-1], Finished)


def test_audio_depends_on_seed_voice_and_weights_and_is_known_beforehand(engine: FakeEngine) -> None:
    one = audio(list(stream(engine, request())))
    assert np.array_equal(one, audio(list(stream(engine, request(streaming=Streaming.TOKENS)))))
    assert np.array_equal(one, solo(engine, request(), 1, FAKE_WEIGHTS))
    for different in (request(seed=2), request(weights=OTHER)):
        assert not np.array_equal(one, audio(list(stream(engine, different))))
    second = audio(list(stream(engine, request(segments=(1,)))))
    assert np.array_equal(second, one[len(second) : 2 * len(second)])


def test_cancel_ends_a_request_that_waits_and_one_that_runs() -> None:
    engine = FakeEngine(seconds_per_segment=60, parallel=1)
    stories = {name: tell(engine, request(request_id=name)) for name in ("runs", "waits")}
    for name in ("waits", "runs"):
        engine.cancel(name)
        engine.cancel(name)
    for story in stories.values():
        assert isinstance(story.last(5), Cancelled)
    engine.close()
    assert [len(story.all(TERMINAL)) for story in stories.values()] == [1, 1]  # type: ignore[arg-type]


def test_closing_a_stream_early_cancels_it() -> None:
    engine = FakeEngine(seconds_per_segment=60)
    events = stream(engine, request())
    assert isinstance(next(events), Started)
    events.close()  # type: ignore[attr-defined]
    engine.close(timeout=5)
    assert engine.status().active == 0


def test_failures_on_demand(engine: FakeEngine) -> None:
    engine.fail_next(SynthesisFailedError("scripted"), after_segments=1, containing="再见")
    events = list(stream(engine, request()))
    assert isinstance(events[-1], Failed)
    assert [event.segment for event in events if isinstance(event, SegmentDone)] == [0]
    assert isinstance(list(stream(engine, request()))[-1], Finished)
    engine.busy = True
    assert error_of(engine, request()) is EngineBusyError
    engine.busy = False
    assert error_of(engine, request("!?")) is InvalidRequestError


def test_dies_and_comes_back(engine: FakeEngine) -> None:
    engine.hold()
    story = tell(engine, request())
    engine.die()
    last = story.last(5)
    assert isinstance(last, Failed)
    assert isinstance(last.error, EngineDiedError)
    assert engine.status().state is EngineState.RESTARTING
    assert error_of(engine, request()) is EngineDiedError
    engine.revive()
    engine.release()
    assert isinstance(list(stream(engine, request()))[-1], Finished)
    assert engine.status().restarts == 1


def test_weights_are_listed_switched_and_missed() -> None:
    engine = FakeEngine(weights=None)
    assert engine.status().state is EngineState.NO_WEIGHTS
    assert error_of(engine, request()) is WeightsMissingError
    engine.unloadable["other.pth"] = WeightsMissingError("not there")
    with pytest.raises(WeightsMissingError):
        engine.load(OTHER).result(5)
    assert engine.load(FAKE_WEIGHTS).result(5).weights == FAKE_WEIGHTS
    status = engine.status()
    assert status.state is EngineState.READY
    assert status.current is not None
    assert status.current.weights == FAKE_WEIGHTS
    assert [loaded.weights for loaded in status.loaded] == [FAKE_WEIGHTS]
    engine.close()
    assert engine.status().state is EngineState.CLOSED
    assert error_of(engine, request()) is EngineClosedError


def test_a_running_request_keeps_the_weights_it_began_with(engine: FakeEngine) -> None:
    engine.hold()
    story = tell(engine, request())
    engine.load(OTHER).result(5)
    engine.release()
    story.last(5)
    assert np.array_equal(story.audio, solo(engine, request(), 1, FAKE_WEIGHTS))


def test_cuts_as_the_real_engine_does_when_asked() -> None:
    engine = FakeEngine(real_cutting=True)
    started = next(event for event in stream(engine, request("一。二三四五。", how_to_cut="cut5")))
    assert isinstance(started, Started)
    assert started.segments == ("一。二三四五。",)
    engine.close()


def test_progress_never_runs_backwards(engine: FakeEngine) -> None:
    tokens = [event.tokens for event in stream(engine, request("一二三四五。")) if isinstance(event, Progress)]
    assert tokens == sorted(tokens)
    assert len(tokens) == engine.steps_per_segment


@pytest.mark.parametrize(
    "module", ["engine.interface", "engine.messages", "engine.errors", "testing.fake", "opening", "scheduler"]
)
def test_callers_need_no_mindspore(module: str) -> None:
    code = f"import sys, GPT_SoVITS.{module}; sys.exit('mindspore' in sys.modules)"
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


def test_a_load_says_how_far_it_is_and_may_be_held() -> None:
    engine = FakeEngine(seconds_per_load=0.05)
    engine.loads.hold(0.4)
    future = engine.load(OTHER)
    eventually(lambda: (loading := engine.status().loading) is not None and loading.fraction == 0.4)
    loading = engine.status().loading
    assert loading is not None and loading.weights == OTHER and loading.step
    assert engine.status().current.weights == FAKE_WEIGHTS, "the old ones speak until the new ones are there"  # type: ignore[union-attr]
    engine.loads.release()
    assert future.result(5).weights == OTHER
    assert engine.status().loading is None
    engine.unloadable[OTHER.gpt] = WeightsInvalidError("broken")
    with pytest.raises(WeightsInvalidError):
        engine.load(OTHER).result(5)
    assert engine.status().loading is None
    engine.close()


def test_an_engine_that_starts_accepts_and_speaks_later() -> None:
    engine = FakeEngine()
    engine.starting(0.3)
    status = engine.status()
    assert status.state is EngineState.STARTING and status.current is None
    assert status.loading is not None and status.loading.fraction == 0.3
    events: list[Event] = []
    engine.submit(request(), events.append)
    assert not events
    engine.starting(None)
    eventually(lambda: bool(events) and isinstance(events[-1], Finished))
    assert engine.status().state is EngineState.READY
    engine.close()
