"""The engine in a process of its own, started again whenever it ends.

    engine = RemoteEngine(EngineSettings(weights=WeightsPair("gpt.ckpt", "sovits.pth")))

The caller's process imports no MindSpore. A request whose process dies before any of its audio has left is sent once
more, with the same seed and weights; others end with :class:`EngineDiedError`.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace

from GPT_SoVITS.engine.errors import (
    EngineBusyError,
    EngineClosedError,
    EngineDiedError,
    EngineError,
    InvalidRequestError,
)
from GPT_SoVITS.engine.interface import Listener, tell
from GPT_SoVITS.engine.messages import (
    TERMINAL,
    AudioChunk,
    Cancelled,
    EngineSettings,
    EngineState,
    EngineStatus,
    Failed,
    LoadedWeights,
    Started,
    SynthesisRequest,
    WeightsPair,
)
from GPT_SoVITS.process.start import EngineProcess
from GPT_SoVITS.process.wire import Cancel, Close, Happened, Load, Loaded, Message, Submit

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Patience:
    """How long the supervisor waits before it acts, in seconds.

    Attributes:
        beat: Without a sign of life of a process that serves.
        starting: The same while it imports, loads or compiles.
        silent: While its thread serves without finishing a single unit of work.
        pauses: Before each new start, by how many processes in a row ended before they served; the second also after
            one that served.
        storm: So many in a row, and requests are refused instead of kept.
    """

    beat: float = 60.0
    starting: float = 300.0
    silent: float = 90.0
    pauses: tuple[float, ...] = (0.0, 0.2, 1.0, 3.0, 10.0, 30.0, 60.0)
    storm: int = 5


@dataclass(eq=False)
class _Call:
    """A request that has not ended.

    Attributes:
        started: What it was planned as, for the second time.
        heard: Audio has left, so that it cannot be sent again.
        deaths: Processes that ended while they held it.
    """

    ticket: int
    request: SynthesisRequest
    listener: Listener
    started: Started | None = None
    heard: bool = False
    cancelled: bool = False
    deaths: int = 0
    ended: bool = False


@dataclass(eq=False)
class _Order:
    """A load that has not ended."""

    weights: WeightsPair
    make_current: bool
    future: Future[LoadedWeights]


_WAITING_DEATHS = 3
"""A request that has not begun is hardly what ends processes; it is sent again more often."""


class RemoteEngine:
    """Speaks in a process of its own; see :class:`GPT_SoVITS.engine.interface.Engine`.

    Args:
        settings: How the engine is set up.
        patience: How long the supervisor waits.
        start: Starts a process; for tests.
    """

    def __init__(
        self,
        settings: EngineSettings,
        patience: Patience | None = None,
        start: Callable[..., EngineProcess] = EngineProcess,
    ) -> None:
        self.settings, self.patience = settings, patience or Patience()
        self._start = start
        self._changed = threading.Condition()
        self._process: EngineProcess | None = None
        self._calls: dict[int, _Call] = {}
        self._orders: dict[int, _Order] = {}
        self._serial = 0
        self._current = settings.weights
        self._failures = self._restarts = 0
        self._reason = ""
        self._closing: float | None = None
        self._closed = False
        # This thread lives as long as the engine: the kernel ends the process with the thread that started it.
        self._thread = threading.Thread(target=self._supervise, name="engine-supervisor", daemon=True)
        self._thread.start()

    # --- the interface ---

    def submit(self, request: SynthesisRequest, listener: Listener) -> None:
        """Accept a request; its events go to the listener, errors included."""
        with self._changed:
            error = self._refusal(request)
            if error is None:
                self._serial += 1
                call = _Call(self._serial, request, listener)
                self._calls[call.ticket] = call
                if self._process is not None:
                    self._process.outbox.put(Submit(call.ticket, request))
        if error is not None:
            tell(listener, Failed(request.request_id, error))

    def cancel(self, request_id: str) -> None:
        """End a request within one decode step."""
        with self._changed:
            for call in self._calls.values():
                if call.request.request_id == request_id:
                    call.cancelled = True
                    if self._process is not None:
                        self._process.outbox.put(Cancel(request_id))
            self._changed.notify_all()

    def load(self, weights: WeightsPair, *, make_current: bool = True) -> Future[LoadedWeights]:
        """Load weights beside the others; the future says what came of it."""
        future: Future[LoadedWeights] = Future()
        with self._changed:
            if self._closing is not None:
                future.set_exception(EngineClosedError("the engine is closed"))
            elif self._is_storm():
                future.set_exception(EngineDiedError(self._reason))
            else:
                self._serial += 1
                self._orders[self._serial] = _Order(weights, make_current, future)
                if self._process is not None:
                    self._process.outbox.put(Load(self._serial, weights, make_current))
        return future

    def status(self) -> EngineStatus:
        """Return what is known now, without waiting."""
        with self._changed:
            process, calls = self._process, list(self._calls.values())
            closing, reason, restarts = self._closing is not None, self._reason, self._restarts
        beat = process.last_beat if process is not None else None
        active = sum(call.started is not None for call in calls)
        if closing:
            return EngineStatus(EngineState.CLOSED, "closed", restarts=restarts)
        again = EngineState.RESTARTING if restarts or reason else EngineState.STARTING
        if process is None or beat is None:
            known = EngineStatus(again, reason or "the engine process is being started")
        elif not process.ready:
            known = replace(beat.status, state=again, detail=beat.status.detail or reason)
        else:
            known = beat.status
        return replace(
            known,
            active=active,
            waiting=len(calls) - active,
            pid=process.pid if process is not None else None,
            restarts=restarts,
        )

    def close(self, timeout: float = 10.0) -> None:
        """Stop; requests under way get ``timeout`` seconds to finish."""
        with self._changed:
            if self._closing is None:
                self._closing = time.monotonic() + timeout
                if self._process is not None:
                    self._process.outbox.put(Close(timeout))
            self._changed.notify_all()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout + 10)

    # --- what the process says ---

    def _heard(self, message: Message) -> None:
        if isinstance(message, Happened):
            self._happened(message)
        elif isinstance(message, Loaded):
            with self._changed:
                order = self._orders.pop(message.ticket, None)
                if order is not None and order.make_current and isinstance(message.loaded, LoadedWeights):
                    self._current = order.weights
            if order is not None:
                _settle(order.future, message.loaded)

    def _happened(self, message: Happened) -> None:
        event = message.event
        with self._changed:
            call = self._calls.get(message.ticket)
            if call is None or call.ended:
                return
            repeated = isinstance(event, Started) and call.started is not None
            if isinstance(event, Started) and not repeated:
                call.started = event
            call.heard |= isinstance(event, AudioChunk)
            if isinstance(event, TERMINAL):
                call.ended = True
                del self._calls[message.ticket]
        if not repeated:
            tell(call.listener, event)

    # --- supervision, on a thread of its own ---

    def _supervise(self) -> None:
        while not self._is_closing():
            try:
                how, served = self._live()
            except Exception as error:
                # Without this thread every caller would wait for ever.
                logger.exception("the engine process could not be started or watched")
                how, served = f"could not be started or watched: {error}", False
            if not self._is_closing():
                self._died(how, served)
            self._pause()
        self._finish()

    def _live(self) -> tuple[str, bool]:
        """Start a process and stay with it to its end; returns how it ended and whether it has served."""
        process = self._start(self.settings_now(), self._heard, self._notify)
        try:
            self._connect(process)
            verdict = self._watch(process)
        finally:
            with self._changed:
                self._process = None
            how = process.end()
        return verdict or how, process.ready

    def settings_now(self) -> EngineSettings:
        """The settings for a new process: with the weights that were current last."""
        return replace(self.settings, weights=self._current)

    def _connect(self, process: EngineProcess) -> None:
        """Give a new process everything that is waiting."""
        with self._changed:
            self._process = process
            for ticket, order in self._orders.items():
                process.outbox.put(Load(ticket, order.weights, order.make_current))
            for call in sorted(self._calls.values(), key=lambda call: call.ticket):
                process.outbox.put(Submit(call.ticket, call.request))
                if call.cancelled:
                    process.outbox.put(Cancel(call.request.request_id))

    def _watch(self, process: EngineProcess) -> str | None:
        """Wait for the end of a process; returns why it has to be killed, None when it has ended by itself."""
        while process.is_alive():
            if self._closing is not None and time.monotonic() > self._closing + 6:
                return "did not close in time"
            reason = self._hangs(process)
            if reason is not None:
                logger.error("the engine process %s; it is killed", reason)
                return reason
            with self._changed:
                self._changed.wait(0.5)
        process.wait(1.0)
        return None

    def _hangs(self, process: EngineProcess) -> str | None:
        patience, beat = self.patience, process.last_beat
        # Without a warm-up, compilations happen while serving.
        busy = beat is None or not process.ready or bool(beat.doing) or not self.settings.warm_up
        if process.beat_age > (patience.starting if busy else patience.beat):
            return f"has given no sign of life for {process.beat_age:.0f} s"
        if beat is not None and beat.silent > (patience.starting if busy else patience.silent):
            return f"has been stuck for {beat.silent:.0f} s"
        return None

    def _died(self, how: str, served: bool) -> None:
        logger.error("the engine process %s", how)
        with self._changed:
            self._restarts += 1
            self._failures = 1 if served else self._failures + 1
            self._reason = f"the engine process {how}"
            if self._failures >= self.patience.storm:
                self._reason = f"the engine process failed to start {self._failures} times in a row; it {how}"
            lost = [call for call in self._calls.values() if not self._goes_on(call)]
            for call in lost:
                call.ended = True
                del self._calls[call.ticket]
            orders, self._orders = list(self._orders.values()), {}
        for order in orders:
            _settle(order.future, EngineDiedError(self._reason))
        for call in lost:
            request_id = call.request.request_id
            tell(
                call.listener,
                Cancelled(request_id) if call.cancelled else Failed(request_id, EngineDiedError(self._reason)),
            )

    def _goes_on(self, call: _Call) -> bool:
        """Whether a request is sent to the next process; it gets the seed and weights that it has begun with."""
        call.deaths += 1
        most = min(call.request.resends, 1 if call.started is not None else _WAITING_DEATHS)
        if call.cancelled or call.heard or call.deaths > most or self._failures >= self.patience.storm:
            return False
        if call.started is not None:
            call.request = replace(call.request, seed=call.started.seed, weights=call.started.weights)
        return True

    def _pause(self) -> None:
        """Wait before the next start, longer with every failure; cancelled requests end meanwhile."""
        pauses = self.patience.pauses
        until = time.monotonic() + pauses[min(self._failures, len(pauses) - 1)]
        while True:
            with self._changed:
                cancelled = [call for call in self._calls.values() if call.cancelled]
                for call in cancelled:
                    call.ended = True
                    del self._calls[call.ticket]
                left = until - time.monotonic()
                if not cancelled and (left <= 0 or self._closing is not None):
                    return
                if not cancelled:
                    self._changed.wait(left)
            for call in cancelled:
                tell(call.listener, Cancelled(call.request.request_id))

    def _finish(self) -> None:
        with self._changed:
            self._closed = True
            calls, self._calls = list(self._calls.values()), {}
            orders, self._orders = list(self._orders.values()), {}
        for order in orders:
            _settle(order.future, EngineClosedError("the engine was closed"))
        for call in calls:
            tell(call.listener, Failed(call.request.request_id, EngineClosedError("the engine was closed")))

    # --- small things ---

    def _notify(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _is_closing(self) -> bool:
        with self._changed:
            return self._closing is not None

    def _is_storm(self) -> bool:
        return self._failures >= self.patience.storm and (self._process is None or not self._process.ready)

    def _refusal(self, request: SynthesisRequest) -> EngineError | None:
        if self._closing is not None:
            return EngineClosedError("the engine is closed")
        if self._is_storm():
            return EngineDiedError(self._reason)
        if len(self._calls) >= self.settings.max_requests:
            return EngineBusyError(
                f"the engine has {len(self._calls)} requests, as many as it accepts; try again later"
            )
        if any(call.request.request_id == request.request_id for call in self._calls.values()):
            return InvalidRequestError(f"request id {request.request_id!r} is in use")
        return None


def _settle(future: Future[LoadedWeights], outcome: LoadedWeights | EngineError) -> None:
    with contextlib.suppress(Exception):  # whoever waited has given up
        if isinstance(outcome, LoadedWeights):
            future.set_result(outcome)
        else:
            future.set_exception(outcome)
