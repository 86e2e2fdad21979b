"""Starting, killing and asking a service that runs as a process of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil

from tests.service.proof import child
from tests.service.serving import http_client

REFERENCE = "audio/reference.wav"


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def write_clip(path: Path, seconds: float = 4.0) -> None:
    """Write a clip that may serve as a reference."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes((np.sin(np.arange(int(16000 * seconds)) / 20) * 8000).astype("<i2").tobytes())


class Service:
    """A service under test.

    Args:
        root: Its folder.
        seconds_per_segment: Of the fake engine.
        parallel: Requests that the fake engine speaks at once.
        settings: Of the service.
    """

    def __init__(self, root: Path, seconds_per_segment: float = 0.05, parallel: int = 8, **settings: object) -> None:
        self.root, self.port = root, free_port()
        self.spoken = root / "spoken.log"
        self._settings = settings
        self._environment = {
            **os.environ,
            child.SECONDS: str(seconds_per_segment),
            child.PARALLEL: str(parallel),
            child.SPOKEN: str(self.spoken),
        }
        self.process: subprocess.Popen[bytes] | None = None
        self.starts: list[float] = []
        write_clip(root / REFERENCE)
        self._log = (root / "server.log").open("ab")

    @property
    def database_url(self) -> str | None:
        """The address of its database; None is the file in its folder."""
        found = self._settings.get("database_url")
        return None if found is None else str(found)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def client(self, timeout: float = 10.0) -> httpx.Client:
        """Return a client."""
        return http_client(self.url, timeout)

    def start(self, seconds: float = 180.0) -> None:
        """Start it and wait until it answers."""
        began = time.monotonic()
        given = [f"{name}={value}" for name, value in self._settings.items()]
        command = [sys.executable, "-m", "tests.service.proof.server", str(self.root), str(self.port), *given]
        self.process = subprocess.Popen(command, env=self._environment, stdout=self._log, stderr=self._log)
        with self.client(2.0) as client:
            while True:
                with contextlib.suppress(httpx.HTTPError):
                    if client.get("/healthz").status_code == 200:
                        break
                assert self.process.poll() is None, (self.root / "server.log").read_text()[-3000:]
                assert time.monotonic() - began < seconds, "the service did not start"
                time.sleep(0.02)
        self.starts.append(time.monotonic() - began)

    def engine_pid(self) -> int | None:
        """Return the process of the engine, if it is there."""
        if self.process is None:
            return None
        with contextlib.suppress(psutil.Error):
            for found in psutil.Process(self.process.pid).children():
                if "tests.service.proof.child" in " ".join(found.cmdline()):
                    return int(found.pid)
        return None

    def kill(self, *, api: bool, engine: bool) -> None:
        """kill -9 one or both."""
        pid = self.engine_pid() if engine else None
        if api and self.process is not None:
            self.process.kill()
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if api and self.process is not None:
            self.process.wait()
            self.process = None

    def stop(self) -> float:
        """Stop it as an administrator does; return the seconds that it took."""
        began = time.monotonic()
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None
        return time.monotonic() - began

    def memory(self) -> int:
        """Resident bytes of the API process."""
        assert self.process is not None
        return int(psutil.Process(self.process.pid).memory_info().rss)

    def handles(self) -> int:
        """Open files of the API process."""
        assert self.process is not None
        return int(psutil.Process(self.process.pid).num_fds())


@contextlib.contextmanager
def serving(root: Path, **how: Any) -> Iterator[Service]:
    """A started service, ended afterwards whatever happens."""
    service = Service(root, **how)
    try:
        service.start()
        yield service
    finally:
        service.kill(api=True, engine=True)


def task_body(task_id: str, text: str, user_id: str = "u1", **fields: object) -> dict[str, object]:
    """A valid submission."""
    return {"user_id": user_id, "task_id": task_id, "text": text, "ref_wav_path": REFERENCE, **fields}
