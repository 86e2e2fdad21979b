"""Files put into the folders by hand: networks in other forms than the published ones, and weights nobody chose."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from GPT_SoVITS.engine.errors import WeightsInvalidError
from GPT_SoVITS.engine.messages import EngineState
from GPT_SoVITS.resources.pairing import newest_pair
from GPT_SoVITS.testing.fake import FakeEngine
from service.presence import Presence
from service.weights import watch
from service.weights.catalogue import WeightFile
from service.weights.service import WeightsService
from tests.service.conftest import Running, Starter
from tests.service.weights.test_weights import models, safetensors, write_gpt, write_network, write_sovits
from tests.waiting import eventually

HUBERT = "GPT_SoVITS/pretrained_models/chinese-hubert-base"
ROBERTA = "GPT_SoVITS/pretrained_models/chinese-roberta-wwm-ext-large"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "service"


@pytest.fixture
def silent(start: Starter, root: Path, monkeypatch: pytest.MonkeyPatch) -> Running:
    """A service without weights, which looks often."""
    monkeypatch.setattr(watch, "LOOK_S", 0.05)
    return start(FakeEngine(weights=None, check_files=True), root=root)


def current(running: Running) -> tuple[str, str] | None:
    found = models(running)["current"]
    return (found["gpt"], found["sovits"]) if found else None


# --- networks ---


@pytest.mark.parametrize(
    ("folder", "name", "files"),
    [
        (HUBERT, "hubert", ("pytorch_model.bin",)),
        (HUBERT, "hubert", ("model.safetensors",)),
        (ROBERTA, "roberta", ("pytorch_model.bin", "tokenizer.json")),
        (ROBERTA, "roberta", ("model.safetensors", "vocab.txt")),
    ],
)
def test_a_network_that_is_not_the_published_file_is_installed(
    tmp_path: Path, folder: str, name: str, files: tuple[str, ...]
) -> None:
    write_network(tmp_path / folder, *files)
    assert Presence(tmp_path).has(name)
    assert Presence(Path("/"), {name: str(tmp_path / folder)}).has(name)


@pytest.mark.parametrize("lost", ["config.json", "pytorch_model.bin", "vocab.txt"])
def test_a_network_that_the_engine_could_not_load_is_not_installed(tmp_path: Path, lost: str) -> None:
    write_network(tmp_path / ROBERTA, "pytorch_model.bin", "vocab.txt")
    (tmp_path / ROBERTA / lost).unlink()
    assert not Presence(tmp_path).has("roberta")
    assert not Presence(Path("/"), {"roberta": str(tmp_path / ROBERTA)}).has("roberta")


def test_a_file_that_is_empty_or_cut_short_is_not_installed(tmp_path: Path) -> None:
    write_network(tmp_path / HUBERT)
    whole = write_gpt(tmp_path / "whole").read_bytes()
    for content in (b"", whole[: len(whole) // 2]):
        (tmp_path / HUBERT / "pytorch_model.bin").write_bytes(content)
        assert not Presence(tmp_path).has("hubert")
    (tmp_path / HUBERT / "pytorch_model.bin").write_bytes(whole)
    assert Presence(tmp_path).has("hubert")
    # It is read before the other one.
    for content in (b"", safetensors()[:5], safetensors()[:-1], bytes([255] * 8), b"\x02" + bytes(7) + b"[]"):
        (tmp_path / HUBERT / "model.safetensors").write_bytes(content)
        assert not Presence(tmp_path).has("hubert")
    (tmp_path / HUBERT / "model.safetensors").write_bytes(safetensors())
    assert Presence(tmp_path).has("hubert")


# --- weights ---


def test_the_only_pair_speaks_and_is_remembered(silent: Running, root: Path) -> None:
    write_gpt(root / "GPT_weights/anna.ckpt")
    write_sovits(root / "SoVITS_weights/anna.pth")
    eventually(lambda: current(silent) == ("GPT_weights/anna.ckpt", "SoVITS_weights/anna.pth"))
    eventually((root / "sweight.txt").is_file)
    assert (root / "gweight.txt").read_text() == "GPT_weights/anna.ckpt\n"
    assert (root / "sweight.txt").read_text() == "SoVITS_weights/anna.pth\n"


def test_a_pair_that_is_being_loaded_is_not_told_to_be_missing(silent: Running, root: Path) -> None:
    assert silent.client.get("/readyz").json()["message"].startswith("no usable weights")
    silent.engine.loads.seconds = 0.2
    silent.engine.loads.hold(0.3)
    write_gpt(root / "GPT_weights/anna.ckpt")
    write_sovits(root / "SoVITS_weights/anna.pth")
    eventually(lambda: silent.engine.status().state is EngineState.STARTING)
    answer = silent.client.get("/readyz")
    assert answer.status_code == 503 and "weights are loading" in answer.json()["message"]
    silent.engine.loads.release()
    eventually(lambda: silent.client.get("/readyz").status_code == 200)


def test_a_pair_that_was_there_before_the_start_speaks_too(
    start: Starter, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_gpt(root / "GPT_weights/anna.ckpt")
    write_sovits(root / "SoVITS_weights/anna.pth")
    monkeypatch.setattr(watch, "LOOK_S", 0.05)
    running = start(FakeEngine(weights=None, check_files=True), root=root)
    eventually(lambda: current(running) == ("GPT_weights/anna.ckpt", "SoVITS_weights/anna.pth"))


def test_when_the_engine_refuses_the_newest_the_next_speaks(silent: Running, root: Path) -> None:
    bad = root / "SoVITS_weights/bad.pth"
    silent.engine.unloadable[str(bad)] = WeightsInvalidError("'bad.pth' makes samples that are not numbers")
    write_sovits(root / "SoVITS_weights/good.pth")
    os.utime(root / "SoVITS_weights/good.pth", (1, 1))
    write_sovits(bad)
    write_gpt(root / "GPT_weights/anna.ckpt")
    eventually(lambda: current(silent) == ("GPT_weights/anna.ckpt", "SoVITS_weights/good.pth"))


@pytest.mark.parametrize("given", ["configured", "remembered"])
def test_a_choice_that_is_not_there_is_waited_for(
    start: Starter, root: Path, given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "LOOK_S", 0.05)
    write_gpt(root / "GPT_weights/anna.ckpt")
    write_sovits(root / "SoVITS_weights/anna.pth")
    if given == "remembered":
        (root / "sweight.txt").write_text("SoVITS_weights/later.pth\n")
    settings = {"sovits_path": "SoVITS_weights/later.pth"} if given == "configured" else {}
    running = start(FakeEngine(weights=None, check_files=True), root=root, **settings)
    eventually(lambda: len(models(running)["gpt"]) == 1)
    assert running.app.state.container.get(WeightsService).initial() is None
    assert running.engine.status().state is EngineState.NO_WEIGHTS


def _file(kind: str, name: str, version: str, at: int, problem: str | None = None) -> WeightFile:
    return WeightFile(kind, name, name, version, 1, at, problem=problem)


def test_of_several_the_highest_version_speaks_with_the_newest_file_that_fits() -> None:
    files = [
        _file("gpt", "old.ckpt", "v2", 1),
        _file("gpt", "new.ckpt", "v2", 2),
        _file("gpt", "one.ckpt", "v1", 9),
        _file("sovits", "one.pth", "v1", 9),
        _file("sovits", "old.pth", "v2", 1),
        _file("sovits", "new.pth", "v2", 2),
        _file("sovits", "broken.pth", "v2", 3, "damaged"),
        _file("sovits", "pro.pth", "v2Pro", 1),
    ]

    def found(*installed: str, without: str = "") -> tuple[str, str] | None:
        left = [file for file in files if file.name != without]
        pair = newest_pair(left, installed.__contains__)
        return (pair[0].name, pair[1].name) if pair else None

    assert found("speaker-verifier") == ("new.ckpt", "pro.pth")
    assert found() == ("new.ckpt", "new.pth"), "a Pro version does not load without its verifier"
    assert found(without="new.pth") == ("new.ckpt", "old.pth")
    files[:] = [file for file in files if file.kind == "sovits" or file.version == "v1"]
    assert found("speaker-verifier") == ("one.ckpt", "one.pth"), "phonemes of one set belong together"
    files[:] = [file for file in files if file.kind == "sovits"]
    assert found() is None
