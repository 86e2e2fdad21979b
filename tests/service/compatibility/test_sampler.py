"""The steps of the sampler and the raised rate reach the engine from every dialect, within one range."""

from __future__ import annotations

from typing import Any

import pytest

from GPT_SoVITS.engine.messages import SynthesisRequest
from GPT_SoVITS.versions import SAMPLE_STEPS
from tests.service.compatibility.conftest import CLIP, TEXT
from tests.service.conftest import Running

CLIPPED = {"prompt_text": "说的话。", "prompt_lang": "zh", "ref_audio_path": CLIP}
DIALECTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "native": ("/synthesize", {"text": TEXT, "model_id": "narrator"}, "super_sampling"),
    "api2": ("/", {"text": TEXT, "text_language": "zh", "model_id": "narrator"}, "if_sr"),
    "api_v2": ("/tts", {"text": TEXT, "text_lang": "zh", **CLIPPED}, "super_sampling"),
    "openai": ("/v1/audio/speech", {"model": "tts-1", "voice": "narrator", "input": TEXT}, "super_sampling"),
}


@pytest.fixture
def asked(speaking: Running, monkeypatch: pytest.MonkeyPatch) -> list[SynthesisRequest]:
    """What the engine is asked."""
    found: list[SynthesisRequest] = []
    submit = speaking.engine.submit

    def noting(request: SynthesisRequest, *given: Any) -> Any:
        found.append(request)
        return submit(request, *given)

    monkeypatch.setattr(speaking.engine, "submit", noting)
    return found


@pytest.mark.parametrize("name", DIALECTS)
def test_steps_reach_the_engine(name: str, speaking: Running, asked: list[SynthesisRequest]) -> None:
    path, body, raising = DIALECTS[name]
    assert speaking.client.post(path, json={**body, "sample_steps": 8, raising: True}).status_code == 200
    assert speaking.client.post(path, json=body).status_code == 200
    assert [(one.sample_steps, one.super_sampling) for one in asked] == [(8, True), (32, False)]


@pytest.mark.parametrize("name", ["api2", "api_v2"])
def test_a_default_of_theirs_leaves_sampling_open(name: str, speaking: Running, asked: list[SynthesisRequest]) -> None:
    path, body, _ = DIALECTS[name]
    for given in ({}, {"top_k": 15}, {"top_k": 5}):
        assert speaking.client.post(path, json={**body, **given}).status_code == 200
    assert [(one.sampling.top_k, one.sampling_open) for one in asked] == [(15, True), (15, True), (5, False)]


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("steps", [SAMPLE_STEPS[0] - 1, SAMPLE_STEPS[1] + 1])
def test_other_steps_are_refused(name: str, steps: int, speaking: Running, asked: list[SynthesisRequest]) -> None:
    path, body, _ = DIALECTS[name]
    answer = speaking.client.post(path, json={**body, "sample_steps": steps})
    assert answer.status_code == 400 or answer.json()["code"] != 0
    assert not asked
