"""The step separate: official names and folders, a model that is missing or no model, resuming."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from GPT_SoVITS.dataset.steps import separate
from GPT_SoVITS.events import FAILED, FINISHED
from GPT_SoVITS.separation.models import Model, Separator, find, installed
from GPT_SoVITS.separation.parts import Parts
from tests.dataset.commands import contents, do, only

STEREO = np.random.default_rng(0).normal(scale=0.1, size=(4410, 2))


@pytest.fixture
def songs(tmp_path: Path) -> Path:
    folder = tmp_path / "songs"
    folder.mkdir()
    soundfile.write(folder / "stereo.wav", STEREO, 44100)
    soundfile.write(folder / "mono.wav", STEREO[:, 0], 22050)
    return folder


def halves(wave: NDArray[np.float32]) -> Parts:
    return Parts(wave * 0.25, wave * 0.75)


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with models' names in it; what opens is a separator that divides by loudness."""

    def opened(model: Model, aggressiveness: int) -> Separator:
        return halves

    folder = tmp_path / "models"
    (folder / "onnx_dereverb_By_FoxJoy").mkdir(parents=True)
    for name in ("HP2_all_vocals", "HP3_all_vocals", "VR-DeEchoNormal"):
        (folder / f"{name}.pth").touch()
    monkeypatch.setattr(separate, "_opened", opened)
    return folder


def run(tmp_path: Path, songs: Path, models: Path, *more: object) -> tuple[int, list[dict[str, object]]]:
    folders = ("--vocals", tmp_path / "v", "--others", tmp_path / "o", "--models", models)
    return do(tmp_path / "events", "separate", "--inp", songs, *folders, *more)


@pytest.mark.parametrize(
    ("model", "voice", "other", "level"),
    [
        ("HP2_all_vocals", "vocal_{}_7.wav", "instrument_{}_7.wav", 0.75),
        ("HP3_all_vocals", "vocal_{}_7.wav", "instrument_{}_7.wav", 0.25),
        ("VR-DeEchoNormal", "vocal_{}_7.wav", "instrument_{}_7.wav", 0.25),
        ("onnx_dereverb_By_FoxJoy", "{}_main_vocal.wav", "{}_others.wav", 0.75),
    ],
)
def test_files_have_official_names(
    tmp_path: Path, songs: Path, models: Path, model: str, voice: str, other: str, level: float
) -> None:
    status, told = run(tmp_path, songs, models, "--model", model, "--agg", 7, "--format", "wav")
    assert status == FINISHED and told[-1]["done"] == 2
    names = ("stereo.wav", "mono.wav.reformatted.wav")
    assert set(contents(tmp_path / "v")) == {voice.format(name) for name in names}
    assert set(contents(tmp_path / "o")) == {other.format(name) for name in names}
    heard, rate = soundfile.read(tmp_path / "v" / voice.format("stereo.wav"))
    assert rate == 44100 and np.abs(heard - STEREO * level).max() < 2e-4


@pytest.mark.parametrize("form", ["flac", "mp3", "m4a"])
def test_every_format_is_written_whole(tmp_path: Path, songs: Path, models: Path, form: str) -> None:
    status, _ = run(tmp_path, songs, models, "--model", "HP2_all_vocals", "--format", form)
    assert status == FINISHED
    assert all(len(data) > 500 for data in contents(tmp_path / "v").values())


def test_a_second_run_does_nothing_and_a_bad_file_costs_itself(tmp_path: Path, songs: Path, models: Path) -> None:
    (songs / "bad.mp3").write_bytes(b"ID3 no sound")
    _, told = run(tmp_path, songs, models, "--model", "HP2_all_vocals")
    assert only(told, "problem")[0]["code"] == "audio_unreadable" and told[-1]["done"] == 2
    before = contents(tmp_path / "v")
    _, told = run(tmp_path, songs, models, "--model", "HP2_all_vocals")
    assert told[-1]["skipped"] == 2 and contents(tmp_path / "v") == before


def test_models_are_found_by_name(models: Path, tmp_path: Path) -> None:
    names = [model.name for model in installed([models])]
    assert names == ["HP2_all_vocals", "HP3_all_vocals", "VR-DeEchoNormal", "onnx_dereverb_By_FoxJoy"]
    assert find("HP3_all_vocals", [models]).path == models / "HP3_all_vocals.pth"


@pytest.mark.parametrize(
    ("folder", "name", "words"),
    [
        ("nowhere", "HP2_all_vocals", "no separation model is installed"),
        ("models", "HP5", "installed are HP2_all_vocals"),
        ("models", "bs_roformer_ep", "Roformer"),
    ],
)
def test_a_missing_model_is_a_sentence(
    tmp_path: Path, songs: Path, models: Path, folder: str, name: str, words: str
) -> None:
    status, told = run(tmp_path, songs, tmp_path / folder, "--model", name)
    assert status == FAILED and told[-1]["code"] == "model_missing" and words in str(told[-1]["message"])


def test_a_file_that_is_no_model_is_named(tmp_path: Path, songs: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "HP2_all_vocals.pth").write_bytes(b"<html>")
    status, told = run(tmp_path, songs, tmp_path / "models", "--model", "HP2_all_vocals")
    assert status == FAILED and told[-1]["code"] == "model_unusable" and "web page" in str(told[-1]["message"])
