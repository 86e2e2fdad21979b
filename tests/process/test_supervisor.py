"""What the supervisor does when its process ends, hangs or never starts; the process is scripted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from GPT_SoVITS.engine.errors import EngineBusyError, EngineClosedError, EngineDiedError, InvalidRequestError
from GPT_SoVITS.engine.messages import (
    AudioChunk,
    Cancelled,
    EngineSettings,
    EngineState,
    EngineStatus,
    Event,
    Failed,
    Finished,
    LoadedWeights,
    Reference,
    Started,
    SynthesisRequest,
    Timings,
    WeightsPair,
)
from GPT_SoVITS.process.supervisor import Patience, RemoteEngine
from GPT_SoVITS.process.wire import Beat, Cancel, Close, Happened, Load, Loaded, Message, Submit
from tests.engine.listening import Story, tell
from tests.waiting import eventually

FIRST, SECOND = WeightsPair("first.ckpt", "first.pth"), WeightsPair("second.ckpt", "second.pth")
QUICK = Patience(beat=0.5, starting=1.0, silent=0.5, pauses=(0.0, 0.01, 0.01, 0.01, 0.01, 30.0), storm=3)


class ScriptedProcess:
    """Stands in for :class:`EngineProcess`; the test plays the engine."""

    pid = 4711

    def __init__(
        self, settings: EngineSettings, heard: Callable[[Message], None], beat: Callable[[], None], serves: bool = True
    ) -> None:
        self.settings, self.heard, self._beat = settings, heard, beat
        self.began = time.monotonic()
        self.beat_age = 0.0
        self.last_beat: Beat | None = None
        self.ready = False
        self.received: list[Message] = []
        self.outbox = self
        self.alive = True
        self.killed = False
        if serves:
            self.serve()

    def put(self, message: Message) -> None:
        self.received.append(message)
        if isinstance(message, Close):
            self.die()

    def serve(self, silent: float = 0.0, doing: str = "") -> None:
        self.ready = True
        self.last_beat = Beat(EngineStatus(EngineState.READY), silent, doing)
        self._beat()

    def die(self) -> None:
        self.alive = False
        self._beat()

    def is_alive(self) -> bool:
        return self.alive

    def wait(self, timeout: float) -> bool:
        return not self.alive

    def end(self) -> str:
        self.killed = self.alive
        self.alive = False
        return "was killed by signal 9"

    def says(self, event: Event) -> None:
        """Let the engine report an event of the request that was received last under its id."""
        tickets = [
            m.ticket for m in self.received if isinstance(m, Submit) and m.request.request_id == event.request_id
        ]
        self.heard(Happened(tickets[-1], event))

    def got(self, kind: type[Message], count: int = 1) -> list[Message]:
        """Wait for messages of a kind."""
        eventually(lambda: sum(isinstance(message, kind) for message in self.received) >= count)
        return [message for message in self.received if isinstance(message, kind)]


class Stage:
    """A supervised engine and every process it has started."""

    def __init__(self, patience: Patience = QUICK, *, serves: bool = True, **settings: Any) -> None:
        self.processes: list[ScriptedProcess] = []

        def start(settings: EngineSettings, heard: Callable[[Message], None], beat: Callable[[], None]) -> Any:
            self.processes.append(ScriptedProcess(settings, heard, beat, serves))
            return self.processes[-1]

        self.engine = RemoteEngine(EngineSettings(weights=FIRST, **settings), patience, start=start)

    def process(self, number: int = 1) -> ScriptedProcess:
        """Wait for a process to have been started; 1 is the first."""
        eventually(lambda: len(self.processes) >= number)
        return self.processes[number - 1]


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.engine.close(1)


def request(name: str = "r", **fields: object) -> SynthesisRequest:
    return SynthesisRequest("text", "en", Reference("voice.wav"), request_id=name, **fields)  # type: ignore[arg-type]


def started(name: str = "r", seed: int = 5) -> Started:
    return Started(name, seed, FIRST, "v2", 32000, ("text",))


def chunk(name: str = "r") -> AudioChunk:
    return AudioChunk(name, 0, np.zeros(4, np.float32))


def finished(name: str = "r") -> Finished:
    return Finished(name, 1.0, Timings())


def died(story: Story) -> bool:
    last = story.last(5)
    return isinstance(last, Failed) and isinstance(last.error, EngineDiedError) and last.error.may_retry


def test_events_reach_their_listener(stage: Stage) -> None:
    story = tell(stage.engine, request())
    process = stage.process()
    process.got(Submit)
    for event in (started(), chunk(), finished()):
        process.says(event)
    assert [type(event) for event in story.events] == [Started, AudioChunk, Finished]
    process.says(chunk())
    assert len(story.events) == 3, "nothing after the end"


def test_a_request_that_was_not_heard_yet_is_sent_once_more_with_its_seed(stage: Stage) -> None:
    story = tell(stage.engine, request())
    stage.process(1).got(Submit)
    stage.process(1).says(started(seed=77))
    stage.process(1).die()
    second = stage.process(2)
    (sent,) = second.got(Submit)
    assert isinstance(sent, Submit)
    assert (sent.request.seed, sent.request.weights) == (77, FIRST)
    for event in (started(seed=77), chunk(), finished()):
        second.says(event)
    assert [type(event) for event in story.events] == [Started, AudioChunk, Finished], "it was never told"
    assert stage.engine.status().restarts == 1


def test_a_request_that_dies_twice_fails(stage: Stage) -> None:
    story = tell(stage.engine, request())
    for number in (1, 2):
        stage.process(number).got(Submit)
        stage.process(number).says(started())
        stage.process(number).die()
    assert died(story)


def test_a_caller_who_counts_deaths_has_nothing_sent_again(stage: Stage) -> None:
    story = tell(stage.engine, request(resends=0))
    stage.process(1).got(Submit)
    stage.process(1).die()
    assert died(story)
    assert not stage.process(2).received


def test_a_request_that_was_heard_fails_at_once(stage: Stage) -> None:
    story, other = tell(stage.engine, request()), tell(stage.engine, request("other"))
    stage.process(1).got(Submit, 2)
    stage.process(1).says(started())
    stage.process(1).says(chunk())
    stage.process(1).die()
    assert died(story)
    (sent,) = stage.process(2).got(Submit)
    assert isinstance(sent, Submit)
    assert sent.request.request_id == "other"
    stage.process(2).says(finished("other"))
    assert isinstance(other.last(5), Finished)


def test_a_hanging_process_is_killed(stage: Stage) -> None:
    stage.process(1).serve(silent=2.0)
    assert stage.process(2)
    assert stage.process(1).killed
    stage.process(2).beat_age = 2.0
    assert stage.process(3)
    assert stage.process(2).killed


def test_a_process_that_loads_may_be_silent_for_longer() -> None:
    stage = Stage(Patience(beat=0.1, starting=60, silent=0.1, pauses=(0.0,)))
    stage.process(1).serve(silent=2.0, doing="loading")
    stage.process(1).beat_age = 2.0
    time.sleep(0.7)
    assert len(stage.processes) == 1
    stage.engine.close(1)


def test_a_storm_of_failing_starts_is_reported_and_refused() -> None:
    stage = Stage(serves=False)
    waiting = tell(stage.engine, request())
    for number in (1, 2, 3):
        assert stage.engine.status().state in (EngineState.STARTING, EngineState.RESTARTING)
        stage.process(number).die()
    assert died(waiting)
    status = stage.engine.status()
    assert status.state is EngineState.RESTARTING
    assert "3 times in a row" in status.detail
    assert "signal 9" in status.detail
    refused = tell(stage.engine, request("late"))
    assert died(refused)
    with pytest.raises(EngineDiedError):
        stage.engine.load(SECOND).result(5)
    stage.engine.close(1)


def test_weights_that_were_made_current_are_loaded_after_a_restart(stage: Stage) -> None:
    loading = stage.engine.load(SECOND)
    (order,) = stage.process(1).got(Load)
    assert isinstance(order, Load)
    stage.process(1).heard(Loaded(order.ticket, LoadedWeights(SECOND, "v2", 32000)))
    assert loading.result(5).weights == SECOND
    lost = stage.engine.load(FIRST)
    stage.process(1).got(Load, 2)
    stage.process(1).die()
    with pytest.raises(EngineDiedError):
        lost.result(5)
    assert stage.process(2).settings.weights == SECOND


def test_a_load_that_fails_fails(stage: Stage) -> None:
    loading = stage.engine.load(SECOND)
    (order,) = stage.process(1).got(Load)
    assert isinstance(order, Load)
    stage.process(1).heard(Loaded(order.ticket, InvalidRequestError("scripted")))
    with pytest.raises(InvalidRequestError, match="scripted"):
        loading.result(5)
    stage.process(1).die()
    assert stage.process(2).settings.weights == FIRST


def test_cancelling_reaches_the_process_and_ends_what_has_none() -> None:
    stage = Stage(Patience(pauses=(0.0, 30.0)))
    story = tell(stage.engine, request())
    stage.process(1).got(Submit)
    stage.engine.cancel("r")
    stage.process(1).got(Cancel)
    stage.process(1).die()
    assert isinstance(story.last(5), Cancelled)
    between = tell(stage.engine, request("between"))
    stage.engine.cancel("between")
    assert isinstance(between.last(5), Cancelled)
    stage.engine.close(1)


def test_a_process_that_cannot_be_started_is_no_reason_to_wait_for_ever() -> None:
    def start(*arguments: Any) -> Any:
        raise OSError("no more processes")

    engine = RemoteEngine(EngineSettings(), QUICK, start=start)
    assert died(tell(engine, request()))
    assert "no more processes" in engine.status().detail
    engine.close(1)


def test_limits_and_ids() -> None:
    stage = Stage(max_requests=2)
    tell(stage.engine, request("a"))
    same, other, more = (tell(stage.engine, request(name)) for name in ("a", "b", "c"))
    assert isinstance(same.last(5), Failed) and isinstance(same.events[-1].error, InvalidRequestError)  # type: ignore[union-attr]
    assert not other.ended
    assert isinstance(more.last(5), Failed) and isinstance(more.events[-1].error, EngineBusyError)  # type: ignore[union-attr]
    assert stage.engine.status().waiting == 2
    stage.engine.close(1)
    assert isinstance(other.last(5), Failed) and isinstance(other.events[-1].error, EngineClosedError)  # type: ignore[union-attr]


def test_closing_is_final(stage: Stage) -> None:
    stage.process(1)
    stage.engine.close(1)
    assert stage.engine.status().state is EngineState.CLOSED
    assert any(isinstance(message, Close) for message in stage.processes[0].received)
    story = tell(stage.engine, request())
    assert isinstance(story.last(1), Failed)
    assert len(stage.processes) == 1
