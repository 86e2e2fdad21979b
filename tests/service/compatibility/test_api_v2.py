"""A client written for ``api_v2.py``: /tts whole and streamed, /set_*, /control, /srt."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest

from tests.service.compatibility.conftest import CLIP, TEXT, put_clip, read
from tests.service.conftest import Running, Starter
from tests.service.weights.test_weights import write_gpt, write_sovits

SPOKEN: dict[str, Any] = {
    "text": TEXT,
    "text_lang": "zh",
    "ref_audio_path": CLIP,
    "prompt_text": "你好。",
    "prompt_lang": "zh",
    "seed": 7,
}


def test_get_post_and_the_root_say_the_same(speaking: Running) -> None:
    answers = [
        speaking.client.get("/tts", params=SPOKEN),
        speaking.client.post("/tts", json=SPOKEN),
        speaking.client.get("/", params=SPOKEN),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200], answers[0].text
    assert answers[0].content == answers[1].content == answers[2].content
    assert answers[0].headers["content-type"] == "audio/wav"


@pytest.mark.parametrize("mode", ["1", "2", "3", "true"])
def test_a_stream_is_a_wav_header_and_then_the_same_samples(speaking: Running, mode: str) -> None:
    whole, rate = read(speaking.client.post("/tts", json=SPOKEN).content)
    with speaking.client.stream("GET", "/tts", params=SPOKEN | {"streaming_mode": mode}) as answer:
        assert answer.status_code == 200 and "content-length" not in answer.headers
        content = b"".join(answer.iter_raw())
    assert content[:4] == b"RIFF" and content[36:40] == b"data"
    assert int.from_bytes(content[24:28], "little") == rate
    streamed = np.frombuffer(content[44:], "<i2") / 32768
    assert len(streamed) == len(whole) and np.abs(streamed - whole).max() < 2e-3


@pytest.mark.parametrize(("form", "magic"), [("raw", b""), ("ogg", b"OggS"), ("aac", b"\xff\xf1")])
def test_other_formats(speaking: Running, form: str, magic: bytes) -> None:
    answer = speaking.client.post("/tts", json=SPOKEN | {"media_type": form})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == f"audio/{form}" and answer.content.startswith(magic)


def test_null_and_what_batches_need_are_accepted(speaking: Running) -> None:
    more = {"aux_ref_audio_paths": None, "batch_size": 4, "split_bucket": False, "parallel_infer": False}
    assert speaking.client.post("/tts", json=SPOKEN | more).status_code == 200


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"text_lang": "xx"}, "xx"),
        ({"media_type": "exe"}, "media_type"),
        ({"streaming_mode": 7}, "streaming_mode"),
        ({"text_split_method": "cut9"}, "cut9"),
        ({"ref_audio_path": None}, "ref_audio_path is required"),
        ({"ref_audio_path": "/etc/passwd"}, "must lie in"),
        ({"aux_ref_audio_paths": ["/etc/passwd"]}, "must lie in"),
        ({"text": "x" * 10_001}, "10000"),
    ],
)
def test_what_is_wrong_has_a_message_and_an_exception(
    speaking: Running, wrong: dict[str, object], expected: str
) -> None:
    answer = speaking.client.post("/tts", json=SPOKEN | wrong)
    assert answer.status_code == (413 if len(str(wrong)) > 10_000 else 400)
    assert set(answer.json()) == {"message", "Exception"} and expected in answer.json()["Exception"]


def test_set_refer_audio_serves_requests_without_one(start: Starter) -> None:
    speaking = start()
    put_clip(speaking.root)
    assert speaking.client.get("/set_refer_audio", params={"refer_audio_path": CLIP}).json() == {"message": "success"}
    rest = {name: value for name, value in SPOKEN.items() if name != "ref_audio_path"}
    assert speaking.client.post("/tts", json=rest).content == speaking.client.post("/tts", json=SPOKEN).content


@pytest.mark.parametrize("route", ["set_gpt_weights", "set_sovits_weights"])
def test_weights_outside_the_folders_are_refused(speaking: Running, route: str) -> None:
    for path in ("/etc/passwd", "../x.ckpt", ""):
        answer = speaking.client.get(f"/{route}", params={"weights_path": path})
        assert answer.status_code == 400 and set(answer.json()) == {"message", "Exception"}


def test_weights_are_changed_one_at_a_time(start: Starter) -> None:
    speaking = start()
    write_gpt(speaking.root / "GPT_weights/other.ckpt")
    write_sovits(speaking.root / "SoVITS_weights/other.pth")
    for route, path in (
        ("set_gpt_weights", "GPT_weights/other.ckpt"),
        ("set_sovits_weights", "SoVITS_weights/other.pth"),
    ):
        answer = speaking.client.get(f"/{route}", params={"weights_path": path})
        assert answer.status_code == 200 and answer.json() == {"message": "success"}, answer.text
    current = speaking.engine.status().current
    assert current is not None
    assert current.weights.gpt.endswith("GPT_weights/other.ckpt")
    assert current.weights.sovits.endswith("SoVITS_weights/other.pth")


def test_control_is_off_unless_it_is_switched_on(speaking: Running) -> None:
    for answer in (
        speaking.client.get("/control", params={"command": "exit"}),
        speaking.client.post("/control", json={"command": "restart"}),
    ):
        assert answer.status_code == 403 and "allow_control" in answer.json()["message"]
    assert speaking.client.get("/healthz").status_code == 200


def test_subtitles_agree_with_the_audio(speaking: Running) -> None:
    for answer in (speaking.client.get("/srt", params=SPOKEN), speaking.client.post("/srt", json=SPOKEN)):
        assert answer.status_code == 200, answer.text
        said = answer.json()
        assert said["code"] == "200" and set(said) == {"code", "srt", "audio"}
        subtitles = speaking.client.get(urlsplit(said["srt"]).path).text
        samples, rate = read(speaking.client.get(urlsplit(said["audio"]).path).content)
        times = [_seconds(each) for each in re.findall(r"\d\d:\d\d:\d\d,\d{3}", subtitles)]
        assert len(times) == 4, "one cue for each sentence"
        assert times == sorted(times) and abs(times[-1] + 0.3 - len(samples) / rate) < 0.05
        # Between the sentences it is silent, to within 50 ms at each end.
        assert not samples[int((times[1] + 0.05) * rate) : int((times[2] - 0.05) * rate)].any()
        assert samples[int((times[2] + 0.05) * rate) : int((times[3] - 0.05) * rate)].any()


@pytest.mark.parametrize("method", ["cut0", "cut1", "cut2", "cut3", "cut4", "cut5"])
def test_a_cue_is_a_sentence_however_the_text_is_cut(speaking: Running, method: str) -> None:
    text = "先帝创业未半，而中道崩殂。今天下三分，益州疲弊！此诚危急存亡之秋也。"
    said = speaking.client.post("/srt", json=SPOKEN | {"text": text, "text_split_method": method}).json()
    subtitles = speaking.client.get(urlsplit(said["srt"]).path).text
    found = [block.split("\n")[2] for block in subtitles.strip().split("\n\n")]
    assert [re.sub(r"\W", "", each) for each in found] == [
        "先帝创业未半而中道崩殂", "今天下三分益州疲弊", "此诚危急存亡之秋也",
    ]  # fmt: skip


def _seconds(stamp: str) -> float:
    hours, minutes, seconds = stamp.replace(",", ".").split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


@pytest.mark.parametrize("path", ["/srt/x.srt", "/srt/..%2f..%2fservice.db", "/audio-out/T1.wav", "/audio-out/T1.exe"])
def test_other_files_are_not_there(speaking: Running, path: str) -> None:
    assert speaking.client.get(path).status_code == 404


def test_failures_of_srt_have_their_code_as_text(start: Starter) -> None:
    running = start()
    put_clip(running.root)
    answer = running.client.post("/srt", json=SPOKEN | {"text": "！"})
    assert answer.status_code == 400 and answer.json()["code"] == "400"
