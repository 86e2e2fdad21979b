"""A service with a stored voice and a reference clip on disk."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

from GPT_SoVITS.testing.fake import FakeEngine
from service.app import create_app
from service.settings import load_settings
from tests.service.conftest import Running, listening
from tests.service.databases import Databases
from tests.service.serving import http_client

RATE = 32_000
TEXT = "今天天气不错。我们出去走走。"
CLIP = "audio/clips/reference.wav"


def clip(seconds: float = 4.0) -> bytes:
    """A WAV of something like speech: a tone that comes and goes."""
    at = np.arange(int(seconds * RATE)) / RATE
    wave = 0.3 * np.sin(2 * np.pi * 220 * at) * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * at))
    file = io.BytesIO()
    soundfile.write(file, wave.astype(np.float32), RATE, format="WAV")
    return file.getvalue()


def picture() -> bytes:
    """A small PNG."""
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(file, "PNG")
    return file.getvalue()


def read(content: bytes) -> tuple[Any, int]:
    """Samples and rate of a sound file."""
    samples, rate = soundfile.read(io.BytesIO(content), dtype="float32")
    return samples, rate


def put_clip(root: Path) -> None:
    """Lay the reference clip where clients may name it."""
    path = root / CLIP
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(clip())


@pytest.fixture(scope="module")
def speaking(tmp_path_factory: pytest.TempPathFactory, shared_databases: Databases) -> Iterator[Running]:
    """A service with the voice ``narrator`` and a clip in its audio folder; shared by a module's tests."""
    engine = FakeEngine()
    root = tmp_path_factory.mktemp("service")
    settings = load_settings(root=root, host="127.0.0.1", **shared_databases.settings(root))
    app = create_app(settings, engine)
    with listening(app) as address, http_client(address) as client:
        put_clip(settings.root)
        answer = client.post(
            "/voice-models",
            data={"model_name": "讲述者", "model_id": "narrator", "gender": "1", "prompt_text": "你好。"},
            files={
                "refer_wav": ("refer.wav", clip(), "audio/wav"),
                "avatar": ("avatar.png", picture(), "image/png"),
            },
        )
        assert answer.status_code == 200, answer.text
        yield Running(client, app, engine, settings)
    engine.close(1.0)
