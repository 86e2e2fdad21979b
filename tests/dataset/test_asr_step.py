"""What is heard becomes a list; what somebody corrects in it stays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from GPT_SoVITS.dataset.labels.lists import read_list
from GPT_SoVITS.dataset.recognition.models import MODELS, find_model
from GPT_SoVITS.dataset.recognition.recogniser import Heard, Model, Samples, Wanted
from GPT_SoVITS.dataset.steps import asr
from GPT_SoVITS.events import FAILED, FINISHED
from tests.dataset.commands import Events, do, only
from tests.dataset.sounds import save, speech, tones


class Length:
    """Says how long a recording is: enough for what a step does with what is heard."""

    heard = 0

    def __init__(self, wanted: Wanted) -> None:
        self.language = wanted.language

    def __call__(self, samples: Samples) -> Heard:
        Length.heard += 1
        tenths = round(len(samples) / 1600)
        special = {3: Heard("", "en"), 4: Heard("Bonjour", "fr"), 5: Heard("one | two\nthree", "en")}
        return special.get(tenths, Heard(f"{tenths} tenths of a second", self.language))


def _nothing(wanted: Wanted) -> None:
    """It is always there."""


Run = Callable[..., tuple[int, Events]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    model = Model("Length", "length", _nothing, Length, ("large",), ("en", "auto"), ("float32",))
    monkeypatch.setattr(asr, "find_model", lambda name: model)
    folder = tmp_path / "clips"
    folder.mkdir()
    for name, seconds in (("a", 0.7), ("b", 0.9)):
        save(folder / f"{name}.wav", tones(0, seconds))
    return lambda *more: do(tmp_path / "events", "asr", "--inp", folder, "--out", tmp_path / "out", *more)


def test_a_folder_becomes_a_list_of_its_name(run: Run, tmp_path: Path) -> None:
    status, told = run()
    target = tmp_path / "out/clips.list"
    assert status == FINISHED and told[-1]["outputs"] == [str(target)]
    assert only(told, "artefact")[0]["kind"] == "list"
    folder = tmp_path / "clips"
    assert target.read_text(encoding="utf-8").split("\n") == [
        f"{folder}/a.wav|clips|EN|7 tenths of a second",
        f"{folder}/b.wav|clips|EN|9 tenths of a second",
    ]


def test_what_cannot_be_a_line_is_a_problem(run: Run, tmp_path: Path) -> None:
    for name, seconds in (("silent", 0.3), ("french", 0.4), ("odd", 0.5), ("x|y", 0.6)):
        save(tmp_path / "clips" / f"{name}.wav", tones(0, seconds))
    status, told = run()
    assert status == FINISHED
    codes = {Path(event["path"]).stem: event["code"] for event in only(told, "problem")}
    assert codes == {"silent": "nothing_heard", "french": "language_heard", "x|y": "name_divides"}
    labels = read_list(tmp_path / "out/clips.list")
    assert not labels.problems and [line.text for line in labels.lines if line.name == "odd.wav"] == ["one two three"]


def test_corrections_survive_a_second_run(run: Run, tmp_path: Path) -> None:
    run()
    target = tmp_path / "out/clips.list"
    lines = target.read_text(encoding="utf-8").split("\n")
    target.write_text(lines[0].replace("7 tenths", "Seven tenths") + "\n", encoding="utf-8")  # and b.wav is deleted
    save(tmp_path / "clips/c.wav", tones(0, 1.1))
    before = Length.heard
    _, told = run()
    assert Length.heard == before + 1 and (told[-1]["done"], told[-1]["skipped"]) == (1, 2)
    texts = {line.name: line.text for line in read_list(target).lines}
    assert texts == {"a.wav": "Seven tenths of a second", "c.wav": "11 tenths of a second"}
    save(tmp_path / "clips/a.wav", tones(0, 1.3))
    run()
    assert {line.name: line.text for line in read_list(target).lines}["a.wav"] == "13 tenths of a second"


@pytest.mark.parametrize("wrong", [("--size", "huge"), ("--language", "fr"), ("--precision", "int4")])
def test_only_the_models_choices_are_taken(run: Run, wrong: tuple[str, str]) -> None:
    status, told = run(*wrong)
    assert status == FAILED and told[-1]["code"] == "bad_option" and wrong[0] in told[-1]["message"]


def test_the_official_names_and_choices_are_known() -> None:
    damo, whisper = find_model("达摩 ASR (中文)"), find_model("Faster Whisper (多语种)")
    assert damo is not None and (damo.sizes, damo.languages, damo.precisions) == (
        ("large",),
        ("zh", "yue"),
        ("float32",),
    )
    assert whisper is not None and {"medium", "medium.en", "large-v2", "large-v3", "large-v3-turbo"} <= set(
        whisper.sizes
    )
    assert {"auto", "en", "ja", "ko"} <= set(whisper.languages)
    assert set(whisper.precisions) == {"float32", "float16", "int8"}
    assert find_model("something else") is None
    assert [model.is_rough for model in MODELS] == [False, False, True]


@pytest.mark.parametrize(("model", "language"), [("funasr", "zh"), ("funasr", "yue"), ("faster-whisper", "auto")])
def test_a_model_that_is_not_installed_is_asked_for_in_a_sentence(tmp_path: Path, model: str, language: str) -> None:
    inp = save(tmp_path / "a.wav", tones(0, 0.5))
    chosen = ("--model", model, "--language", language, "--model-dir", tmp_path / "nothing")
    status, told = do(tmp_path / "events", "asr", "--inp", inp, "--out", tmp_path / "out", *chosen)
    assert status == FAILED and told[-1]["code"] == "model_missing" and "not installed" in told[-1]["message"]


def test_english_is_recognised_roughly_without_any_model_file(tmp_path: Path) -> None:
    pytest.importorskip("pocketsphinx", reason="the extra sphinx is not installed")
    inp = speech(tmp_path / "clips", a="good morning", b="one two three four")
    chosen = ("--model", "faster-whisper", "--language", "en", "--model-dir", tmp_path / "nothing")
    status, told = do(tmp_path / "events", "asr", "--inp", inp, "--out", tmp_path / "out", *chosen)
    assert status == FINISHED
    assert [event["code"] for event in only(told, "warning")] == ["asr_rough"]
    texts = {line.name: line.text for line in read_list(tmp_path / "out/clips.list").lines}
    assert "morning" in texts["a.wav"] or "three" in texts["b.wav"]
    alone = do(tmp_path / "e", "asr", "--inp", inp / "b.wav", "--out", tmp_path / "alone", "--model", "sphinx")
    assert alone[0] == FINISHED
    again: Any = read_list(tmp_path / "alone/clips.list").lines
    assert again[0].text == texts["b.wav"], "what is heard does not depend on what was heard before"


def test_whisper_hears_with_the_official_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package itself is exercised by hand with real weights; here it is what we ask of it."""
    asked: dict[str, Any] = {}

    class WhisperModel:
        def __init__(self, folder: str, **options: Any) -> None:
            asked["model"] = (Path(folder).name, options)

        def transcribe(self, samples: Any, **options: Any) -> Any:
            asked["transcribe"] = (samples.dtype, options)
            info = type("Info", (), {"language": "en"})
            return iter([type("Segment", (), {"text": t}) for t in (" Hello", " there.")]), info

    import sys
    import types

    from GPT_SoVITS.dataset.recognition import whisper

    module = types.ModuleType("faster_whisper")
    module.WhisperModel = WhisperModel  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "faster_whisper", module)
    monkeypatch.setattr(whisper, "require_package", lambda *names: None)
    (tmp_path / "model.bin").write_bytes(b"x")
    recogniser = whisper.Whisper(Wanted("large", "auto", "float16", tmp_path))
    assert recogniser(np.zeros(16000, np.float32)) == Heard(" Hello there.", "en")
    assert asked["model"][1] == {"device": "cpu", "compute_type": "float32", "local_files_only": True}
    assert asked["transcribe"] == (
        np.float32,
        {"beam_size": 5, "vad_filter": True, "vad_parameters": {"min_silence_duration_ms": 700}, "language": None},
    )
