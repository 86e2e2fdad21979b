"""The command line as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from GPT_SoVITS.resources import load_manifest, locate
from GPT_SoVITS.resources.cli import main
from GPT_SoVITS.resources.manifest import Manifest
from GPT_SoVITS.text import resources as text_resources
from tests.resources.conftest import CONTENT, NAME, REPO, file_of, resource_of
from tests.resources.stand_in import StandIn
from tests.resources.test_fetch import closed_address

ROOT = Path(__file__).parents[2]
PLACE = Path("GPT_SoVITS/pretrained_models") / NAME


@pytest.fixture
def manifest() -> Manifest:
    return Manifest((resource_of(file_of()),))


def place(root: Path, content: bytes) -> Path:
    target = root / PLACE
    target.parent.mkdir(parents=True)
    target.write_bytes(content)
    return target


def test_it_starts_without_mindspore() -> None:
    code = (
        "import sys, GPT_SoVITS.resources.cli as cli\n"
        "cli.main(['list'])\n"
        "print([name for name in ('mindspore', 'huggingface_hub', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_list_as_json_has_every_resource(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--json", "--dest", str(tmp_path)]) == 0
    rows = {row["id"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["gpt-v2"]["size"] == 155_315_150
    assert rows["gpt-v2"]["here"] is False
    assert rows["sovits-v2-d"]["use"] == "training"


def test_list_speaks_chinese_and_lines_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--lang", "zh", "--dest", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["标识", "用于", "下载量", "本机", "说明"]
    assert any("声码器 HiFi-GAN" in line for line in lines)


def test_fetch_then_check(hub: StandIn, tmp_path: Path, manifest: Manifest, capsys: pytest.CaptureFixture[str]) -> None:
    hub.put_hugging_face(REPO, NAME, CONTENT)
    dest = ["--dest", str(tmp_path), "--lang", "en"]
    assert main(["check", "--version", "v2", *dest], manifest) == 1
    assert "absent" in capsys.readouterr().out
    assert main(["fetch", "--version", "v2", "--source", "huggingface", "--mirror", hub.url, *dest], manifest) == 0
    assert main(["check", "--version", "v2", *dest], manifest) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "all selected resources are present"


@pytest.mark.parametrize(
    ("content", "quick", "status", "said"),
    [
        (CONTENT, False, 0, ": ok"),
        (CONTENT[:-1], False, 1, "wrong size: 299999 bytes, expected 300000"),
        (CONTENT[:-1] + b"x", False, 1, "wrong checksum: SHA-256"),
        (CONTENT[:-1] + b"x", True, 0, ": ok"),
        (b"", True, 1, "wrong size: 0 bytes"),
    ],
)
def test_check_tells_damage_and_the_command_that_mends_it(
    tmp_path: Path,
    manifest: Manifest,
    capsys: pytest.CaptureFixture[str],
    content: bytes,
    quick: bool,
    status: int,
    said: str,
) -> None:
    place(tmp_path, content)
    arguments = ["check", "thing", "--dest", str(tmp_path), "--lang", "en"] + ["--quick"] * quick
    assert main(arguments, manifest) == status
    output = capsys.readouterr().out
    assert said in output
    assert ("-m GPT_SoVITS.resources fetch thing" in output) == (status == 1)


def test_check_of_everything_is_content_with_one_complete_version(
    tmp_path: Path, manifest: Manifest, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["check", "--dest", str(tmp_path), "--lang", "en"]
    assert main(arguments, manifest) == 1
    assert "no model version is complete" in capsys.readouterr().out
    place(tmp_path, CONTENT)
    assert main(arguments, manifest) == 0
    assert "complete for synthesis: v2" in capsys.readouterr().out


def test_a_failed_fetch_says_so(tmp_path: Path, manifest: Manifest, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["fetch", "--all", "--dest", str(tmp_path), "--offline-folder", str(tmp_path), "--lang", "zh"]
    assert main(arguments, manifest) == 1
    assert "1 项资源中有 1 项失败" in capsys.readouterr().err


def test_a_host_that_is_silent_is_told_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    several = Manifest(tuple(resource_of(file_of(name=name)) for name in ("a.bin", "b.bin", "c.bin")))
    arguments = ["fetch", "--all", "--source", "modelscope", "--mirror", closed_address(), "--dest", str(tmp_path)]
    assert main([*arguments, "--lang", "en"], several) == 1
    lines = capsys.readouterr().err.splitlines()
    assert sum("could not be fetched" in line for line in lines) == 3
    assert sum("cannot be reached" in line for line in lines) == 1


def test_wrong_command_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fetch", "--lang", "en"]) == 2
    assert "name what to fetch" in capsys.readouterr().err
    assert main(["fetch", "gpt-v9", "--lang", "en"]) == 2
    assert "gpt-v9" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main(["fetch", "--version", "v9"])


def test_locate_finds_other_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NLTK_DATA", str(tmp_path / "nltk"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert locate("nltk-tagger", tmp_path) is None
    folder = tmp_path / "nltk/taggers/averaged_perceptron_tagger_eng"
    folder.mkdir(parents=True)
    for kind in ("weights", "tagdict", "classes"):
        (folder / f"averaged_perceptron_tagger_eng.{kind}.json").write_text("{}")
    assert locate("nltk-tagger", tmp_path) == folder


def test_a_process_that_is_killed_in_the_middle_is_taken_up(hub: StandIn, tmp_path: Path) -> None:
    """kill -9 while the line is slow, then the same command again: only the rest is asked for."""
    hub.put_model_scope(REPO, NAME, CONTENT)
    code = (
        "import sys, os, tests.resources.conftest as c, GPT_SoVITS.resources.transfer as t\n"
        "from GPT_SoVITS.resources.manifest import Manifest\n"
        "from GPT_SoVITS.resources.cli import main\n"
        "if sys.argv[1] == 'die': t._Transfer._write = (lambda write: lambda self, chunk: "
        "(write(self, chunk[:70000]), os.kill(os.getpid(), 9)))(t._Transfer._write)\n"
        "sys.exit(main(sys.argv[2:], Manifest((c.resource_of(c.file_of()),))))\n"
    )
    arguments = ["fetch", "thing", "--source", "modelscope", "--mirror", hub.url, "--dest", str(tmp_path)]
    results = [
        subprocess.run([sys.executable, "-c", code, mode, *arguments], cwd=ROOT, timeout=60, env=os.environ)
        for mode in ("die", "live")
    ]
    assert [result.returncode for result in results] == [-9, 0]
    assert hub.ranges() == [None, "bytes=70000-"]
    assert (tmp_path / PLACE).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("resource_id", "name"),
    [("g2pw", "g2pw"), ("nltk-tagger", "nltk_tagger"), ("naist-jdic", "naist_jdic"), ("lid176", "lid176")],
)
def test_what_is_fetched_is_found_by_the_text_front_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, resource_id: str, name: str
) -> None:
    resource = load_manifest().get(resource_id)
    for file in resource.files:
        target = tmp_path / resource.folder / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("x")
    monkeypatch.setattr(text_resources, "_PACKAGE", tmp_path / "GPT_SoVITS")
    found = text_resources.find(name)
    assert found is not None and found.is_relative_to(tmp_path / resource.folder)


def test_a_folder_that_may_not_be_read_counts_as_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "stat", refuse)
    assert locate("nltk-tagger", tmp_path) is None
