"""A voice that comes with the program speaks a language of its own through the service, with the real engine."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import soundfile

from GPT_SoVITS import starter
from GPT_SoVITS.opening import open_engine
from service.settings import load_settings
from service.weights.starter import first_weights
from tests.service.conftest import Starter

BESIDE = [voice for voice in starter.voices() if voice.pair != starter.pair()]
"""Voices with another pair than the one that speaks first."""


@pytest.mark.skipif(not BESIDE, reason="this installation has left them out")
def test_a_japanese_voice_speaks_while_the_english_weights_are_current(start: Starter, tmp_path: Path) -> None:
    voice, root = BESIDE[0], tmp_path / "service"
    settings = load_settings(root=root, starter=True, warm_up=False, max_rows=1, threads=1)
    engine = open_engine(settings.engine_settings(first_weights(settings)), in_process=True)
    running = start(engine, root=root, starter=True)
    given = {"model_id": f"starter-{voice.name.lower()}", "text": "父は毎朝新聞を読みます。", "seed": 1}
    answer = running.client.post("/synthesize", json={**given, "text_language": voice.language}, timeout=120)
    assert answer.status_code == 200, answer.text
    wave, rate = soundfile.read(io.BytesIO(answer.content))
    assert 1.0 < len(wave) / rate < 6.0 and 0.01 < float((wave**2).mean() ** 0.5) < 0.5
    assert running.client.get("/models").json()["data"]["current"]["languages"] == ["en"]
