"""Experiments over HTTP: what trainings have made is listed, heard with chosen weights, and made a voice of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from GPT_SoVITS.testing.fake import FakeEngine
from tests.engine.small import write_gpt, write_sovits
from tests.service.conftest import Running, Starter
from tests.service.samples import clip

EXPERIMENT = "/gpt_sovits/experiments/anna"
GPT, SOVITS = "GPT_weights_v2/anna-e5.ckpt", "SoVITS_weights_v2/anna_e4_s240.pth"


@pytest.fixture
def trained(start: Starter) -> Running:
    """A service with an experiment that has weights and samples."""
    running = start(engine=FakeEngine())
    root = running.root
    for path in (GPT, SOVITS, "logs/anna/logs_s2_v2/samples/x", "data/anna/raw/x"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
    write_gpt(root / GPT, 0)
    write_sovits(root / SOVITS, 0)
    (root / "data/anna/raw/a.wav").write_bytes(clip(4))
    for name in ("step-100-real.wav", "step-100-generated.wav"):
        (root / "logs/anna/logs_s2_v2/samples" / name).write_bytes(clip(1))
    (root / "logs/anna/2-name2text.txt").write_text("secret")
    return running


def test_checkpoints_and_samples_are_listed(trained: Running) -> None:
    client = trained.client
    found = client.get(EXPERIMENT).json()["data"]
    assert [(each["network"], each["path"], each["epoch"], each["step"]) for each in found["checkpoints"]] == [
        ("gpt", GPT, 5, None),
        ("sovits", SOVITS, 4, 240),
    ]
    assert [(each["step"], each["kind"]) for each in found["samples"]] == [(100, "generated"), (100, "real")]
    part = client.get(found["samples"][0]["url"], headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"RIFF")
    listed = client.get("/gpt_sovits/experiments").json()["data"]["data"]
    assert listed == [{"exp_name": "anna", "user_id": None, "session_id": None, "checkpoints": 2}]
    assert client.get("/gpt_sovits/samples/anna/2-name2text.txt").status_code == 404, "only sounds and pictures"
    assert client.get("/gpt_sovits/experiments/nobody").status_code == 404
    assert client.get("/gpt_sovits/experiments/..%2fdata").status_code in (400, 404)


def hear(running: Running, **body: Any) -> Any:
    reference = {"ref_wav_path": "data/anna/raw/a.wav", "prompt_text": "hello", "prompt_language": "en"}
    return running.client.post(f"{EXPERIMENT}/hear", json={"text": "你好。", **reference, **body})


def test_an_epoch_is_heard_without_becoming_current(trained: Running) -> None:
    before = trained.engine.status().current
    answer = hear(trained, gpt_model_path=GPT, sovits_model_path=SOVITS, seed=7)
    assert answer.status_code == 200, answer.text
    assert answer.content[:4] == b"RIFF" and answer.headers["X-Seed"] == "7"
    weights = trained.engine.requests[-1].weights
    assert weights is not None and Path(weights.gpt).samefile(trained.root / GPT)
    assert Path(weights.sovits).samefile(trained.root / SOVITS)
    assert trained.engine.status().current == before


@pytest.mark.parametrize(
    "wrong", [{"gpt_model_path": "/etc/passwd"}, {"ref_wav_path": "/etc/passwd"}, {"gpt_model_path": SOVITS}]
)
def test_what_may_not_be_heard_is_refused(trained: Running, wrong: dict[str, str]) -> None:
    answer = hear(trained, **{"gpt_model_path": GPT, "sovits_model_path": SOVITS, **wrong})
    assert answer.status_code == 400 and answer.json()["code"] == 3


def test_an_experiment_becomes_a_voice_with_its_own_weights(trained: Running) -> None:
    body = {
        **{"model_id": "anna", "model_name": "Anna", "gender": 2, "gpt_model_path": GPT, "sovits_model_path": SOVITS},
        **{"ref_wav_path": "data/anna/raw/a.wav", "prompt_text": "hello", "prompt_language": "en"},
    }
    answer = trained.client.post(f"{EXPERIMENT}/voice", json=body)
    assert answer.status_code == 200, answer.text
    voice = trained.client.get("/voice-models/anna").json()["data"]
    assert (voice["gpt_model_path"], voice["sovits_model_path"], voice["prompt_text"]) == (GPT, SOVITS, "hello")
    assert trained.client.post(f"{EXPERIMENT}/voice", json=body).status_code == 409
    outside = {**body, "model_id": "b", "ref_wav_path": "/etc/hostname"}
    assert trained.client.post(f"{EXPERIMENT}/voice", json=outside).status_code == 400
