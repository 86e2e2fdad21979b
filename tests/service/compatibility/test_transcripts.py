"""What a request says of the reference beside a stored voice wins over the voice's own, at every address alike."""

from __future__ import annotations

from typing import Any

import pytest

from tests.service.compatibility.conftest import CLIP, TEXT
from tests.service.conftest import Running
from tests.service.tasks.http import ended

NATIVE = {"text": "text", "language": "text_language", "clip": "ref_wav_path", "prompt": "prompt_language"}
TTS = {"text": "text", "language": "text_lang", "clip": "ref_audio_path", "prompt": "prompt_lang"}
API2 = {**NATIVE, "clip": "refer_wav_path"}
ADDRESSES = {
    "/synthesize": ("/synthesize", NATIVE),
    "/voice-tasks": ("/voice-tasks", NATIVE),
    "/tts": ("/tts", TTS),
    "/srt": ("/srt", TTS),
    "/ of api2": ("/", API2),
    "/ of tts": ("/", TTS),
}


@pytest.fixture(params=list(ADDRESSES.values()), ids=list(ADDRESSES))
def address(request: pytest.FixtureRequest) -> tuple[str, dict[str, str]]:
    found: tuple[str, dict[str, str]] = request.param
    return found


def asked(running: Running, address: tuple[str, dict[str, str]], **more: str) -> Any:
    """Speak in the stored voice; return the reference that the engine was given."""
    path, names = address
    before = len(running.engine.requests)
    body = {names["text"]: TEXT, names["language"]: "zh", "model_id": "narrator", "user_id": "u"}
    answer = running.client.post(path, json=body | {names.get(name, name): value for name, value in more.items()})
    assert answer.status_code == 200, answer.text
    if path == "/voice-tasks":
        ended(running, answer.json()["data"]["task_id"])
    assert len(running.engine.requests) == before + 1
    return running.engine.requests[-1].reference


def test_a_transcript_wins_over_that_of_the_voice(speaking: Running, address: tuple[str, dict[str, str]]) -> None:
    own = asked(speaking, address)
    assert (own.text, own.language) == ("你好。", "all_zh")
    given = asked(speaking, address, prompt_text="Hello.", prompt="en")
    assert (given.text, given.language) == ("Hello.", "en")
    given = asked(speaking, address, prompt_text="大家好。")
    assert (given.text, given.language) == ("大家好。", "all_zh"), "its language is the voice's"


def test_a_clip_wins_over_that_of_the_voice(speaking: Running, address: tuple[str, dict[str, str]]) -> None:
    given = asked(speaking, address, clip=CLIP, prompt_text="大家好。")
    assert given.text == "大家好。"
    if "tasks" not in address[0]:  # a task has a copy
        assert given.path.endswith(CLIP)


def test_a_voice_that_is_named_in_place_of_a_clip_keeps_its_transcript(speaking: Running) -> None:
    """SillyTavern writes the voice's name as what is said in it."""
    for named in ({"target_voice": "narrator"}, {"ref_audio_path": "./参考音频/narrator.wav"}):
        body = {"text": TEXT, "text_lang": "zh", "prompt_text": "narrator", "prompt_lang": "zh", **named}
        assert speaking.client.post("/tts", json=body).status_code == 200
        assert speaking.engine.requests[-1].reference.text == "你好。"
