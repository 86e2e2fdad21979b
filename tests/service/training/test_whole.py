"""From a recording to a voice, with the real steps: sliced, labelled, trained, killed, heard.

One form begins with the weights that come with the program, the other with small networks of random numbers.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.service.conftest import Running
from tests.service.training.http import until_state
from tests.service.training.whole import (
    LONGEST_COMPILATION,
    SENTENCES,
    Networks,
    kill_once,
    recording,
    speaking_service,
    starter_networks,
    write_networks,
)

pytestmark = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
USER = {"exp_name": "robin", "user_id": "u", "session_id": "s"}


def post(running: Running, name: str, **body: Any) -> None:
    answer = running.client.post(f"/gpt_sovits/{name}", json=body)
    assert answer.status_code == 200, answer.text


def done(running: Running) -> dict[str, Any]:
    """Wait until the session's newest job has ended well."""
    found = until_state(running.client, "s", "done", "error", seconds=LONGEST_COMPILATION)
    assert found["state"] == "done", (found["error"], found["log"])
    return found


def curve(running: Running, kind: str, loss: str) -> list[float]:
    points = running.client.get(f"/gpt_sovits/jobs/s/metrics?kind={kind}").json()["data"]["points"]
    assert [point["step"] for point in points] == list(range(1, len(points) + 1)), "every step once"
    return [point["losses"][loss] for point in points]


@pytest.mark.full
@pytest.mark.parametrize("beginning", [starter_networks, write_networks])
def test_a_recording_becomes_a_voice_through_a_kill(beginning: Callable[[Path], Networks], tmp_path: Path) -> None:
    with speaking_service(tmp_path) as running:
        networks = beginning(running.root)
        files = {"files": ("speech.wav", recording())}
        assert running.client.post("/gpt_sovits/datasets/robin/recordings", files=files).status_code == 200

        post(running, "open_slice", session_id="s", user_id="u", inp="data/robin/raw", min_length=1500, n_parts=1)
        sliced = next(each["path"] for each in done(running)["artefacts"])
        clips = sorted(path.name for path in (running.root / sliced).glob("*.wav"))
        assert len(clips) == len(SENTENCES), clips

        lines = [
            {"path": f"{sliced}/{name}", "speaker": "robin", "language": "en", "text": text}
            for name, text in zip(clips, SENTENCES, strict=True)
        ]
        written = running.client.put("/gpt_sovits/datasets/robin/list?path=robin.list", json={"lines": lines})
        assert written.status_code == 200, written.text

        features = {"inp_text": "data/robin/robin.list", "inp_wav_dir": sliced, "version": "v2", **networks.features}
        post(running, "open1abc", **USER, **features)
        done(running)

        # The starter's GPT speaks with its synthesizer; compiling a step of the other form's takes minutes.
        sovits = _train_sovits(running, networks) if networks.sovits else networks.features["pretrained_s2G_path"]
        options = {"batch_size": 2, "total_epoch": 4, "save_every_epoch": 4, "if_dpo": False}
        post(running, "gpt_train", **USER, **networks.gpt, **options)
        kill_once(running, "s", at_step=3)
        found = done(running)
        loss = curve(running, "gpt_train", "total")
        assert loss[-1] < 0.95 * loss[0], loss

        gpt = next(
            each["path"] for each in found["artefacts"] if (each["job"], each["kind"]) == ("gpt_train", "weights")
        )
        asked = {
            **{"text": "Good morning.", "text_language": "en", "seed": 3},
            **{"gpt_model_path": gpt, "sovits_model_path": sovits},
            **{"ref_wav_path": f"{sliced}/{clips[0]}", "prompt_text": SENTENCES[0], "prompt_language": "en"},
        }
        heard = running.client.post("/gpt_sovits/experiments/robin/hear", json=asked, timeout=300)
        assert heard.status_code == 200, heard.text
        samples, _ = soundfile.read(io.BytesIO(heard.content))
        assert len(samples) > 1000 and np.isfinite(samples).all() and np.abs(samples).max() > 0


def _train_sovits(running: Running, networks: Networks) -> str:
    post(running, "sovits_train", **USER, **networks.sovits, batch_size=2, total_epoch=2, save_every_epoch=2)
    kill_once(running, "s", at_step=3)
    found = done(running)
    mel = curve(running, "sovits_train", "mel")
    assert len(mel) >= 24 and np.mean(mel[-5:]) < 0.95 * np.mean(mel[:5]), mel
    path: str = next(each["path"] for each in found["artefacts"] if each["kind"] == "weights")
    return path
