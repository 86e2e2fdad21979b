"""What runs in the engine process: a :class:`LocalEngine` that listens to a socket instead of callers.

The process ends when its owner does: the kernel kills it, and it ends itself when the socket closes.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import signal
import socket
import sys
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING

from GPT_SoVITS._owner import end_with_owner
from GPT_SoVITS.engine.errors import EngineError, SynthesisFailedError
from GPT_SoVITS.engine.messages import (
    TERMINAL,
    EngineSettings,
    EngineState,
    EngineStatus,
    Event,
    LoadedWeights,
)
from GPT_SoVITS.process.wire import (
    Beat,
    Cancel,
    Channel,
    Close,
    Happened,
    Load,
    Loaded,
    Message,
    Outbox,
    Start,
    Submit,
)

if TYPE_CHECKING:
    from GPT_SoVITS.inference.local import LocalEngine

logger = logging.getLogger(__name__)

BEAT_SECONDS = 0.5
NICENESS = 5


class Child:
    """Serves one owner."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.outbox = Outbox(channel, "engine-outbox", lost=lambda: os._exit(0))
        self.engine: LocalEngine | None = None
        self._ended = threading.Event()
        self._beats = threading.Thread(target=self._beat, name="engine-beat", daemon=True)
        self._beats.start()

    def start(self, settings: EngineSettings) -> None:
        """Import what takes seconds to import, and open the engine; beats have begun by now."""
        from GPT_SoVITS.inference.local import LocalEngine

        # Computing takes every core there is; whoever owns this process has to answer its own callers meanwhile.
        os.nice(NICENESS)
        self.engine = LocalEngine(settings, held=lambda: self.outbox.is_full)

    def serve(self) -> None:
        """Do what the owner says until it closes or goes."""
        while not self._ended.is_set():
            try:
                message = self.channel.receive()
            except EOFError:
                os._exit(0)
            self._handle(message)

    def _handle(self, message: Message) -> None:
        if isinstance(message, Start):
            self.start(message.settings)
        elif self.engine is None:
            raise RuntimeError(f"{type(message).__name__} before Start")
        elif isinstance(message, Submit):
            ticket = message.ticket
            self.engine.submit(message.request, lambda event: self._tell(ticket, event))
        elif isinstance(message, Cancel):
            self.engine.cancel(message.request_id)
        elif isinstance(message, Load):
            self._load(self.engine, message)
        elif isinstance(message, Close):
            # On a thread of its own: cancellations are still taken while requests finish.
            threading.Thread(target=self._close, args=(message.timeout,), name="engine-close").start()

    def _tell(self, ticket: int, event: Event) -> None:
        if isinstance(event, TERMINAL):
            self._beat_now()
        self.outbox.put(Happened(ticket, event))

    def _load(self, engine: LocalEngine, message: Load) -> None:
        def done(future: Future[LoadedWeights]) -> None:
            self._beat_now()
            error = future.exception()
            if error is None:
                self.outbox.put(Loaded(message.ticket, future.result()))
            else:
                known = error if isinstance(error, EngineError) else SynthesisFailedError(str(error))
                self.outbox.put(Loaded(message.ticket, known))

        engine.load(message.weights, make_current=message.make_current).add_done_callback(done)

    def _close(self, timeout: float) -> None:
        assert self.engine is not None  # noqa: S101
        self.engine.close(timeout)
        self.outbox.flush(5.0)
        # Threads of native libraries may not end by themselves.
        os._exit(0)

    def _beat(self) -> None:
        while not self._ended.wait(BEAT_SECONDS):
            self._beat_now()

    def _beat_now(self) -> None:
        """Say how things are; also before every end of something, so that no owner knows less than it was told."""
        engine = self.engine
        if engine is None:
            starting = EngineStatus(EngineState.STARTING, "importing what speech needs", pid=os.getpid())
            self.outbox.put(Beat(starting, 0.0, "starting"))
        else:
            self.outbox.put(Beat(engine.status(), engine.scheduler.silent, engine.scheduler.doing))


def main(descriptor: int, owner: int) -> None:
    """Serve the owner at the other end of a socket.

    Args:
        descriptor: Of the socket.
        owner: Process id of who opened it.
    """
    end_with_owner(owner)
    # The owner decides when this process ends; a Ctrl-C or a stop of the whole group must not cut speech short.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    faulthandler.enable()
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    child = Child(Channel(socket.socket(fileno=descriptor)))
    try:
        child.serve()
    except BaseException:
        logger.exception("the engine process ends")
        child.outbox.flush(1.0)
        os._exit(1)
