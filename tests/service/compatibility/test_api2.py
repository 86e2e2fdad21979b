"""A client written for ``api2.py``: GET / and POST / answer a WAV, failures a 400 with a message."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.service.compatibility.conftest import CLIP, TEXT, put_clip, read
from tests.service.conftest import Running, Starter

REFERENCE: dict[str, Any] = {"refer_wav_path": CLIP, "prompt_text": "你好。", "prompt_language": "zh"}
SPOKEN: dict[str, Any] = {"text": TEXT, "text_language": "zh", "seed": 7}


def test_get_and_post_say_the_same(speaking: Running) -> None:
    got = speaking.client.get("/", params=SPOKEN | REFERENCE)
    posted = speaking.client.post("/", json=SPOKEN | REFERENCE)
    assert got.status_code == posted.status_code == 200, got.text
    assert got.headers["content-type"] == posted.headers["content-type"] == "audio/wav"
    assert got.content == posted.content
    samples, rate = read(got.content)
    assert rate == 32_000 and len(samples) > rate


def test_without_any_reference_the_message_says_so(speaking: Running) -> None:
    for answer in (speaking.client.get("/", params=SPOKEN), speaking.client.post("/", json=SPOKEN)):
        assert answer.status_code == 400
        assert answer.json() == {"code": 400, "message": "未指定参考音频且接口无预设"}


def test_a_reference_that_lacks_a_field_is_the_preset_one(start: Starter) -> None:
    running = start(default_refer_path=CLIP, default_refer_text="预设。", default_refer_language="zh")
    put_clip(running.root)
    preset = running.client.get("/", params=SPOKEN)
    assert preset.status_code == 200, preset.text
    for missing in REFERENCE:
        partial = {name: value for name, value in REFERENCE.items() if name != missing}
        assert running.client.get("/", params=SPOKEN | partial).content == preset.content
    assert running.client.get("/", params=SPOKEN | REFERENCE).content != preset.content


def test_change_refer_presets_another_one(start: Starter) -> None:
    speaking = start()
    put_clip(speaking.root)
    changed = speaking.client.get("/change_refer", params=REFERENCE)
    assert changed.json() == {"code": 0, "message": "Success"}
    assert (
        speaking.client.get("/", params=SPOKEN).content == speaking.client.get("/", params=SPOKEN | REFERENCE).content
    )


def test_a_stored_voice_instead_of_a_path(speaking: Running) -> None:
    assert speaking.client.get("/", params=SPOKEN | {"model_id": "narrator"}).status_code == 200
    unknown = speaking.client.get("/", params=SPOKEN | {"model_id": "nobody"})
    assert unknown.status_code == 400 and "nobody" in unknown.json()["message"]


def test_cut_punc_cuts_after_its_signs(speaking: Running) -> None:
    spoken = {"text": "一，二，三。四！五", "text_language": "zh", "seed": 7} | REFERENCE
    lengths = [
        len(read(speaking.client.post("/", json=spoken | {"cut_punc": signs}).content)[0])
        for signs in ("", "。", "，。")
    ]
    assert len(set(lengths)) == 3, "each way of cutting leaves another number of pauses"


def test_without_text_the_page_is_shown(speaking: Running) -> None:
    answer = speaking.client.get("/", follow_redirects=False)
    assert answer.status_code == 307 and answer.headers["location"] == f"{speaking.url}/index"


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"text": ""}, "text"),
        ({"text": "，。！"}, "nothing in the text can be spoken"),
        ({"text_language": "klingon"}, "klingon"),
        ({"top_k": 0}, "top_k"),
        ({"speed": 9}, "speed"),
        ({"refer_wav_path": "/etc/passwd"}, "must lie in one of the folders"),
        ({"refer_wav_path": "../../etc/passwd"}, "must lie in one of the folders"),
        ({"refer_wav_path": "audio/clips/missing.wav"}, "no file"),
    ],
)
def test_what_is_wrong_is_said_in_a_400(speaking: Running, wrong: dict[str, object], expected: str) -> None:
    answer = speaking.client.post("/", json=SPOKEN | REFERENCE | wrong)
    assert answer.status_code == 400
    assert answer.json()["code"] == 400 and expected in answer.json()["message"]


def test_the_same_seed_is_the_same_speech_and_another_is_not(speaking: Running) -> None:
    def speak(seed: int) -> Any:
        return read(speaking.client.post("/", json=SPOKEN | REFERENCE | {"seed": seed}).content)[0]

    assert np.array_equal(speak(1), speak(1))
    assert not np.array_equal(speak(1), speak(2))


def test_a_page_of_another_site_cannot_make_the_service_speak(speaking: Running) -> None:
    answer = speaking.client.get("/", params=SPOKEN | REFERENCE, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 400 and "other sites" in answer.json()["message"]
