"""SillyTavern's two GPT-SoVITS providers: a list of speakers, and POST / with the names of /tts."""

from __future__ import annotations

import httpx

from tests.service.compatibility.conftest import CLIP, TEXT, read
from tests.service.conftest import Running, Starter

ORIGIN = "http://localhost:8000"
COMMON = {"text": TEXT, "text_lang": "zh", "text_split_method": "cut5", "batch_size": 1, "streaming_mode": "true"}


def spoken(answer: httpx.Response) -> bool:
    return answer.status_code == 200 and len(answer.content) > 1000


def test_speakers_are_the_stored_voices(speaking: Running) -> None:
    assert speaking.client.get("/speakers").json() == [{"name": "讲述者", "voice_id": "narrator"}]


def test_the_adapter_names_a_voice(speaking: Running) -> None:
    body = {**COMMON, "target_voice": "narrator", "use_st_adapter": True, "card_name": ["x"], "media_type": "auto"}
    answer = speaking.client.post("/", json=body)
    assert spoken(answer) and answer.headers["content-type"] == "audio/wav"
    assert speaking.client.post("/", json={**body, "target_voice": "nobody"}).status_code == 400


def test_the_older_provider_names_a_clip_by_the_voice(speaking: Running) -> None:
    body = {
        **COMMON,
        "prompt_text": "narrator",
        "prompt_lang": "zh",
        "ref_audio_path": "./参考音频/narrator.wav",
        "media_type": "ogg",
    }
    assert spoken(speaking.client.post("/", json=body))


def test_what_is_wrong_names_the_field_alone(speaking: Running) -> None:
    assert speaking.client.post("/", json={}).json()["message"].startswith("text: ")
    assert speaking.client.post("/", json={"text_lang": "zh"}).json()["message"].startswith("text: ")


def test_other_clips_by_path_speak_as_at_tts(speaking: Running) -> None:
    body = {**COMMON, "prompt_text": "你好。", "prompt_lang": "zh", "ref_audio_path": CLIP, "streaming_mode": 0}
    assert len(read(speaking.client.post("/", json=body).content)[0]) > 1000
    assert speaking.client.post("/", json={**body, "text_lang": None}).status_code == 400


def test_pages_of_configured_origins_may_speak(start: Starter) -> None:
    """A page's fetch, an audio element's GET without an Origin, and the preflight of JSON."""
    running = start(cors_origins=(ORIGIN,))
    query = {"text": TEXT, "text_lang": "zh"}
    cross = {"Sec-Fetch-Site": "cross-site"}
    for headers in ({**cross, "Origin": ORIGIN}, {**cross, "Referer": f"{ORIGIN}/"}):
        assert running.client.get("/tts", params=query, headers=headers).status_code == 400  # no reference: let in
    answer = running.client.get("/tts", params=query, headers={**cross, "Origin": "http://localhost:9"})
    assert answer.status_code == 403
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    assert running.client.options("/", headers=asked).headers["access-control-allow-origin"] == ORIGIN
