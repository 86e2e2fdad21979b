"""The routes of trainings: the older interface's to the letter, and what is beyond it in the envelope."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.service.conftest import Running
from tests.service.training.bench import recordings
from tests.service.training.http import session, until_state
from tests.waiting import eventually

USER = {"exp_name": "anna", "user_id": "u1", "session_id": "s1"}
START = {"status": "success", "message": "start"}


def post(running: Running, name: str, **body: Any) -> Any:
    return running.client.post(f"/gpt_sovits/{name}", json=body)


def test_every_kind_is_started_with_the_answer_of_the_interface(serving: Running) -> None:
    raw = recordings(serving.settings)
    (serving.root / "data/anna/anna.list").write_text("a.wav|anna|en|hello\n")
    bodies: dict[str, dict[str, Any]] = {
        "open_slice": {"inp": raw},
        "open_denoise": {"denoise_inp_dir": raw},
        "open_asr": {"asr_inp_dir": raw},
        "open1abc": {**USER, "inp_text": "data/anna/anna.list", "inp_wav_dir": raw},
        "sovits_train": USER,
        "gpt_train": USER,
        "open_uvr5": {"model_name": "HP2_all_vocals", "input_root": raw, "format0": "wav", "agg": 10, "paths": ""},
    }
    for name, body in bodies.items():
        answer = post(serving, name, **{"session_id": "s1", **body})
        assert (answer.status_code, answer.json()) == (200, START), (name, answer.text)
    answer = post(serving, "one_click", **{**USER, "session_id": "s2"}, inp=raw)
    assert (answer.status_code, answer.json()) == (200, {"status": "success", "message": "开始一键训练"})


def test_a_failure_is_500_with_details_and_a_wrong_body_422(serving: Running) -> None:
    answer = post(serving, "open_slice", inp="/etc/passwd", session_id="s")
    assert answer.status_code == 500 and "must lie in one of the folders" in answer.json()["detail"]
    answer = post(serving, "open_slice", session_id="s")
    assert answer.status_code == 422
    assert answer.json()["detail"] == [
        {"loc": ["body", "inp"], "msg": "this field is required: send it", "type": "field_missing"}
    ]
    assert serving.client.get("/gpt_sovits/open_slice").status_code == 405
    answer = serving.client.post("/gpt_sovits/open_slice", content="{", headers={"content-type": "application/json"})
    assert answer.status_code == 422 and answer.json()["detail"]


def test_a_session_shows_its_steps_from_start_to_end(serving: Running) -> None:
    raw = recordings(serving.settings, units=2, problems=["broken.wav"])
    post(serving, "one_click", **USER, inp=raw, total_epoch=2, total_epoch_Bb=1)
    found = until_state(serving.client, "s1", "done", "error")
    assert found["state"] == "done" and found["progress"] == 100, found
    kinds = [step["kind"] for step in found["steps"]]
    assert kinds == ["slice", "denoise", "asr", "format", "sovits_train", "gpt_train"]
    assert {step["state"] for step in found["steps"]} == {"done"} and found["exp_name"] == "anna"
    assert found["losses"]["mel"] > 0 and found["log"] and found["problems"][0]["path"] == "broken.wav"
    weights = [each["path"] for each in found["artefacts"] if each["kind"] == "weights"]
    assert "SoVITS_weights_v2/anna_e2_s4.pth" in weights
    points = serving.client.get("/gpt_sovits/jobs/s1/metrics?kind=sovits_train&after=1").json()["data"]["points"]
    assert [(point["step"], point["epoch"]) for point in points] == [(2, 1), (3, 2), (4, 2)]
    text = serving.client.get("/gpt_sovits/jobs/s1/log?kind=slice")
    assert "words for people" in text.text and text.headers["content-type"].startswith("text/plain")


def test_pausing_resuming_and_cancelling(serving: Running) -> None:
    raw = recordings(serving.settings, units=40, seconds=0.05)
    post(serving, "open_slice", session_id="s", inp=raw)
    eventually(lambda: session(serving.client, "s")["steps"][0]["done"] >= 1, seconds=60)
    assert serving.client.post("/gpt_sovits/jobs/s/pause").json()["data"]["state"] == "paused"
    worker = serving.app.state.domains  # the process is gone soon after
    assert worker and serving.client.post("/gpt_sovits/jobs/s/resume").json()["data"]["state"] in ("wait", "run")
    assert serving.client.post("/gpt_sovits/jobs/s/cancel").json()["data"]["state"] == "cancelled"
    again = serving.client.post("/gpt_sovits/jobs/s/cancel")
    assert again.status_code == 409 and again.json()["code"] == 2
    assert serving.client.post("/gpt_sovits/jobs/s/resume").status_code == 200
    until_state(serving.client, "s", "done")
    assert serving.client.post("/gpt_sovits/jobs/s/resume").status_code == 409
    assert serving.client.delete("/gpt_sovits/jobs/s").json()["data"] == {"removed": True}
    missing = serving.client.get("/gpt_sovits/jobs/s")
    assert missing.status_code == 404 and missing.json()["code"] == 2


@pytest.mark.parametrize("name", ["测试 会话", "a/b", "2025-01-01 10:00:00", "a:slice:1"])
def test_sessions_have_any_printable_name(serving: Running, name: str) -> None:
    post(serving, "open_slice", session_id=name, inp=recordings(serving.settings))
    found = until_state(serving.client, quote(name, safe=""), "done")
    assert found["session_id"] == name


def test_trainings_are_listed_newest_first(serving: Running) -> None:
    raw = recordings(serving.settings)
    for number in range(3):
        post(serving, "open_slice", session_id=f"s{number}", user_id=f"u{number % 2}", inp=raw, max=0.5 + number / 10)
    post(serving, "sovits_train", **{**USER, "session_id": "t"})

    def listed(query: str = "") -> list[str]:
        data = serving.client.get(f"/gpt_sovits/jobs?{query}").json()["data"]
        assert data["total"] >= len(data["data"])
        return [each["session_id"] for each in data["data"]]

    assert listed() == ["t", "s2", "s1", "s0"] and listed("page=2&page_size=3") == ["s0"]
    assert listed("user_id=u0") == ["s2", "s0"] and listed("kind=sovits_train") == ["t"]
    assert listed("exp_name=anna") == ["t"] and listed("state=paused") == []
    assert serving.client.get("/gpt_sovits/jobs?state=strange").status_code == 422


def test_a_stream_tells_every_change_until_the_end(serving: Running) -> None:
    raw = recordings(serving.settings, units=3, seconds=0.2)
    post(serving, "open_slice", session_id="s", inp=raw)
    with serving.client.stream("GET", "/gpt_sovits/jobs/s/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        told = [json.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data: ")]
    states = [each["state"] for each in told]
    assert states[-1] == "done" and "run" in states and told[-1]["progress"] == 100
    assert serving.client.get("/gpt_sovits/jobs/none/events").status_code == 404


def test_speech_goes_on_beside_a_training_that_computes(serving: Running) -> None:
    raw = recordings(serving.settings, units=1000, seconds=0.05)
    post(serving, "open_slice", session_id="s", inp=raw)
    eventually(lambda: session(serving.client, "s")["state"] == "run", seconds=60)
    from tests.service.samples import make_voice

    make_voice(serving.client)
    task = serving.client.post("/voice-tasks", json={"user_id": "u", "model_id": "narrator", "text": "你好。"}).json()
    path = f"/voice-tasks/{task['data']['task_id']}"
    eventually(lambda: serving.client.get(path).json()["data"]["status"] == "done", seconds=60)
    assert session(serving.client, "s")["state"] == "run"
    serving.client.post("/gpt_sovits/jobs/s/cancel")
