"""What the engine process says, and in which order; the engine in it is scripted."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest

from GPT_SoVITS.engine.interface import Listener
from GPT_SoVITS.engine.messages import (
    EngineState,
    EngineStatus,
    Finished,
    LoadedWeights,
    Reference,
    SynthesisRequest,
    Timings,
    WeightsPair,
)
from GPT_SoVITS.process.child import Child
from GPT_SoVITS.process.wire import Beat, Channel, Happened, Load, Loaded, Message, Submit

WEIGHTS = WeightsPair("one.ckpt", "one.pth")


class ScriptedEngine:
    """Ends everything at once, and has changed by then."""

    def __init__(self) -> None:
        self.scheduler = SimpleNamespace(silent=0.0, doing="")
        self.detail = "before"

    def submit(self, request: SynthesisRequest, listener: Listener) -> None:
        """Finish a request."""
        self.detail = f"has spoken {request.request_id}"
        listener(Finished(request.request_id, 1.0, Timings()))

    def load(self, weights: WeightsPair, *, make_current: bool) -> Future[LoadedWeights]:
        """Load weights."""
        self.detail = "has loaded"
        future: Future[LoadedWeights] = Future()
        future.set_result(LoadedWeights(weights, "v2", 32000))
        return future

    def status(self) -> EngineStatus:
        """Say what was done last."""
        return EngineStatus(EngineState.READY, self.detail)


@pytest.fixture
def served() -> Iterator[tuple[Channel, Child]]:
    """The owner's end, and what serves the other; it must not see the owner go, or it would end this process."""
    ours, theirs = socket.socketpair()
    child = Child(Channel(theirs))
    child.engine = ScriptedEngine()  # type: ignore[assignment]
    yield Channel(ours), child
    child._ended.set()
    child._beats.join()
    assert child.outbox.flush(10)
    child.outbox.close()
    ours.close()
    theirs.close()


def heard_until(owner: Channel, kind: type[Message]) -> list[Message]:
    heard: list[Message] = []
    while not heard or not isinstance(heard[-1], kind):
        heard.append(owner.receive())
    return heard


@pytest.mark.parametrize(
    ("order", "end", "known"),
    [
        (Submit(1, SynthesisRequest("text", "en", Reference("v.wav"), request_id="r")), Happened, "has spoken r"),
        (Load(1, WEIGHTS, True), Loaded, "has loaded"),
    ],
)
def test_the_owner_knows_of_a_change_before_it_hears_of_the_end(
    served: tuple[Channel, Child], order: Message, end: Any, known: str
) -> None:
    owner, child = served
    child._handle(order)
    *before, last = heard_until(owner, end)
    assert isinstance(last, end)
    assert isinstance(before[-1], Beat)
    assert before[-1].status.detail == known
