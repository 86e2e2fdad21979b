"""With keys configured, trainings and their files are for their bearers; players read clips by signed addresses."""

from __future__ import annotations

import pytest

import api_ms
import gpt_sovits_api
from tests.service.conftest import Running
from tests.service.keys import add_key
from tests.service.samples import clip


def test_everything_of_training_needs_a_key_and_clips_a_signature(running: Running) -> None:
    client = running.client
    key = add_key(running)
    for path in ("jobs", "jobs/s", "jobs/s/events", "jobs/s/log", "datasets", "experiments"):
        assert client.get(f"/gpt_sovits/{path}").status_code == 401, path
    refused = client.post("/gpt_sovits/open_slice", json={"inp": "data", "session_id": "s"})
    assert refused.status_code == 401 and refused.json()["detail"]
    bearer = {"Authorization": f"Bearer {key}"}
    files = {"files": ("a.wav", clip(1))}
    address = "/gpt_sovits/datasets/anna/recordings"
    assert client.post(address, files=files).status_code == 401
    assert client.post(address, files=files, headers=bearer).status_code == 200
    (entry,) = client.get(address, headers=bearer).json()["data"]["data"]
    assert "signature=" in entry["url"] and client.get(entry["url"]).status_code == 200
    assert client.get(entry["url"].split("?")[0]).status_code == 401


def test_the_launcher_serves_the_same_on_its_own_port(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[list[str]] = []

    def note(arguments: list[str]) -> int:
        given.append(list(arguments))
        return 0

    monkeypatch.setattr(api_ms, "main", note)
    assert gpt_sovits_api.main(["--host", "127.0.0.1"]) == 0
    assert gpt_sovits_api.main(["--port", "8123"]) == 0
    ports = [api_ms.parser().parse_args(words).port for words in given]
    assert ports == [8000, 8123]
