"""Lets an engine speak requests, several at a time, and brings their audio into order."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from GPT_SoVITS.audio.subtitles import Cue
from GPT_SoVITS.engine.errors import EngineError
from GPT_SoVITS.engine.interface import Engine
from GPT_SoVITS.engine.messages import (
    AudioChunk,
    Cancelled,
    Event,
    Failed,
    Finished,
    Progress,
    Retried,
    SegmentDone,
    Started,
    SynthesisRequest,
)
from GPT_SoVITS.say.progress import Progress as Display
from GPT_SoVITS.say.sinks import Sink

AHEAD = 4
"""Requests under way at once: later turns share the decode steps of the one that is heard."""
POLL_S = 0.2


@dataclass
class SpeechReport:
    """What came of the requests that were spoken.

    Attributes:
        cues: When each sentence is heard, over all requests.
        seeds: The seed of each request.
        warnings: Sentences that may not be as they should.
        first_audio_s: Seconds from the first request to the first audio.
    """

    cues: list[Cue] = field(default_factory=list)
    seeds: list[int] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    first_audio_s: float = 0.0


def speak(engine: Engine, requests: Sequence[SynthesisRequest], sink: Sink, display: Display) -> SpeechReport:
    """Speak requests one after the other into a sink.

    Raises:
        EngineError: one of them failed; the others are cancelled.
    """
    queues: list[queue.SimpleQueue[Event]] = [queue.SimpleQueue() for _ in requests]
    spoken, began, submitted = SpeechReport(), time.perf_counter(), 0
    try:
        for index, request in enumerate(requests):
            while submitted < min(len(requests), index + AHEAD):
                engine.submit(requests[submitted], queues[submitted].put)
                submitted += 1
            _listen(engine, request, queues[index], sink, spoken, display, began)
    except BaseException:
        for request in requests[:submitted]:
            engine.cancel(request.request_id)
        raise
    return spoken


def _events(engine: Engine, events: queue.SimpleQueue[Event], display: Display) -> Iterator[Event]:
    while True:
        with suppress(queue.Empty):
            yield events.get(timeout=POLL_S)
            continue
        display.waiting(engine.status())


def _listen(
    engine: Engine,
    request: SynthesisRequest,
    events: queue.SimpleQueue[Event],
    sink: Sink,
    spoken: SpeechReport,
    display: Display,
    began: float,
) -> None:
    """Take the events of one request until it ends."""
    offset = sink.seconds
    for event in _events(engine, events, display):
        if isinstance(event, Started):
            sink.begin(event.sample_rate)
            offset = sink.seconds
            spoken.seeds.append(event.seed)
            display.started(event.segments)
        elif isinstance(event, Progress):
            display.progress(event.segment, event.tokens / max(event.expected, 1))
        elif isinstance(event, AudioChunk):
            spoken.first_audio_s = spoken.first_audio_s or time.perf_counter() - began
            sink.write(event.samples)
            display.audio(sink.seconds)
        elif isinstance(event, SegmentDone):
            spoken.cues.append(Cue(event.text, offset + event.start, offset + event.end))
            if event.warning is not None:
                spoken.warnings.append(f"{event.text!r}: {event.warning}")
            display.done(event.segment)
        elif isinstance(event, Retried):
            display.note(f"sentence {event.segment + 1} is repeated (attempt {event.attempt}): {event.reason}")
        elif isinstance(event, Failed):
            raise event.error
        elif isinstance(event, Cancelled):
            raise EngineError("the engine cancelled the request")
        elif isinstance(event, Finished):
            return
