"""``POST /synthesize`` and the preview of texts: CONTRACTS section 1."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from GPT_SoVITS.engine.errors import SynthesisFailedError
from GPT_SoVITS.engine.messages import Streaming
from GPT_SoVITS.testing.fake import FakeEngine
from service.errors import ParameterError
from service.synthesis.texts import check_speakable, guess_language
from tests.service.conftest import Running, Starter
from tests.service.serving import http_client
from tests.service.tasks.http import add_reference, body, submit
from tests.waiting import PATIENCE, eventually


def _speak(running: Running, **fields: Any) -> httpx.Response:
    return running.client.post("/synthesize", json=body(running, **fields))


def test_speech_comes_as_wav_and_is_kept_under_its_names(running: Running) -> None:
    answer = _speak(running, task_id="mine", seed=4)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/wav")
    assert answer.headers["x-task-id"] == "mine" and answer.headers["x-seed"] == "4"
    assert (running.root / "output/u1/mine/mine.wav").read_bytes() == answer.content
    assert running.client.get(answer.headers["x-result-url"]).content == answer.content
    request = running.engine.requests[-1]
    assert (request.sampling.top_k, request.sampling.top_p, request.how_to_cut) == (5, 1.0, "cut1")
    assert request.streaming is Streaming.OFF


def test_sampling_is_open_until_a_client_asks_for_another(running: Running) -> None:
    asked: list[dict[str, Any]] = [{}, {"top_k": 5}, {"top_k": 6}, {"temperature": 0.9}, {"repetition_penalty": 1.2}]
    for fields in asked:
        assert _speak(running, **fields).status_code == 200
    assert [one.sampling_open for one in running.engine.requests] == [True, True, False, False, False]


def test_a_text_over_the_limit_is_too_large_wherever_it_is_sent(start: Starter) -> None:
    running = start(text_limit=5)
    for path in ("/synthesize", "/voice-tasks", "/text/preview"):
        answer = running.client.post(path, json=body(running, text="一二三四五六"))
        assert (answer.status_code, answer.json()["code"]) == (413, 3), path
        assert "6 characters, the limit is 5" in answer.json()["message"]
    assert running.engine.requests == []


def test_without_names_it_is_kept_as_anonymous(running: Running) -> None:
    answer = _speak(running, user_id="", task_id="")
    name = answer.headers["x-task-id"]
    assert name.startswith("T")
    assert (running.root / f"output/anonymous/{name}/{name}.wav").is_file()


@pytest.mark.parametrize("blank", ["", None])
def test_a_blank_field_is_one_left_out(running: Running, blank: str | None) -> None:
    names = ("text_language", "how_to_cut", "prompt_language", "prompt_text", "media_type", "seed", "user_id", "top_k")
    plain = running.client.post("/synthesize", json=body(running, seed=1))
    assert plain.status_code == 200
    answer = running.client.post("/synthesize", json={**body(running), **dict.fromkeys(names, blank), "seed": 1})
    assert answer.status_code == 200, answer.text
    assert answer.content == plain.content


def test_a_stream_holds_the_same_samples(running: Running) -> None:
    whole = _speak(running, seed=4)
    streamed = _speak(running, seed=4, stream=True, task_id="s1")
    assert running.engine.requests[-1].streaming is Streaming.TOKENS
    assert streamed.content[44:] == whole.content[44:]
    assert (running.root / "output/u1/s1/s1.wav").read_bytes()[44:] == whole.content[44:]


def test_other_formats(running: Running) -> None:
    for form, magic in {"flac": b"fLaC", "mp3": b"\xff", "ogg": b"OggS", "opus": b"OggS", "raw": b""}.items():
        answer = _speak(running, media_type=form)
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("audio/")
        assert answer.content.startswith((magic, b"ID3")), form
        assert len(answer.content) > 1000


def test_errors_have_a_status_also_when_streaming(running: Running) -> None:
    for stream in (False, True):
        running.engine.fail_next(SynthesisFailedError("the network said nothing"))
        answer = _speak(running, stream=stream)
        assert answer.status_code == 500 and answer.json()["code"] == 1
    assert _speak(running, text="！！！").status_code == 400
    assert _speak(running, media_type="exe").status_code == 422
    assert _speak(running, ref_wav_path=None, model_id="nobody").json()["code"] == 2
    assert _speak(running, ref_wav_path="audio/none.wav").status_code == 404
    assert not list((running.root / "output").glob("*/*/*"))


def test_an_id_of_the_queue_is_not_overwritten(running: Running) -> None:
    submit(running, task_id="t1")
    assert _speak(running, task_id="t1").status_code == 409


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_goes_away_ends_the_work(start: Starter, stream: bool) -> None:
    engine = FakeEngine(seconds_per_segment=20, steps_per_segment=1000)
    running = start(engine=engine, shutdown_seconds=2)
    content = body(running, stream=stream, task_id="gone")
    with http_client(running.url, PATIENCE if stream else 0.5) as going:
        if stream:
            with going.stream("POST", "/synthesize", json=content) as response:
                assert next(response.iter_bytes()).startswith(b"RIFF")
        else:
            with pytest.raises(httpx.ReadTimeout):
                going.post("/synthesize", json=content)
    eventually(lambda: not engine.status().active, 15)  # a decode step takes 20 ms, the whole segment 20 s
    assert not (running.root / "output/u1/gone/gone.wav").exists()


@pytest.mark.parametrize("path", ["/synthesize", "/tts"])
def test_a_stop_is_answered_before_the_connection_is_cut(start: Starter, path: str) -> None:
    running = start(engine=FakeEngine(seconds_per_segment=60, steps_per_segment=1000), shutdown_seconds=3)

    @running.app.post("/stop")
    async def stop() -> None:
        running.app.state.begin_drain()

    content = body(running) | {"text_lang": "zh", "prompt_lang": "zh", "ref_audio_path": add_reference(running)}
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(running.client.post, path, json=content)
        eventually(lambda: running.engine.status().active)
        running.client.post("/stop")
        answer = asked.result(10)
    assert answer.status_code == (503 if path == "/synthesize" else 400)
    assert "the service stops" in answer.json()["message"] + answer.json().get("Exception", "")


def test_a_preview_tells_pieces_language_and_length(running: Running) -> None:
    asked = {"text": "你好，世界。今天天气不错！", "how_to_cut": "cut5"}
    data = running.client.get("/text/preview", params=asked).json()["data"]
    assert data["guessed_language"] == "all_zh" and data["characters"] == 13
    assert "".join(piece["text"] for piece in data["segments"]).endswith("今天天气不错！")
    assert data["seconds"] == pytest.approx(sum(piece["seconds"] for piece in data["segments"]), abs=0.01)
    assert running.client.post("/text/preview", json=asked).json()["data"] == data
    assert running.client.get("/text/preview", params={"text": "！！"}).status_code in (200, 400)
    assert running.client.get("/text/preview", params={**asked, "language": "klingonisch"}).status_code == 400


def test_a_preview_shows_what_each_reading_says_when_it_is_asked(running: Running) -> None:
    asked = {"text": "湿度62％。", "language": "zh", "how_to_cut": "cut0"}
    assert running.client.post("/text/preview", json=asked).json()["data"].get("readings") is None
    shown = running.client.post("/text/preview", json={**asked, "show_readings": True}).json()["data"]["readings"]
    assert shown["natural"] == "湿度百分之六十二."
    assert set(shown) == {"natural", "official"} and shown["official"] != shown["natural"]


def test_a_preview_names_what_the_language_does_not_read(running: Running) -> None:
    asked = {"text": "你好，Привет мир。", "language": "auto"}
    assert running.client.post("/text/preview", json=asked).json()["data"]["left_out"] == ["Привет мир"]
    asked["text"] = "你好，世界。"
    assert running.client.post("/text/preview", json=asked).json()["data"]["left_out"] == []


def test_a_text_in_a_script_that_nothing_reads_is_refused_in_words(running: Running) -> None:
    asked = {**body(running), "text": "Привет мир", "language": "auto"}
    answer = running.client.post("/synthesize", json=asked)
    assert answer.status_code == 400
    assert "does not read it: Привет мир" in answer.json()["message"]


def test_the_reading_is_the_requests_or_else_the_services(start: Starter) -> None:
    running = start(default_reading="official")
    _speak(running)
    _speak(running, reading="natural")
    assert [request.reading for request in running.engine.requests] == ["official", "natural"]
    assert running.client.post("/synthesize", json=body(running, reading="klingonisch")).status_code == 422


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Good morning", "en"),
        ("今天天气不错", "all_zh"),
        ("こんにちは世界", "all_ja"),
        ("안녕하세요", "all_ko"),
        ("今天 is sunny", "zh"),
        ("我唔知佢喺边度", "all_yue"),
        ("1234!", "all_zh"),
    ],
)
def test_a_language_is_guessed_from_the_text(text: str, language: str) -> None:
    assert guess_language(text) == language


@pytest.mark.parametrize(("text", "language"), [("……", "all_zh"), ("😀", "en"), ("，。", "ja"), ("♪♪", "auto")])
def test_what_has_no_sound_is_refused(text: str, language: str) -> None:
    with pytest.raises(ParameterError, match="nothing"):
        check_speakable(text, language, "cut1")
