"""Weight folders with everything in them that a stranger can put there: each a bad entry, and the service goes on."""

from __future__ import annotations

import json
import logging
import os
import socket
import struct
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convert.defaults import default_config
from convert.examiner import MEMORY
from convert.expected import expected_keys
from GPT_SoVITS.engine.errors import WeightsInvalidError
from service.weights.catalogue import Catalogue, WeightFile
from service.weights.examination import Examiner, _Process
from tests.convert import torchfile
from tests.convert.conftest import T2S_MODEL, random_state
from tests.convert.test_bombs import BOMBS, DOUBLED
from tests.service.conftest import Running
from tests.service.weights.test_weights import installed, models, switch, write_gpt

__all__ = ["installed"]

posix = pytest.mark.skipif(os.name != "posix", reason="pipes, links and names of bytes")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "GPT_weights"
    write_gpt(path / "good.ckpt")
    return path


def found(folder: Path, examiner: Examiner | None = None) -> dict[str, WeightFile]:
    return {file.name: file for file in Catalogue(folder.parent, [folder], examiner=examiner).files()}


@posix
def test_what_is_no_file_is_one_bad_entry(folder: Path) -> None:
    os.mkfifo(folder / "pipe.ckpt")
    (folder / "itself.ckpt").symlink_to("itself.ckpt")
    (folder / "nothing.ckpt").symlink_to("nowhere")
    (folder / "device.ckpt").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listener:
        where = Path.cwd()
        os.chdir(folder)
        try:
            listener.bind("socket.ckpt")
        finally:
            os.chdir(where)
        began = time.monotonic()
        files = found(folder)
    assert files.pop("good.ckpt").problem is None
    assert files.keys() == {"pipe.ckpt", "itself.ckpt", "nothing.ckpt", "device.ckpt", "socket.ckpt"}
    assert all(file.problem for file in files.values())
    assert "pipe" in str(files["pipe.ckpt"].problem) and "symbolic links" in str(files["itself.ckpt"].problem)
    assert time.monotonic() - began < 60


@posix
@pytest.mark.parametrize("name", ["测试".encode("gbk"), b"\xed\xb3\x80", b"\xff\xfe"])
def test_a_name_that_is_not_utf8_is_one_bad_entry(name: bytes, folder: Path) -> None:
    data = (folder / "good.ckpt").read_bytes()
    Path(os.fsdecode(os.fsencode(folder) + b"/" + name + b".ckpt")).write_bytes(data)
    files = found(folder)
    assert files.pop("good.ckpt").problem is None
    ((shown, file),) = files.items()
    assert file.problem == "its name is not UTF-8 text; rename the file"
    assert shown.isprintable() and "\\udc" in shown and file.path.encode()


@posix
def test_the_list_of_weights_is_served_with_all_of_it(installed: Running) -> None:
    folder = installed.root / "GPT_weights"
    os.mkfifo(folder / "pipe.ckpt")
    (folder / "itself.ckpt").symlink_to("itself.ckpt")
    (folder / "89 bytes.ckpt").write_bytes(torchfile.pickled(DOUBLED))
    Path(os.fsdecode(os.fsencode(folder) + b"/\xb2\xe2.ckpt")).write_bytes(b"PK")
    (folder / "line\nbreak.ckpt").write_bytes(b"x")
    names = {file["name"]: file["problem"] for file in models(installed)["gpt"]}
    assert names["a.ckpt"] is None and names["b.ckpt"] is None
    assert all(names[name] for name in ("pipe.ckpt", "itself.ckpt", "89 bytes.ckpt", "\\udcb2\\udce2.ckpt"))
    assert names["line\\nbreak.ckpt"]
    assert installed.client.get("/healthz").status_code == 200


def test_bombs_of_the_reader_are_bad_entries(folder: Path) -> None:
    names = [name for name in BOMBS if name.startswith("doubled") or name in ("nested_codec", "zip_that_lies", "marks")]
    for name in names:
        BOMBS[name](folder / f"{name}.ckpt")
    files = found(folder)
    assert files.pop("good.ckpt").problem is None
    assert files.keys() == {f"{name}.ckpt" for name in names}
    assert all(file.problem and str(folder) not in file.problem for file in files.values())


def test_a_file_that_takes_too_long_is_one_bad_entry(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    examiner = Examiner()
    with monkeypatch.context() as patched:
        patched.setattr("service.weights.examination._SECONDS", 0.0)
        assert "took longer than 0 s" in str(found(folder, examiner)["good.ckpt"].problem)
    (folder / "z.ckpt").write_bytes((folder / "good.ckpt").read_bytes())
    assert found(folder, examiner)["z.ckpt"].problem is None


@posix
def test_a_file_that_ends_the_process_is_one_bad_entry(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "a.ckpt").write_bytes(b"PK")
    examiner, asked = Examiner(), []
    examine = _Process.examine

    def killing(process: _Process, path: str) -> Any:
        asked.append(path)
        if path.endswith("a.ckpt"):
            process._process.kill()
        return examine(process, path)

    monkeypatch.setattr(_Process, "examine", killing)
    files = found(folder, examiner)
    assert "ended" in str(files["a.ckpt"].problem) and files["good.ckpt"].problem is None
    found(folder, examiner)
    assert len(asked) == 2, "neither is looked at again"


def test_what_could_not_be_looked_at_in_time_is_looked_at_later(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    examiner = Examiner()
    with monkeypatch.context() as patched:
        patched.setattr("service.weights.examination._TOGETHER_SECONDS", -1.0)
        assert "not been examined yet" in str(found(folder, examiner)["good.ckpt"].problem)
    assert found(folder, examiner)["good.ckpt"].problem is None


def test_a_file_that_would_not_load_shows_why_and_is_not_accepted(
    installed: Running, caplog: pytest.LogCaptureFixture
) -> None:
    config: dict[str, Any] = {"model": T2S_MODEL}
    weight = random_state("t2s", config, "model.")
    del weight["model.h.layers.0.linear1.bias"]
    torchfile.save({"weight": weight, "config": config}, installed.root / "GPT_weights" / "part.ckpt")
    with caplog.at_level(logging.WARNING):
        (problem,) = (file["problem"] for file in models(installed)["gpt"] if file["name"] == "part.ckpt")
    assert problem == "missing: h.layers.0.linear1.bias [32]"
    assert any(problem in record.message for record in caplog.records)
    status, code, message = switch(installed, gpt_model_path="GPT_weights/part.ckpt")
    assert (status, code) == (400, 3) and problem in message


def test_an_absurd_configuration_is_the_clients_fault(installed: Running) -> None:
    config: dict[str, Any] = {"model": {**T2S_MODEL, "n_layer": 10**6}}
    weight = random_state("t2s", {"model": T2S_MODEL}, "model.")
    torchfile.save({"weight": weight, "config": config}, installed.root / "GPT_weights" / "absurd.ckpt")
    status, code, message = switch(installed, gpt_model_path="GPT_weights/absurd.ckpt")
    assert (status, code) == (400, 3) and "model.n_layer is 1000000; expected a whole number from 1 to 200" in message


def test_what_the_engine_found_in_a_file_is_shown_from_then_on(installed: Running) -> None:
    path = installed.root / "GPT_weights" / "b.ckpt"
    said = "GPT weights: b.ckpt: h.layers.1.norm2.weight: holds values that are not finite"
    installed.engine.unloadable[str(path)] = WeightsInvalidError(said)
    assert switch(installed, gpt_model_path="GPT_weights/b.ckpt") == (400, 3, said)
    problems = {file["name"]: file["problem"] for file in models(installed)["gpt"]}
    assert problems["b.ckpt"] == said and problems["a.ckpt"] is None
    os.utime(path, (1, 1))
    assert {file["name"]: file["problem"] for file in models(installed)["gpt"]}["b.ckpt"] is None


def test_two_files_that_do_not_fit_are_both_still_offered(installed: Running) -> None:
    path = installed.root / "GPT_weights" / "b.ckpt"
    installed.engine.unloadable[str(path)] = WeightsInvalidError("'b.ckpt' knows v1, 'a.pth' knows v2")
    assert switch(installed, gpt_model_path="GPT_weights/b.ckpt")[0] == 400
    assert not any(file["problem"] for file in models(installed)["gpt"] if file["name"] == "b.ckpt")


def test_weights_larger_than_the_limit_of_memory_are_examined(folder: Path) -> None:
    config = default_config("t2s", "v2")
    table, at = {}, 0
    for key, shape in expected_keys("t2s", config).items():
        size = 4 * int(np.prod(shape))
        table[key] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + size]}
        at += size
    head = json.dumps(table).encode()
    with (folder / "large.safetensors").open("wb") as file:  # sparse: only the table is read
        file.write(struct.pack("<Q", len(head)) + head)
        file.truncate(8 + len(head) + at)
    assert at > MEMORY and found(folder)["large.safetensors"].problem is None


@posix
def test_a_link_that_leads_out_is_listed_so_and_never_opened(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path_factory.mktemp("elsewhere") / "secret.ckpt"
    secret.write_bytes(b"PRIVATE KEY " * 40)
    (folder / "out.ckpt").symlink_to(secret)
    (folder / "within.ckpt").symlink_to("good.ckpt")
    opened: list[Path] = []
    examine = Examiner.examine

    def noting(examiner: Examiner, paths: Any) -> Any:
        opened.extend(paths)
        return examine(examiner, opened)

    monkeypatch.setattr(Examiner, "examine", noting)
    files = found(folder)
    assert "leads out of the weight folders" in str(files["out.ckpt"].problem)
    assert files["out.ckpt"].size != secret.stat().st_size
    assert files["within.ckpt"].problem is None and folder / "out.ckpt" not in opened
