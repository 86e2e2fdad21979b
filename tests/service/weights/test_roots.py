"""``--weights-root FOLDER``: weights that lie elsewhere are found, named, linked to and spoken with; no others are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import api_ms
from service.compatibility.command_lines import api2_settings, api_v2_settings
from service.settings import load_settings
from tests.service.conftest import Running, Starter
from tests.service.weights.test_weights import models, switch, write_gpt, write_sovits


def _of_api_ms(line: list[str]) -> dict[str, Any]:
    given = api_ms.parser().parse_args(line)
    return {"audio_root": given.audio_root, "weights_root": given.weights_root}


@pytest.mark.parametrize("read", [_of_api_ms, api2_settings, api_v2_settings])
def test_every_launcher_takes_folders_from_where_it_is_typed(
    read: Callable[[list[str]], dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    line = ["--weights-root", "mine", "--weights-root", "/srv/models", "--audio-root", "clips"]
    settings = load_settings(**{**read(line), "root": tmp_path / "root"})
    assert {tmp_path / "mine", Path("/srv/models"), tmp_path / "root/GPT_weights"} <= set(settings.weight_places)
    assert tmp_path / "clips" in settings.audio_places and tmp_path / "mine" not in settings.audio_places
    plain = load_settings(**{**read([]), "root": tmp_path / "root"})
    assert plain.weights_root == plain.audio_root == ()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A pair that lies outside of the service's folder."""
    write_gpt(tmp_path / "elsewhere/deep/mine.ckpt")
    write_sovits(tmp_path / "elsewhere/mine.pth")
    return tmp_path / "elsewhere"


def _link(running: Running, elsewhere: Path) -> dict[str, Any]:
    """Link to it from the weight folder, and return what the list says of the link."""
    folder = running.root / "GPT_weights"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "linked.ckpt").symlink_to(elsewhere / "deep/mine.ckpt")
    return {file["name"]: file["problem"] for file in models(running)["gpt"]}


def test_a_folder_elsewhere_is_listed_and_spoken_with(start: Starter, elsewhere: Path) -> None:
    running = start(weights_root=[elsewhere])
    assert _link(running, elsewhere) == {"mine.ckpt": None, "linked.ckpt": None}
    path = next(file["path"] for file in models(running)["gpt"] if file["name"] == "mine.ckpt")
    assert switch(running, gpt_model_path=path, sovits_model_path=str(elsewhere / "mine.pth"))[:2] == (200, 0)
    current = running.engine.status().current
    assert current is not None and current.weights.gpt == str(elsewhere / "deep/mine.ckpt")
    assert (running.root / "gweight.txt").read_text().strip() == str(elsewhere / "deep/mine.ckpt"), "for the next start"
    assert switch(running, gpt_model_path="GPT_weights/linked.ckpt")[:2] == (200, 0)
    assert switch(running, gpt_model_path=str(elsewhere.parent / "more.ckpt"))[:2] == (400, 3)


def test_without_it_the_refusal_names_the_option(start: Starter, elsewhere: Path) -> None:
    running = start()
    found = _link(running, elsewhere)
    assert found.keys() == {"linked.ckpt"} and "--weights-root FOLDER" in found["linked.ckpt"]
    for path in (str(elsewhere / "deep/mine.ckpt"), "GPT_weights/linked.ckpt"):
        status, code, message = switch(running, gpt_model_path=path)
        assert (status, code) == (400, 3) and "--weights-root FOLDER" in message
