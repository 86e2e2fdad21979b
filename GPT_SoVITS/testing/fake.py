"""An engine for tests of its callers: the same interface and events, threads and tones instead of networks.

    engine = FakeEngine(seconds_per_segment=0.2)
    engine.fail_next(SynthesisFailedError("scripted"))
    for event in stream(engine, request): ...

Audio depends on the text, the seed, the voice, the weights and the speed, on nothing else; so a caller that mixes two
requests up, forgets a seed or changes weights under a running request is found out by comparing samples.
"""

from __future__ import annotations

import logging
import random
import re
import threading
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from GPT_SoVITS.engine.errors import (
    EngineBusyError,
    EngineClosedError,
    EngineDiedError,
    EngineError,
    InvalidRequestError,
    WeightsMissingError,
)
from GPT_SoVITS.engine.interface import Listener, tell
from GPT_SoVITS.engine.messages import (
    AudioChunk,
    Cancelled,
    EngineState,
    EngineStatus,
    Event,
    Failed,
    Finished,
    LoadedWeights,
    LoadProgress,
    Progress,
    SegmentDone,
    Started,
    Streaming,
    SynthesisRequest,
    Timings,
    WeightsPair,
)
from GPT_SoVITS.testing.fake_audio import SAMPLE_RATE, tones, voice_of
from GPT_SoVITS.testing.fake_loads import STEPS, Loads
from GPT_SoVITS.text.errors import TextError
from GPT_SoVITS.text.languages import resolve_cutting
from GPT_SoVITS.text.pieces import pieces_of

logger = logging.getLogger(__name__)

TOKENS_PER_CHARACTER = 2  # at 25 tokens per second
FAKE_WEIGHTS = WeightsPair("fake-gpt.ckpt", "fake-sovits.pth")
_SENTENCE = re.compile(r"[^。！？.!?\n]+[。！？.!?\n]*")


class _Stopped(Exception):  # noqa: N818  (a signal within this module, not an error)
    """The request was ended from outside; carries the event that says so."""

    def __init__(self, event: Event) -> None:
        self.event = event


@dataclass
class _Job:
    request: SynthesisRequest
    listener: Listener
    weights: LoadedWeights
    seed: int
    error: EngineError | None = None
    error_after: int = 0
    stop: Event | None = None
    began: float = 0.0


class FakeEngine:
    """An engine without networks; implements :class:`GPT_SoVITS.engine.interface.Engine`.

    Args:
        weights: Current at start; None is the state without weights.
        seconds_per_segment: Time that a segment takes.
        steps_per_segment: Progress events per segment; cancellation is noticed between them.
        parallel: Requests spoken at once; more wait.
        max_requests: Requests accepted before :class:`EngineBusyError`.
        real_cutting: Cut as the real engine does (language and method count) instead of after sentences.
        check_files: Fail for references and weights that are no files.
        seconds_per_load: Time that :meth:`load` takes; 0 is done at once.
        languages: Those that its weights claim to speak; empty for all.

    Attributes:
        requests: Everything submitted, in order.
        busy: Refuse every request with :class:`EngineBusyError`.
        loads: How loads go, and orders for them.
        needs: Ids of resources that it claims to read beside the weights.
        unloadable: Path of a weight file -> error of :meth:`load`, and of a request that names it.
    """

    def __init__(
        self,
        *,
        weights: WeightsPair | None = FAKE_WEIGHTS,
        seconds_per_segment: float = 0.0,
        steps_per_segment: int = 4,
        parallel: int = 4,
        max_requests: int = 1024,
        real_cutting: bool = False,
        check_files: bool = False,
        seconds_per_load: float = 0.0,
        languages: tuple[str, ...] = (),
    ) -> None:
        self.seconds_per_segment, self.steps_per_segment = seconds_per_segment, steps_per_segment
        self.parallel, self.max_requests = parallel, max_requests
        self.real_cutting, self.check_files = real_cutting, check_files
        self.requests: list[SynthesisRequest] = []
        self.needs: tuple[str, ...] = ()
        self.languages = languages
        self.unloadable: dict[str, EngineError] = {}
        self._scripted: deque[tuple[str, EngineError, int]] = deque()
        self._wake = threading.Condition()
        self._waiting: deque[_Job] = deque()
        self._active: dict[str, _Job] = {}
        self.busy = self._held = self._dead = self._closed = False
        self._restarts = 0
        self.loads = Loads(self._wake, seconds_per_load)
        self._starting: LoadProgress | None = None
        self._threads: list[threading.Thread] = []
        self._loaded: dict[WeightsPair, LoadedWeights] = {}
        self._current = self._known(weights) if weights else None

    # --- the interface ---

    def submit(self, request: SynthesisRequest, listener: Listener) -> None:
        """Accept a request; its events go to the listener, errors included."""
        with self._wake:
            self.requests.append(request)
            error = self._refusal(request)
            if error is None:
                self._accept(request, listener)
        if error is not None:
            listener(Failed(request.request_id, error))

    def cancel(self, request_id: str) -> None:
        """End a request within one decode step."""
        with self._wake:
            self._stop(request_id, Cancelled(request_id))

    def load(self, weights: WeightsPair, *, make_current: bool = True) -> Future[LoadedWeights]:
        """Load weights in the time that :attr:`loads` says."""

        def check() -> EngineError | None:
            return EngineClosedError("the engine is closed") if self._closed else self._weights_error(weights)

        def settle() -> LoadedWeights:
            self._current = self._known(weights) if make_current else self._current
            return self._known(weights)

        return self.loads.begin(weights, check, settle, first=make_current and self._current is None)

    def status(self) -> EngineStatus:
        """Return what is known now, without waiting."""
        with self._wake:
            state, detail = self._state()
            return EngineStatus(
                state,
                detail,
                decode_backend="fake",
                current=None if self._starting else self._current,
                loaded=() if self._starting else tuple(self._loaded.values()),
                active=len(self._active),
                waiting=len(self._waiting),
                restarts=self._restarts,
                loading=self._starting or self.loads.progress,
                needs=self.needs,
            )

    def close(self, timeout: float = 10.0) -> None:
        """Stop; requests under way get ``timeout`` seconds to finish."""
        with self._wake:
            self._closed, self._held, self._starting = True, False, None
            self.loads.closed = True
            self._wake.notify_all()
            self._wake.wait_for(lambda: not (self._active or self._waiting), timeout)
            for request_id in [*self._active, *(job.request.request_id for job in self._waiting)]:
                self._stop(request_id, Failed(request_id, EngineClosedError("the engine was closed")))
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(timeout=5)

    # --- scripting ---

    def fail_next(self, error: EngineError, *, after_segments: int = 0, containing: str = "") -> None:
        """Fail the next request whose text contains a string, once, after so many segments."""
        with self._wake:
            self._scripted.append((containing, error, after_segments))

    def hold(self) -> None:
        """Let nothing go on (accepted requests wait, running ones stand) until :meth:`release`."""
        with self._wake:
            self._held = True

    def release(self) -> None:
        """Undo :meth:`hold`."""
        with self._wake:
            self._held = False
            self._wake.notify_all()

    def die(self) -> None:
        """End as a killed engine process does: every request fails, new ones too, until :meth:`revive`."""
        with self._wake:
            self._dead = True
            for request_id in [*self._active, *(job.request.request_id for job in self._waiting)]:
                self._stop(request_id, Failed(request_id, EngineDiedError("the engine process ended (scripted)")))

    def revive(self) -> None:
        """Come back after :meth:`die`."""
        with self._wake:
            self._dead = False
            self._restarts += 1

    def starting(self, fraction: float | None, step: str = STEPS[0]) -> None:
        """Be an engine that is still starting and so far with it (None: has started); requests wait until then."""
        with self._wake:
            weights = self._current.weights if self._current else FAKE_WEIGHTS
            self._starting = None if fraction is None else LoadProgress(weights, fraction, step)
            self._wake.notify_all()

    # --- within ---

    def _state(self) -> tuple[EngineState, str]:
        if self._closed:
            return EngineState.CLOSED, "closed"
        if self._dead:
            return EngineState.RESTARTING, "the engine process ended (scripted)"
        if self._starting or self.loads.first:
            return EngineState.STARTING, self._starting.step if self._starting else STEPS[0]
        if self._current is None:
            return EngineState.NO_WEIGHTS, "no weights are configured"
        return EngineState.READY, ""

    def _known(self, weights: WeightsPair) -> LoadedWeights:
        loaded = LoadedWeights(weights, "v2", SAMPLE_RATE, 1 << 20, languages=self.languages)
        return self._loaded.setdefault(weights, loaded)

    def _weights_error(self, weights: WeightsPair) -> EngineError | None:
        for path in (weights.gpt, weights.sovits):
            if path in self.unloadable:
                return self.unloadable[path]
            if self.check_files and not Path(path).is_file():
                return WeightsMissingError(f"{path} is no file")
        return None

    def _refusal(self, request: SynthesisRequest) -> EngineError | None:
        if self._closed:
            return EngineClosedError("the engine is closed")
        if self._dead:
            return EngineDiedError("the engine process is not there (scripted)")
        if self.busy or len(self._active) + len(self._waiting) >= self.max_requests:
            return EngineBusyError("the engine has as many requests as it accepts")
        if request.weights is None and self._current is None and self.loads.first is None:
            return WeightsMissingError("no weights are configured; load some or name them in the request")
        if self.check_files and not Path(request.reference.path).is_file():
            return InvalidRequestError(f"reference {request.reference.path} is no file")
        if self._find(request.request_id) is not None:
            return InvalidRequestError(f"request id {request.request_id!r} is in use")
        return self._weights_error(request.weights) if request.weights else None

    def _accept(self, request: SynthesisRequest, listener: Listener) -> None:
        weights = self._known(named) if (named := request.weights or self.loads.first) else self._current
        assert weights is not None  # _refusal has looked  # noqa: S101
        seed = random.getrandbits(32) if request.seed is None else request.seed
        job = _Job(request, listener, weights, seed)
        for scripted in self._scripted:
            containing, job.error, job.error_after = scripted
            if containing in request.text:
                self._scripted.remove(scripted)
                break
            job.error = None
        self._waiting.append(job)
        if len(self._threads) < min(self.parallel, len(self._active) + len(self._waiting)):
            self._threads.append(threading.Thread(target=self._work, name="fake-engine", daemon=True))
            self._threads[-1].start()
        self._wake.notify_all()

    def _find(self, request_id: str) -> _Job | None:
        waiting = (job for job in self._waiting if job.request.request_id == request_id)
        return self._active.get(request_id) or next(waiting, None)

    def _stop(self, request_id: str, event: Event) -> None:
        job = self._find(request_id)
        if job is not None and job.stop is None:
            job.stop = event
            self._wake.notify_all()

    def _ready(self) -> bool:
        may_go_on = not (self._held or self._starting or self.loads.first)
        return bool(self._waiting) and (may_go_on or any(job.stop for job in self._waiting))

    def _work(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._ready() or self._closed)
                if not self._waiting:
                    return
                job = next((job for job in self._waiting if job.stop), self._waiting[0])
                self._waiting.remove(job)
                self._active[job.request.request_id] = job
                job.began = time.perf_counter()
            last = self._speak(job)
            # Before its last event, so that a listener which asks for the status sees the request gone.
            with self._wake:
                del self._active[job.request.request_id]
                self._wake.notify_all()
            tell(job.listener, last)

    def _speak(self, job: _Job) -> Event:
        try:
            return self._spoken(job)
        except _Stopped as stopped:
            return stopped.event
        except EngineError as error:
            return Failed(job.request.request_id, error)
        except TextError as error:
            return Failed(job.request.request_id, InvalidRequestError(str(error), code=error.code))

    def _pause(self, job: _Job, seconds: float) -> None:
        """Wait, as a computation takes time; a request that is stopped meanwhile ends here."""
        until = time.perf_counter() + seconds
        with self._wake:
            while job.stop is None and (self._held or time.perf_counter() < until):
                self._wake.wait(None if self._held else max(until - time.perf_counter(), 0))
            if job.stop is not None:
                raise _Stopped(job.stop)

    def cut(self, request: SynthesisRequest) -> tuple[str, ...]:
        """The segments that a request's text falls into."""
        method = resolve_cutting(request.how_to_cut)
        if self.real_cutting:
            segments = tuple(pieces_of(request.text, request.language, "v2", method, request.reading))
        elif method == "cut0":
            segments = tuple(request.text.split("\n"))
        else:
            segments = tuple(found.strip() for found in _SENTENCE.findall(request.text))
        segments = tuple(segment for segment in segments if re.search(r"\w", segment))
        if not segments:
            raise InvalidRequestError("there is nothing to read in the text", code="text_empty")
        return segments

    def _spoken(self, job: _Job) -> Event:
        request, request_id = job.request, job.request.request_id
        self._pause(job, 0)
        segments = self.cut(request)
        wanted = range(len(segments)) if request.segments is None else request.segments
        if any(not 0 <= index < len(segments) for index in wanted):
            raise InvalidRequestError(f"segments {tuple(wanted)} asked for, the text has {len(segments)}")
        tell(job.listener, Started(request_id, job.seed, job.weights.weights, "v2", SAMPLE_RATE, segments))
        samples, first = 0, 0.0
        for done, index in enumerate(wanted):
            if job.error is not None and done >= job.error_after:
                raise job.error
            for chunk in self._segment(job, index, segments[index], samples / SAMPLE_RATE):
                first = first or time.perf_counter() - job.began
                samples += chunk
        if job.error is not None:
            raise job.error
        total = time.perf_counter() - job.began
        return Finished(request_id, samples / SAMPLE_RATE, Timings(decode=total, first_audio=first, total=total))

    def _segment(self, job: _Job, index: int, text: str, start: float) -> Iterator[int]:
        """Speak a segment; yields the number of samples of each chunk."""
        request, request_id = job.request, job.request.request_id
        tokens = len(text) * TOKENS_PER_CHARACTER
        speech = tones(text, voice_of(request, job.weights.weights, job.seed), request.speed)
        silence = np.zeros(round(request.fragment_interval * SAMPLE_RATE), np.float32)
        streamed = request.streaming >= Streaming.TOKENS
        parts = np.array_split(speech, self.steps_per_segment) if streamed else [speech]
        for step in range(1, self.steps_per_segment + 1):
            self._pause(job, self.seconds_per_segment / self.steps_per_segment)
            tell(job.listener, Progress(request_id, index, tokens * step // self.steps_per_segment, tokens))
            last = step == self.steps_per_segment
            if streamed or last:
                part = parts[step - 1] if streamed else speech
                part = np.concatenate([part, silence]) if last else part
                tell(job.listener, AudioChunk(request_id, index, part))
                yield len(part)
        end = start + len(speech) / SAMPLE_RATE
        tell(job.listener, SegmentDone(request_id, index, text, start, end, tokens))


def solo(engine: FakeEngine, request: SynthesisRequest, seed: int, weights: WeightsPair) -> NDArray[np.float32]:
    """The whole audio that a request must give with this seed and these weights, whatever else runs."""
    request = replace(request, seed=seed, weights=weights)
    silence = np.zeros(round(request.fragment_interval * SAMPLE_RATE), np.float32)
    segments = engine.cut(request)
    wanted = range(len(segments)) if request.segments is None else request.segments
    voice = voice_of(request, weights, seed)
    return np.concatenate([part for i in wanted for part in (tones(segments[i], voice, request.speed), silence)])
