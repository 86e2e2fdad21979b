"""A listener that keeps what it hears, for the tests of every engine."""

from __future__ import annotations

import threading
import time
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from GPT_SoVITS.engine.interface import Engine
from GPT_SoVITS.engine.messages import TERMINAL, AudioChunk, Event, SynthesisRequest

SomeEvent = TypeVar("SomeEvent")


class Story:
    """All events of one request, with the moment each was heard."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.times: list[float] = []
        self._changed = threading.Condition()

    def __call__(self, event: Event) -> None:
        with self._changed:
            self.events.append(event)
            self.times.append(time.perf_counter())
            self._changed.notify_all()

    @property
    def ended(self) -> bool:
        """Whether the last event is terminal."""
        return bool(self.events) and isinstance(self.events[-1], TERMINAL)

    def last(self, timeout: float = 30.0) -> Event:
        """Wait for the terminal event and return it."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.ended, timeout), f"no end after {timeout} s: {self.events[-3:]}"
        return self.events[-1]

    def first(self, kind: type[SomeEvent], timeout: float = 30.0) -> SomeEvent:
        """Wait for the first event of a kind and return it."""
        with self._changed:
            found = self._changed.wait_for(lambda: bool(self.all(kind)) or self.ended, timeout)
        assert found, f"no {kind.__name__} after {timeout} s"
        assert self.all(kind), f"no {kind.__name__} in {self.events}"
        return self.all(kind)[0]

    def all(self, kind: type[SomeEvent]) -> list[SomeEvent]:
        """The events of a kind so far."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def audio(self) -> NDArray[np.float32]:
        """All samples so far."""
        parts = [chunk.samples for chunk in self.all(AudioChunk)]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def tell(engine: Engine, request: SynthesisRequest) -> Story:
    """Submit a request and return its story, which goes on while the caller does."""
    story = Story()
    engine.submit(request, story)
    return story
