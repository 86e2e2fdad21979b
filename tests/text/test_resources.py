"""Where optional data is looked for, and how its absence is told."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from GPT_SoVITS.text import resources


@pytest.fixture(autouse=True)
def _nothing_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "package")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for variable in (resources.VARIABLE, "NLTK_DATA", "NLTK_DATA_HOME", "OPEN_JTALK_DICT_DIR"):
        monkeypatch.delenv(variable, raising=False)


def _touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_nothing_is_found_where_nothing_lies() -> None:
    assert resources.find("lid176") is None
    assert resources.find("g2pw") is None


def test_an_unknown_name_is_a_mistake_of_the_program() -> None:
    with pytest.raises(KeyError):
        resources.find("no such thing")


def test_the_first_folder_of_the_variable_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, standard = tmp_path / "a", tmp_path / "b", tmp_path / "package/pretrained_models/text"
    _touch(standard / "lid.176.bin")
    assert resources.find("lid176") == standard / "lid.176.bin"
    monkeypatch.setenv(resources.VARIABLE, f"{first}{os.pathsep}{second}")
    _touch(second / "lid.176.bin")
    assert resources.find("lid176") == second / "lid.176.bin"
    _touch(first / "lid.176.bin")
    assert resources.find("lid176") == first / "lid.176.bin"


def test_the_places_of_an_official_installation_are_known(tmp_path: Path) -> None:
    package = tmp_path / "package"
    _touch(package / "pretrained_models/fast_langdetect/lid.176.bin")
    _touch(package / "text/G2PWModel/g2pW.onnx", package / "text/G2PWModel/POLYPHONIC_CHARS.txt")
    _touch(package / "text/cmudict.rep", package / "text/cmudict-fast.rep")
    assert resources.find("lid176") == package / "pretrained_models/fast_langdetect/lid.176.bin"
    assert resources.find("g2pw") == package / "text/G2PWModel"
    assert resources.find("cmudict_official") == package / "text"


def test_a_folder_counts_only_when_it_is_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(resources.VARIABLE, str(tmp_path))
    _touch(tmp_path / "G2PWModel/g2pw.onnx")
    assert resources.find("g2pw") is None
    _touch(tmp_path / "G2PWModel/POLYPHONIC_CHARS.txt")
    assert resources.find("g2pw") == tmp_path / "G2PWModel"


@pytest.mark.parametrize("variable", ["NLTK_DATA", "NLTK_DATA_HOME"])
def test_nltk_folders_are_searched_for_the_tagger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    name = "averaged_perceptron_tagger_eng"
    folder = tmp_path / "nltk/taggers" / name
    _touch(*(folder / f"{name}.{part}.json" for part in ("weights", "tagdict", "classes")))
    assert resources.find("nltk_tagger") is None
    monkeypatch.setenv(variable, str(tmp_path / "nltk"))
    assert resources.find("nltk_tagger") == folder


def test_open_jtalks_variable_is_honoured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "dictionary"
    _touch(*(folder / name for name in ("sys.dic", "matrix.bin", "char.bin", "unk.dic")))
    monkeypatch.setenv("OPEN_JTALK_DICT_DIR", str(folder))
    assert resources.find("naist_jdic") == folder


def test_what_is_missing_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "GPT_SoVITS.text"):
        resources.say_once("test thing", "The thing is missing: pip install thing")
        resources.say_once("test thing", "The thing is missing: pip install thing")
    assert caplog.messages == ["The thing is missing: pip install thing"]
    assert resources.said()["test thing"] == "The thing is missing: pip install thing"
