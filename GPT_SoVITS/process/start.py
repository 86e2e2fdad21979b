"""One life of an engine process: started, listened to, ended."""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from GPT_SoVITS.engine.messages import EngineSettings, EngineState
from GPT_SoVITS.process.wire import Beat, Channel, Message, Outbox, Start, WireError
from GPT_SoVITS.text.userdict import VARIABLE as DICTIONARY_VARIABLE

logger = logging.getLogger(__name__)

# A fresh interpreter with the owner's import path; unlike multiprocessing's spawn it does not run the caller's script.
_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[3]); "
    "from GPT_SoVITS.process.child import main; main(int(sys.argv[1]), int(sys.argv[2]))"
)
_REMEMBERED_LINES = 12


def import_path() -> list[str]:
    """The import path for the engine process: that of this one, with every entry absolute, and where we lie."""
    home = str(Path(__file__).resolve().parents[2])
    return [*dict.fromkeys([home, *(str(Path(entry).absolute()) for entry in sys.path)])]


def environment(settings: EngineSettings) -> dict[str, str]:
    """The environment of the engine process."""
    variables = dict(os.environ)
    if settings.threads:
        variables["OMP_NUM_THREADS"] = str(settings.threads)
    if settings.user_dictionary:
        variables[DICTIONARY_VARIABLE] = settings.user_dictionary
    return variables


class EngineProcess:
    """A started engine process.

    Args:
        settings: How the engine in it is set up.
        heard: Gets every message but beats, from a thread of this object.
        beat: Told of every beat after :attr:`last_beat` was set.

    Attributes:
        last_beat: The newest sign of life, None before the first.
        ready: Whether it has said that it serves.
        began: When it was started, ``time.monotonic()``.
    """

    def __init__(
        self, settings: EngineSettings, heard: Callable[[Message], None], beat: Callable[[], None] = lambda: None
    ) -> None:
        self._heard, self._beat = heard, beat
        self.began = self._beaten = time.monotonic()
        self.last_beat: Beat | None = None
        self.ready = False
        self._lines: deque[str] = deque(maxlen=_REMEMBERED_LINES)
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  (our own interpreter and code)
                [sys.executable, "-c", _BOOT, str(theirs.fileno()), str(os.getpid()), json.dumps(import_path())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(theirs.fileno(),),
                env=environment(settings),
            )
        self._channel = Channel(ours)
        self.outbox = Outbox(self._channel, "engine-orders")
        self.outbox.put(Start(settings))
        self._threads = [
            threading.Thread(target=target, name=name, daemon=True)
            for target, name in ((self._listen, "engine-events"), (self._log, "engine-log"))
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def beat_age(self) -> float:
        """Seconds since the last beat, or the start."""
        return time.monotonic() - self._beaten

    def is_alive(self) -> bool:
        """Whether the process runs and is connected."""
        return self._process.poll() is None and self._threads[0].is_alive()

    def wait(self, timeout: float) -> bool:
        """Wait for the end; returns whether it has come."""
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        return True

    def end(self) -> str:
        """Kill the process if it still runs, release everything, and say in words how it ended."""
        code = self._process.poll()
        self._process.kill()
        self._process.wait()
        self.outbox.close()
        for thread, patience in zip(self._threads, (5.0, 1.0), strict=True):
            thread.join(patience)
        self._channel.close()
        # A child of the process (a compiler, ffmpeg) may hold its output open; closing it under the thread that reads
        # would wait for that child. The thread closes it.
        return self._described(code)

    def _described(self, code: int | None) -> str:
        if code is None:
            how = "was killed by its supervisor"
        elif code < 0:
            how = f"was killed by signal {-code}" + (" (out of memory?)" if code == -9 else "")
        else:
            how = f"ended with code {code}"
        last = self._lines[-1] if self._lines else ""
        return f"{how}; last line: {last}" if last and code not in (None, 0, -9) else how

    def _listen(self) -> None:
        try:
            while True:
                message = self._channel.receive()
                if isinstance(message, Beat):
                    self.last_beat, self._beaten = message, time.monotonic()
                    self.ready |= message.status.state in (EngineState.READY, EngineState.NO_WEIGHTS)
                    self._beat()
                else:
                    self._heard(message)
        except EOFError:
            pass
        except WireError:
            logger.exception("the engine process sent what is no message")
        finally:
            self._beat()

    def _log(self) -> None:
        assert self._process.stdout is not None  # noqa: S101
        with self._process.stdout as output:
            for raw in output:
                line = raw.decode("utf-8", "replace").rstrip()
                if line:
                    self._lines.append(line)
                    logger.info("%s", line)
