"""The service for the page: the whole application behind real HTTP, to be stopped and started on the same port."""

from __future__ import annotations

import io
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import uvicorn
from fastapi import FastAPI
from PIL import Image

from GPT_SoVITS.engine.interface import Engine
from GPT_SoVITS.testing.fake import FakeEngine
from service.app import create_app
from service.settings import load_settings
from tests.service.serving import ThreadServer, http_client
from tests.waiting import eventually


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def serving(app: FastAPI, port: int) -> Iterator[None]:
    """Serve an application until the block ends."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, log_config=None, access_log=False, timeout_graceful_shutdown=2
    )
    server = ThreadServer(config)
    with server.running():
        yield


class Site:
    """A service that tests stop and start again.

    Args:
        root: Its folder; survives a restart.
        engine: What it speaks with.
        given: Settings.
    """

    def __init__(self, root: Path, engine: Engine, **given: Any) -> None:
        self.root, self.engine, self.given = root, engine, given
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.app: FastAPI | None = None
        self._running: Any = None
        self.client = http_client(self.url)

    def start(self) -> None:
        """Listen."""
        settings = load_settings(root=self.root, host="127.0.0.1", port=self.port, **self.given)
        self.app = create_app(settings, self.engine)
        self._running = serving(self.app, self.port)
        self._running.__enter__()

    def stop(self) -> None:
        """Stop listening."""
        if self._running is not None:
            self._running.__exit__(None, None, None)
            self._running = None

    def close(self) -> None:
        """Stop for good."""
        self.stop()
        self.client.close()

    def data(self, method: str, path: str, **given: Any) -> Any:
        """Send a request; return what its envelope holds.

        Raises:
            AssertionError: the service refused.
        """
        answer = self.client.request(method, path, **given)
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json()["data"]

    def voice(
        self, model_id: str, name: str = "", text: str = "今天天气很好。", categories: str = "", language: str = "zh"
    ) -> Any:
        """Make a voice."""
        fields = {"model_id": model_id, "model_name": name or model_id, "gender": "2", "prompt_text": text}
        fields["prompt_language"] = language
        files = {"avatar": ("a.png", picture()), "refer_wav": ("r.wav", clip(5.0))}
        return self.data("POST", "/voice-models", data={**fields, "categories": categories}, files=files)

    def task(self, text: str, voice: str, **fields: Any) -> Any:
        """Submit a task."""
        body = {"user_id": "admin", "model_id": voice, "text": text, "text_language": "en", "how_to_cut": "cut4"}
        return self.data("POST", "/voice-tasks", json={**body, **fields})

    def wait(self, task_id: str, status: str = "done") -> Any:
        """Wait until a task is in a state; return it."""
        entry: Any = {}

        def arrived() -> bool:
            entry.update(self.data("GET", f"/voice-tasks/{task_id}"))
            return bool(entry["status"] == status)

        eventually(arrived)
        return entry


def fake_engine(seconds: float = 0.05, parallel: int = 4) -> FakeEngine:
    """Return an engine that needs some time for a segment."""
    return FakeEngine(seconds_per_segment=seconds, steps_per_segment=8, parallel=parallel)


def clip(seconds: float, rate: int = 16000) -> bytes:
    """Return a WAV file with the rhythm of speech."""
    at = np.arange(int(seconds * rate)) / rate
    wave = np.sin(2 * np.pi * 150 * at) * np.clip(np.sin(2 * np.pi * 3 * at), 0, 1) * 0.4
    file = io.BytesIO()
    soundfile.write(file, wave.astype(np.float32), rate, "PCM_16", format="WAV")
    return file.getvalue()


def picture(width: int = 96, height: int = 64) -> bytes:
    """Return a PNG file."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 0], pixels[..., 1] = np.linspace(40, 220, width), 90
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()
