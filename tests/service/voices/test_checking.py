"""A clip is judged as it was sent, and cut out of a longer recording at the recording's own quality."""

from __future__ import annotations

import io
from typing import Any

import pytest
import soundfile

from tests.service.conftest import Running
from tests.service.samples import clip, picture, sound, speechlike


def check(running: Running, content: bytes, **fields: Any) -> Any:
    """Have a clip judged; return the answer."""
    return running.client.post("/voice-models/check", files={"refer_wav": ("a.wav", content)}, data=fields)


def codes(answer: Any) -> set[str]:
    """The codes of the warnings in a verdict."""
    return {each["code"] for each in answer.json()["data"]["warnings"]}


def test_the_verdict_is_about_the_original(running: Running) -> None:
    telephone = sound(speechlike(5.0, rate=8000), rate=8000)
    answer = check(running, telephone)
    assert answer.json()["data"]["rate"] == 8000 and "low_rate" in codes(answer)
    assert "low_rate" not in codes(check(running, clip()))
    assert not any((running.root / "audio").glob("[!.]*")), "nothing is stored"


def test_a_part_is_judged_alone(running: Running) -> None:
    recording = sound(speechlike(20.0))
    whole, part = check(running, recording), check(running, recording, refer_start="4", refer_end="9.5")
    assert "too_long" in codes(whole)
    assert part.json()["data"]["seconds"] == pytest.approx(5.5, abs=0.01) and "too_long" not in codes(part)
    said = check(running, recording, refer_start="0", refer_end="4", prompt_text="很长的文本" * 20)
    assert "text_too_long" in codes(said)


@pytest.mark.parametrize(
    "fields",
    [
        {"refer_start": "5", "refer_end": "4"},
        {"refer_start": "1", "refer_end": "900"},
        {"refer_start": "3", "refer_end": "60"},
        {"refer_start": "nan", "refer_end": "4"},
        {"refer_start": "-1", "refer_end": "4"},
        {"refer_end": "inf"},
    ],
)
def test_a_cut_outside_the_recording_is_refused(fields: dict[str, str], running: Running) -> None:
    assert check(running, clip(6.0), **fields).status_code in (400, 422)


@pytest.mark.parametrize("content", [b"RIF", b"", picture()])
def test_what_is_no_sound_is_refused_at_once(content: bytes, running: Running) -> None:
    answer = check(running, content)
    assert answer.status_code == 400 and answer.json()["message"]


def test_a_voice_is_cut_out_of_a_recording(running: Running) -> None:
    recording = sound(speechlike(20.0, rate=22_050), rate=22_050)
    answer = running.client.post(
        "/voice-models",
        data={"model_id": "cut", "model_name": "Cut", "gender": "2", "refer_start": "2.5", "refer_end": "7"},
        files={"refer_wav": ("long.wav", recording)},
    )
    record = answer.json()["data"]
    for address in (record["refer_wav_url"], record["original_wav_url"]):
        samples, rate = soundfile.read(io.BytesIO(running.client.get(address).content))
        assert rate == 22_050 and len(samples) == round(4.5 * rate)
    # The archive has what is kept, and can be imported again.
    archive = running.client.get("/voice-models/cut/export").content
    again = running.client.post("/voice-models/import?model_id=again", content=archive)
    assert again.json()["data"]["reference_report"]["seconds"] == pytest.approx(4.5, abs=0.01)
    changed = running.client.patch(
        "/voice-models/cut",
        data={"refer_start": "10", "refer_end": "16"},
        files={"refer_wav": ("long.wav", recording)},
    )
    assert changed.json()["data"]["reference_report"]["seconds"] == pytest.approx(6, abs=0.01)


def test_a_taken_id_names_the_other_voice(running: Running) -> None:
    fields = {"model_id": "anna", "model_name": "Anna", "gender": "2"}
    for status in (200, 409):
        answer = running.client.post("/voice-models", data=fields, files={"refer_wav": ("a.wav", clip())})
        assert answer.status_code == status
    error = answer.json()["data"]["error"]
    assert error == {"code": "voice_exists", "params": {"model_id": "anna", "model_name": "Anna"}}
