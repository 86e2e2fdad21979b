"""Weights: what is found, what is current, and switching."""

from __future__ import annotations

import json
import os
import tempfile
import threading
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from GPT_SoVITS import _commands
from GPT_SoVITS.engine.errors import WeightsInvalidError
from GPT_SoVITS.engine.messages import WeightsPair
from GPT_SoVITS.testing.fake import FakeEngine
from service.settings import load_settings
from service.weights.catalogue import Catalogue
from service.weights.choice import initial_weights
from tests.convert import torchfile
from tests.convert.conftest import T2S_MODEL, random_state, sovits_content
from tests.service.conftest import Running, Starter
from tests.waiting import eventually


@lru_cache
def _gpt() -> bytes:
    config = {"model": T2S_MODEL}
    content = {"weight": random_state("t2s", config, "model."), "config": config, "info": "e1"}
    return _saved(content)


@lru_cache
def _sovits(version: str) -> bytes:
    return _saved(sovits_content(version))


def _saved(content: Any) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return torchfile.save(content, Path(folder) / "weights").read_bytes()


def write_gpt(path: Path) -> Path:
    """Write GPT weights, small and complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_gpt())
    return path


def write_sovits(path: Path, version: str = "v2") -> Path:
    """Write SoVITS weights, small and complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_sovits(version))
    return path


def write_network(folder: Path, weights: str = "pytorch_model.bin", *others: str) -> None:
    """Write what the folder of a network needs to count as one."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("config.json", *others):
        (folder / name).write_text("{}")
    (folder / weights).write_bytes(safetensors() if weights.endswith(".safetensors") else b"anything")


def safetensors() -> bytes:
    """Return a file with one tensor of four bytes."""
    header = json.dumps({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}, "__metadata__": {}}).encode()
    return len(header).to_bytes(8, "little") + header + bytes(4)


@pytest.fixture
def installed(start: Starter, tmp_path: Path) -> Running:
    """A service with two pairs of weights, a file that is none, and a secret outside."""
    root = tmp_path / "service"
    for name in ("a", "b"):
        write_gpt(root / "GPT_weights" / f"{name}.ckpt")
        write_sovits(root / "SoVITS_weights" / f"{name}.pth")
    (root / "GPT_weights" / "broken.ckpt").write_bytes(b"\x80\x02cos\nsystem\n(S'touch pwned'\ntR.")
    (root / "GPT_weights" / "notes.txt").write_text("not weights")
    write_gpt(tmp_path / "outside.ckpt")
    (root / "GPT_weights" / "link.ckpt").symlink_to(tmp_path / "outside.ckpt")
    pair = WeightsPair(str(root / "GPT_weights/a.ckpt"), str(root / "SoVITS_weights/a.pth"))
    return start(FakeEngine(weights=pair, check_files=True), root=root)


def models(running: Running) -> dict[str, Any]:
    found: dict[str, Any] = running.client.get("/models").json()["data"]
    return found


def test_weights_are_found_with_their_versions(installed: Running) -> None:
    found = models(installed)
    by_name = {each["name"]: each for each in (*found["gpt"], *found["sovits"])}
    assert by_name["a.pth"]["version"] == "v2" and by_name["a.ckpt"]["version"] == "v2"
    assert by_name["a.ckpt"]["path"] == "GPT_weights/a.ckpt" and by_name["a.ckpt"]["size"] > 0
    assert by_name["a.ckpt"]["current"] and by_name["a.pth"]["current"]
    assert not by_name["b.ckpt"]["current"]
    assert by_name["broken.ckpt"]["problem"] and "notes.txt" not in by_name
    assert found["current"]["gpt"] == "GPT_weights/a.ckpt" and found["current"]["version"] == "v2"
    assert not (installed.root / "pwned").exists() and not Path("pwned").exists()


def test_what_is_missing_is_named_with_the_command_that_fetches_it(running: Running) -> None:
    missing = {each["name"]: each["command"] for each in models(running)["missing"]}
    assert {"hubert", "roberta", "gpt-v2", "sovits-v2"} == set(missing)
    assert missing["hubert"] == _commands.module("GPT_SoVITS.resources", "fetch", "hubert")


def switch(running: Running, **body: str) -> tuple[int, int, str]:
    answer = running.client.post("/set_model", json=body)
    return answer.status_code, answer.json()["code"], answer.json()["message"]


def test_what_the_configuration_names_is_not_missing(start: Starter, tmp_path: Path) -> None:
    write_network(tmp_path / "hubert")
    running = start(hubert_path=str(tmp_path / "hubert"), bert_path=str(tmp_path / "nowhere"))
    missing = {each["name"] for each in running.client.get("/models").json()["data"]["missing"]}
    assert "hubert" not in missing and "roberta" in missing


def test_a_choice_written_by_an_editor_of_windows_is_read(tmp_path: Path) -> None:
    write_gpt(tmp_path / "a.ckpt")
    write_sovits(tmp_path / "a.pth")
    (tmp_path / "gweight.txt").write_bytes("\ufeffa.ckpt\r\n".encode())
    (tmp_path / "sweight.txt").write_bytes("\ufeffa.pth\r\n".encode())
    found = initial_weights(load_settings(root=tmp_path))
    assert found == WeightsPair(str(tmp_path / "a.ckpt"), str(tmp_path / "a.pth"))


def test_switching_is_remembered(installed: Running) -> None:
    assert switch(installed, gpt_model_path="GPT_weights/b.ckpt", sovits_model_path="./SoVITS_weights/b.pth")[:2] == (
        200,
        0,
    )
    assert models(installed)["current"]["gpt"] == "GPT_weights/b.ckpt"
    assert (installed.root / "gweight.txt").read_text() == "GPT_weights/b.ckpt\n"
    assert (installed.root / "sweight.txt").read_text() == "SoVITS_weights/b.pth\n"
    pair = initial_weights(load_settings(root=installed.root))
    assert pair == WeightsPair(str(installed.root / "GPT_weights/b.ckpt"), str(installed.root / "SoVITS_weights/b.pth"))


def test_one_of_the_two_keeps_the_other(installed: Running) -> None:
    assert switch(installed, sovits_model_path="SoVITS_weights/b.pth")[0] == 200
    current = models(installed)["current"]
    assert (current["gpt"], current["sovits"]) == ("GPT_weights/a.ckpt", "SoVITS_weights/b.pth")


def test_a_failed_load_leaves_everything_as_it_was(installed: Running) -> None:
    installed.engine.unloadable[str(installed.root / "GPT_weights/b.ckpt")] = WeightsInvalidError("b does not fit a")
    assert switch(installed, gpt_model_path="GPT_weights/b.ckpt") == (400, 3, "b does not fit a")
    assert models(installed)["current"]["gpt"] == "GPT_weights/a.ckpt"
    assert not (installed.root / "gweight.txt").exists()


def test_a_load_is_seen_while_it_runs(installed: Running) -> None:
    assert models(installed)["loading"] is None
    installed.engine.loads.seconds = 0.1
    installed.engine.loads.hold(0.4)
    thread = threading.Thread(target=lambda: switch(installed, gpt_model_path="GPT_weights/b.ckpt"))
    thread.start()
    eventually(lambda: (models(installed)["loading"] or {}).get("progress") == 40)
    loading = models(installed)["loading"]
    assert (loading["gpt"], loading["sovits"]) == ("GPT_weights/b.ckpt", "SoVITS_weights/a.pth")
    assert loading["step"] == "packing b.ckpt"
    assert models(installed)["current"]["gpt"] == "GPT_weights/a.ckpt"
    installed.engine.loads.release()
    thread.join()
    assert models(installed)["loading"] is None
    assert models(installed)["current"]["gpt"] == "GPT_weights/b.ckpt"


def test_a_load_is_announced_to_the_pages(installed: Running) -> None:
    installed.engine.loads.seconds = 0.1
    installed.engine.loads.hold(0.4)
    seen: list[dict[str, Any] | None] = []
    with installed.client.stream("GET", "/events") as stream:
        lines = stream.iter_lines()
        assert next(line for line in lines if line.startswith("event:")) == "event: hello"
        threading.Thread(target=lambda: switch(installed, gpt_model_path="GPT_weights/b.ckpt")).start()
        for line in lines:
            if line == "event: loading":
                seen.append(json.loads(next(lines).removeprefix("data: "))["loading"])
                if seen[-1] is None:
                    break
                if seen[-1]["progress"] == 40:
                    installed.engine.loads.release()
    percents = [each["progress"] for each in seen if each]
    assert 40 in percents and percents == sorted(percents)
    assert seen[0] is not None and seen[0]["gpt"] == "GPT_weights/b.ckpt"


def test_paths_that_are_not_allowed_or_not_weights(installed: Running) -> None:
    wrong = [
        ({}, 400, 3, "gpt_model_path"),
        ({"gpt_model_path": "/etc/passwd"}, 400, 3, "must lie in"),
        ({"gpt_model_path": "GPT_weights/../../outside.ckpt"}, 400, 3, "must lie in"),
        ({"gpt_model_path": "GPT_weights/link.ckpt"}, 400, 3, "must lie in"),
        ({"gpt_model_path": "GPT_weights/none.ckpt"}, 404, 2, "there is no file"),
        ({"gpt_model_path": "GPT_weights/broken.ckpt"}, 400, 3, "cannot be used"),
        ({"gpt_model_path": "SoVITS_weights/a.pth"}, 400, 3, "another network"),
        ({"gpt_model_path": "GPT_weights/a\0.ckpt"}, 400, 3, "characters"),
        ({"gpt_model_path": "x" * 5000}, 422, 3, "gpt_model_path"),
    ]
    for body, status, code, named in wrong:
        found = switch(installed, **body)
        assert found[:2] == (status, code) and named in found[2], (body, found)
    assert models(installed)["current"]["gpt"] == "GPT_weights/a.ckpt"


def test_an_engine_that_is_gone_is_no_fault_of_the_request(installed: Running) -> None:
    installed.engine.close(0.1)
    assert switch(installed, gpt_model_path="GPT_weights/b.ckpt")[:2] == (503, 1)


def test_two_switches_at_once_both_count(installed: Running) -> None:
    bodies = ({"gpt_model_path": "GPT_weights/b.ckpt"}, {"sovits_model_path": "SoVITS_weights/b.pth"})
    threads = [threading.Thread(target=lambda body=body: switch(installed, **body)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    current = models(installed)["current"]
    assert (current["gpt"], current["sovits"]) == ("GPT_weights/b.ckpt", "SoVITS_weights/b.pth")


def test_configured_weights_win_over_remembered_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert initial_weights(load_settings(root=tmp_path)) is None
    (tmp_path / "gweight.txt").write_text("g.ckpt\n")
    assert initial_weights(load_settings(root=tmp_path)) is None, "half a pair is none"
    (tmp_path / "sweight.txt").write_text("s.pth")
    assert initial_weights(load_settings(root=tmp_path)) == WeightsPair(
        str(tmp_path / "g.ckpt"), str(tmp_path / "s.pth")
    )
    monkeypatch.setenv("gpt_path", "/elsewhere/g2.ckpt")
    assert initial_weights(load_settings(root=tmp_path)) == WeightsPair("/elsewhere/g2.ckpt", str(tmp_path / "s.pth"))


def test_a_file_is_looked_at_once_until_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "GPT_weights"
    write_gpt(folder / "a.ckpt")
    catalogue = Catalogue(tmp_path, [folder, tmp_path / "not there"])
    assert [file.name for file in catalogue.files()] == ["a.ckpt"]
    monkeypatch.setattr("service.weights.examination._Process", lambda: 1 / 0)
    assert [file.name for file in catalogue.files()] == ["a.ckpt"]
    write_gpt(folder / "b.ckpt")
    with pytest.raises(ZeroDivisionError):
        catalogue.files()
    (folder / "b.ckpt").unlink()
    (tmp_path / "other").write_bytes((folder / "a.ckpt").read_bytes())
    os.utime(tmp_path / "other", ns=((folder / "a.ckpt").stat().st_atime_ns, (folder / "a.ckpt").stat().st_mtime_ns))
    (tmp_path / "other").replace(folder / "a.ckpt")
    with pytest.raises(ZeroDivisionError):  # of the same size and time, and yet another file
        catalogue.files()
