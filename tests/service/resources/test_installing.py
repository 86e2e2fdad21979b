"""Installing over HTTP: one download at a time, paused and resumed; files are found and loaded without a restart."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from GPT_SoVITS.resources.transfer import part_of
from GPT_SoVITS.testing.fake import FakeEngine
from service.keys.store import KeyStore
from tests.resources.shelf import BIG, fill
from tests.resources.stand_in import StandIn
from tests.service.conftest import Running, Starter
from tests.waiting import eventually

BASE = ["hubert", "roberta", "gpt-v2", "sovits-v2"]


@pytest.fixture
def hub() -> Iterator[StandIn]:
    """A hub on this machine."""
    server = StandIn()
    yield server
    server.close()


@pytest.fixture
def bare(start: Starter, hub: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Running:
    """A service without weights whose manifest names the files of the hub."""
    fill(hub, tmp_path, monkeypatch)
    engine = FakeEngine(weights=None)
    engine.needs = ("hubert", "roberta")
    return start(engine)


def data(running: Running, method: str, path: str, **given: Any) -> Any:
    """Send a request; return what its envelope holds."""
    answer = running.client.request(method, path, **given)
    assert answer.status_code < 300, answer.text
    return answer.json()["data"]


def download(running: Running) -> dict[str, Any]:
    """The latest download."""
    found: dict[str, Any] = data(running, "GET", "/resources")["download"]
    return found


def test_what_can_be_installed_is_listed_with_size_and_licence(bare: Running) -> None:
    found = data(bare, "GET", "/resources")
    first = found["resources"][0]
    assert (first["id"], first["size"], first["licence"], first["here"]) == ("hubert", BIG, "MIT", False)
    assert [each["id"] for each in found["resources"] if each["base"]] == BASE
    assert found["allowed"] and found["download"] is None and "modelscope" in found["sources"]


def test_weights_are_downloaded_found_loaded_and_speak(bare: Running) -> None:
    assert bare.client.get("/readyz").status_code == 503
    data(bare, "POST", "/resources/download", json={"ids": BASE})
    eventually(lambda: download(bare)["state"] == "done")
    assert download(bare)["done"] == download(bare)["total"]
    # Found and loaded by itself, without a request and without a restart.
    eventually(lambda: bare.client.get("/healthz").json()["weights_loaded"])
    assert bare.client.get("/readyz").json()["data"]["languages"]["zh"] == {"ready": True}
    assert data(bare, "GET", "/models")["current"]["gpt"].endswith("gpt/official.ckpt")
    assert all(each["here"] for each in data(bare, "GET", "/resources")["resources"] if each["base"])


def test_a_download_is_paused_and_goes_on_from_there(bare: Running, hub: StandIn) -> None:
    hub.behaviour.pause_s = 0.05
    data(bare, "POST", "/resources/download", json={"ids": ["hubert"], "source": "modelscope"})
    part = part_of(bare.root / "GPT_SoVITS/pretrained_models/hubert/model.bin")
    eventually(lambda: part.exists() and part.stat().st_size > 50_000)
    assert bare.client.post("/resources/download", json={"ids": ["roberta"]}).status_code == 409
    paused = data(bare, "POST", "/resources/download/pause")["download"]
    assert paused["state"] == "paused"
    here = part.stat().st_size
    listed = data(bare, "GET", "/resources")["resources"][0]
    assert (listed["here"], listed["fetched"]) == (False, here)
    time.sleep(0.3)
    assert part.stat().st_size == here, "nothing comes while it is paused"
    hub.behaviour.pause_s = 0.0
    data(bare, "POST", "/resources/download/resume")
    eventually(lambda: download(bare)["state"] == "done")
    assert hub.ranges()[-1] == f"bytes={here}-", "only the rest was asked for"


def test_a_download_is_given_up_with_its_unfinished_files(bare: Running, hub: StandIn) -> None:
    hub.behaviour.pause_s = 0.05
    data(bare, "POST", "/resources/download", json={"ids": ["hubert"], "source": "modelscope"})
    part = part_of(bare.root / "GPT_SoVITS/pretrained_models/hubert/model.bin")
    eventually(part.exists)
    assert data(bare, "DELETE", "/resources/download")["download"] is None
    assert not part.exists() and download(bare) is None


def test_what_cannot_be_had_says_why_in_both_languages(bare: Running, hub: StandIn) -> None:
    hub.behaviour.status = 404
    data(bare, "POST", "/resources/download", json={"ids": ["roberta"], "source": "modelscope"})
    eventually(lambda: download(bare)["state"] == "failed")
    (error,) = download(bare)["errors"]
    assert error["name"] == "roberta"
    assert "404" in error["reasons"][0]["en"] and "404" in error["reasons"][0]["zh"]
    hub.behaviour.status = None
    data(bare, "POST", "/resources/download/resume")
    eventually(lambda: download(bare)["state"] == "done")


def test_files_are_copied_from_a_folder_without_a_network(bare: Running, hub: StandIn, tmp_path: Path) -> None:
    for path, content in hub.files.items():
        if "/resolve/main/" in path:
            target = tmp_path / "stick" / path.rpartition("/resolve/main/")[2]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    asked = len(hub.asked)
    wanted = {"ids": BASE, "source": "folder", "folder": str(tmp_path / "stick")}
    data(bare, "POST", "/resources/download", json=wanted)
    eventually(lambda: download(bare)["state"] == "done")
    assert len(hub.asked) == asked
    answer = bare.client.post("/resources/download", json={**wanted, "folder": "/no/such/place"})
    assert (answer.status_code, answer.json()["data"]["error"]["code"]) == (400, "folder_unusable")


def test_files_that_are_copied_by_hand_are_noticed(bare: Running, tmp_path: Path) -> None:
    for kind, name in (("gpt", "official.ckpt"), ("sovits", "official.pth")):
        target = bare.root / "GPT_SoVITS/pretrained_models" / kind / name
        target.parent.mkdir(parents=True)
        target.write_bytes((tmp_path / "made" / name).read_bytes())
    eventually(lambda: bare.client.get("/healthz").json()["weights_loaded"], 15)
    languages = bare.client.get("/healthz").json()["languages"]
    assert languages["zh"]["code"] == "resource_missing", "HuBERT is still not there"


def test_with_keys_only_administrators_install(start: Starter, running: Running) -> None:
    store = running.app.state.container.get(KeyStore)
    reader, admin = store.create("reader"), store.create("admin-anna")
    later = start(root=running.root)

    def status(key: str | None) -> int:
        headers = {"X-API-Key": key} if key else {}
        return later.client.post("/resources/download/pause", headers=headers).status_code

    assert [status(None), status(reader), status(admin)] == [401, 403, 200]
    listed = later.client.get("/resources", headers={"X-API-Key": reader}).json()["data"]
    assert listed["allowed"] is False


def test_unknown_resources_and_sources_are_refused(bare: Running) -> None:
    assert bare.client.post("/resources/download", json={"ids": ["--offline-folder=/"]}).status_code == 404
    assert bare.client.post("/resources/download", json={"ids": ["hubert"], "source": "http://x"}).status_code == 422
    assert bare.client.post("/resources/download", json={"ids": []}).status_code == 422
