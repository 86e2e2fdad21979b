"""A service of the page's own, started beside it and started again when it ends by itself."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx

PORT = 9881
_START_S = 180.0
_PAUSES_S = (1.0, 2.0, 5.0, 15.0, 60.0)
_LOG = logging.getLogger(__name__)


class ChildError(RuntimeError):
    """The service did not start."""


class Child:
    """Runs the service's launcher until it is closed.

    Args:
        launcher: The program.
        port: Of the service, on this machine's loopback.
        root: Folder of its data; None for its default.
    """

    def __init__(self, launcher: Path, port: int = PORT, root: Path | None = None) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._command = [sys.executable, str(launcher), "--host", "127.0.0.1", "--port", str(port)]
        if root is not None:
            self._command += ["--root", str(root)]
        self._closing = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._watch = threading.Thread(target=self._keep, daemon=True)

    def start(self) -> None:
        """Start it; returns once it answers.

        Raises:
            ChildError: it ended, or did not answer within three minutes.
        """
        self._process = process = self._started()
        until = time.monotonic() + _START_S
        while not answers(self.url):
            if process.poll() is not None or time.monotonic() > until:
                self.close()
                raise ChildError(f"the service did not start: {' '.join(self._command)}")
            time.sleep(0.2)
        self._watch.start()

    def close(self) -> None:
        """End it."""
        self._closing.set()
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _started(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._command)  # noqa: S603  (a list of ours; no shell)

    def _keep(self) -> None:
        """Start it again whenever it ends; the longer the oftener it did."""
        ended = 0
        while self._process is not None:
            code = self._process.wait()
            if self._closing.is_set():
                return
            pause = _PAUSES_S[min(ended, len(_PAUSES_S) - 1)]
            _LOG.warning("the service ended (%s); it is started again in %g s", code, pause)
            if self._closing.wait(pause):
                return
            ended += 1
            self._process = self._started()


def answers(url: str) -> bool:
    """Whether a service of ours answers at an address."""
    try:
        return "model_version" in httpx.get(f"{url}/healthz", timeout=5, trust_env=False).json()
    except (httpx.HTTPError, ValueError):
        return False
