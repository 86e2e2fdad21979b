"""A request while it is spoken, and each of its segments."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

import numpy as np
from numpy.typing import NDArray

from GPT_SoVITS.engine.interface import Listener, tell
from GPT_SoVITS.engine.messages import (
    AudioChunk,
    Event,
    Priority,
    Progress,
    SegmentDone,
    Streaming,
    SynthesisRequest,
    Timings,
)
from GPT_SoVITS.scheduler.pipeline import Renderer, RequestPlan, Segment
from GPT_SoVITS.scheduler.progress_meter import ProgressMeter
from GPT_SoVITS.scheduler.weights_cache import CachedWeights
from GPT_SoVITS.t2s.backend import DecodeInput
from GPT_SoVITS.t2s.decoding import Generation, Row

AUDIBLE = 0.01
"""Samples below -40 dB count as silence when a segment's first and last sound are looked for."""


class RequestStage(Enum):
    """How far a request has come."""

    WAITING = auto()
    LOADING = auto()
    PREPARING = auto()
    PLANNING = auto()
    SPEAKING = auto()
    ENDED = auto()


class SegmentStage(Enum):
    """How far a segment has come: what it waits for."""

    INPUT = auto()
    PREFILL = auto()
    DECODING = auto()
    RENDERING = auto()
    DONE = auto()


class SoundSpan:
    """Where in a stretch of audio the first and the last sound are."""

    def __init__(self) -> None:
        self.samples = 0
        self._first: int | None = None
        self._last = 0

    def add(self, audio: NDArray[np.float32]) -> None:
        """Append audio (N,)."""
        sounding = np.flatnonzero(np.abs(audio) >= AUDIBLE)
        if sounding.size:
            if self._first is None:
                self._first = self.samples + int(sounding[0])
            self._last = self.samples + int(sounding[-1]) + 1
        self.samples += len(audio)

    @property
    def of_sound(self) -> tuple[int, int]:
        """First sample of sound and the one after the last; everything when all is silent."""
        return (0, self.samples) if self._first is None else (self._first, self._last)


@dataclass(frozen=True)
class Try:
    """An ended attempt that was found doubtful, kept in case no attempt is better."""

    number: int
    generation: Generation
    reason: str
    doubt: float


@dataclass(eq=False)
class SegmentRun:
    """One segment on its way from text to audio.

    Attributes:
        ordinal: Its place among those asked for.
        segment: As planned.
        meter: Of its progress events.
        sequence: What it is decoded from.
        row: The attempt under way, kept while it is moved between slots.
        number: Of that attempt.
        tries: Attempts that ended doubtful.
        alone: Decoded in no company, after an error in company.
        held: Audio that is ready and may not leave yet.
        start: Sample of the request's audio at which the segment begins.
        tokens: Of the attempt under way.
    """

    ordinal: int
    segment: Segment
    meter: ProgressMeter
    stage: SegmentStage = SegmentStage.INPUT
    sequence: DecodeInput | None = None
    row: Row | None = None
    number: int = 1
    tries: list[Try] = field(default_factory=list)
    alone: bool = False
    renderer: Renderer | None = None
    held: list[NDArray[np.float32]] = field(default_factory=list)
    span: SoundSpan = field(default_factory=SoundSpan)
    start: int = 0
    tokens: int = 0
    warning: str | None = None

    @property
    def index(self) -> int:
        """Of the segment in the text."""
        return self.segment.index

    @property
    def said(self) -> bool:
        """Whether audio of the segment has left, so that its attempt is final."""
        return self.span.samples > sum(len(part) for part in self.held)


class Task:
    """A request and everything it has; changed by the owner's thread only, but for ``cancelled``."""

    def __init__(self, request: SynthesisRequest, listener: Listener, number: int, clock: Callable[[], float]) -> None:
        self.request, self.number, self._listener, self.clock = request, number, listener, clock
        self.accepted = self.served = clock()
        self.stage = RequestStage.WAITING
        self.cancelled = False
        self.entry: CachedWeights | None = None
        self.preparation: Generator[None, None, Any] | None = None
        self.plan: RequestPlan | None = None
        self.runs: list[SegmentRun] = []
        self.head = 0
        self.sent = 0
        self.first_sent: float | None = None
        self.seconds = dict.fromkeys(("waiting", "reference", "text", "prefill", "decode", "vocoder"), 0.0)

    @property
    def owner(self) -> str:
        """Whose request it is."""
        return self.request.owner

    @property
    def interactive(self) -> bool:
        """Whether somebody waits for it."""
        return self.request.priority is Priority.INTERACTIVE

    @property
    def streams(self) -> bool:
        """Whether audio leaves before its segment is complete."""
        return self.request.streaming >= Streaming.TOKENS

    @property
    def rate(self) -> int:
        """Sample rate in Hz."""
        assert self.plan is not None  # noqa: S101
        return self.plan.sample_rate

    def slack(self, now: float) -> float:
        """Seconds until a listener that plays what was sent runs out of audio; 0 when it has nothing yet."""
        if self.first_sent is None:
            return 0.0
        return self.first_sent + self.sent / self.rate - now

    def tell(self, event: Event) -> None:
        """Send an event."""
        tell(self._listener, event)

    def progress(self, run: SegmentRun) -> None:
        """Report a segment's tokens, now and then."""
        if run.meter.due():
            expected = max(run.segment.expected_tokens, run.tokens)
            self.tell(Progress(self.request.request_id, run.index, run.tokens, expected, run.number))

    def rendered(self, run: SegmentRun, audio: NDArray[np.float32] | None, complete: bool) -> None:
        """Take audio of a segment and send what may leave: in order, whole segments unless the request streams."""
        if audio is not None and len(audio):
            lead = np.zeros(0 if run.span.samples else int(run.segment.lead * self.rate), np.float32)
            for part in (lead, audio) if len(lead) else (audio,):
                run.span.add(part)
                run.held.append(part)
        if complete:
            run.stage = SegmentStage.DONE
            silence = int(run.segment.silence * self.rate)
            if silence:
                run.held.append(np.zeros(silence, np.float32))
        while self.head < len(self.runs):
            head = self.runs[self.head]
            if head.held and (self.streams or head.stage is SegmentStage.DONE):
                self._send(head)
            if head.stage is not SegmentStage.DONE:
                return
            self._done(head)
            self.head += 1

    def _send(self, run: SegmentRun) -> None:
        samples = run.held[0] if len(run.held) == 1 else np.concatenate(run.held)
        run.held = []
        if self.first_sent is None:
            self.first_sent = self.clock()
        self.sent += len(samples)
        self.tell(AudioChunk(self.request.request_id, run.index, samples))

    def _done(self, run: SegmentRun) -> None:
        start, end = ((run.start + sample) / self.rate for sample in run.span.of_sound)
        if self.head + 1 < len(self.runs):
            self.runs[self.head + 1].start = self.sent
        request_id, text = self.request.request_id, run.segment.text
        warning = "; ".join(filter(None, (run.warning, run.segment.remark))) or None
        self.tell(SegmentDone(request_id, run.index, text, start, end, run.tokens, run.number, warning))
        # What a long text leaves behind would add up: features alone are 4 KB per phoneme.
        run.sequence = run.row = run.renderer = None
        run.tries = []

    @property
    def complete(self) -> bool:
        """Whether everything has been sent."""
        return self.stage is RequestStage.SPEAKING and self.head == len(self.runs)

    def timings(self) -> Timings:
        """What the request took."""
        first = 0.0 if self.first_sent is None else self.first_sent - self.accepted
        return Timings(**self.seconds, first_audio=first, total=self.clock() - self.accepted)
