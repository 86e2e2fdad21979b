"""Without weights and a clip the voice that comes with the program speaks, in the command line and in Python."""

from __future__ import annotations

from pathlib import Path

import pytest

from GPT_SoVITS import TTS, starter, tts
from GPT_SoVITS.engine.messages import EngineSettings, Reference, WeightsPair
from GPT_SoVITS.say.cli import main
from GPT_SoVITS.testing.fake import FakeEngine
from GPT_SoVITS.text.languages import languages_asked
from tests.engine.boxed import boxed
from tests.engine.small_own import OwnInstallation
from tests.say.conftest import Say


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_starter: None) -> OwnInstallation:
    """Small networks in its place, and no others."""
    own = boxed(tmp_path / "box", monkeypatch, others=["ja"])
    monkeypatch.setattr(starter, "pair", lambda: (own.pair.gpt, own.pair.sovits))
    monkeypatch.setattr("GPT_SoVITS.say.weights.project_root", lambda: tmp_path)
    monkeypatch.setattr(tts, "locate", lambda resource: None)
    return own


def test_a_text_alone_is_spoken_in_its_own_voice(
    box: OwnInstallation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine, settings = FakeEngine(weights=box.pair), []

    def open_engine(given: EngineSettings) -> FakeEngine:
        settings.append(given)
        return engine

    assert main(["Good morning.", "-o", str(tmp_path / "out.wav")], make_engine=open_engine) == 0
    (request,) = engine.requests
    clip = str(box.folder / "voices" / "Main.wav")
    assert request.reference == Reference(clip, "Some words.", "en") and request.sampling_open
    assert (request.weights, settings[0].weights) == (box.pair, box.pair)
    assert "demonstration model" in capsys.readouterr().err


def test_weights_that_somebody_names_are_given_a_clip(
    box: OwnInstallation, say: Say, capsys: pytest.CaptureFixture[str]
) -> None:
    assert say("Good morning.") != 0
    assert "no voice is named" in capsys.readouterr().err


def test_the_facade_has_a_voice_without_being_given_one(box: OwnInstallation, monkeypatch: pytest.MonkeyPatch) -> None:
    engine, settings = FakeEngine(weights=box.pair), []

    def open_engine(given: EngineSettings, in_process: bool) -> FakeEngine:
        settings.append(given)
        return engine

    monkeypatch.setattr(tts, "open_engine", open_engine)
    with TTS() as voice:
        assert voice.speak("Good morning.", language="en").seconds > 0
        voice.speak("Good morning.", language="en", top_k=4)
    assert settings[0].weights == box.pair
    assert [one.sampling_open for one in engine.requests] == [True, False]
    assert engine.requests[0].reference.text == "Some words."


def test_japanese_is_spoken_by_the_voice_and_the_pair_of_its_own(
    box: OwnInstallation, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, own = FakeEngine(), FakeEngine(), WeightsPair(*starter.pairs()["ja"])
    assert main(["こんにちは。", "-o", str(tmp_path / "out.wav")], make_engine=lambda settings: first) == 0
    assert "Japanese only" in capsys.readouterr().err
    monkeypatch.setattr(tts, "open_engine", lambda settings, in_process: second)
    with TTS() as voice:
        voice.speak("こんにちは。")
        voice.speak("Good morning.")
        voice.speak("こんにちは hello", "ja")
    heard = [(request.reference.language, request.weights) for request in (*first.requests, *second.requests)]
    assert heard == [("ja", own), ("ja", own), ("en", box.pair), ("ja", own)]


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_chosen_pair_speaks_however_its_paths_are_written(
    box: OwnInstallation, tmp_path: Path, language: str
) -> None:
    """The service notes what somebody chose, relative to the installation."""
    for name, path in zip(("gweight.txt", "sweight.txt"), starter.pairs()[language], strict=True):
        (tmp_path / name).write_text(str(Path(path).relative_to(tmp_path)), "utf-8")
    engine = FakeEngine()
    assert main(["Good morning.", "-o", str(tmp_path / "out.wav")], make_engine=lambda settings: engine) == 0
    assert engine.requests[0].reference.language == "en"


def test_characters_alone_are_japanese_where_chinese_is_not_spoken(box: OwnInstallation) -> None:
    found = [starter.voice_for(languages_asked("auto", text)) for text in ("天気予報", "123", "早上好 hello", "你好。")]
    assert [voice and voice.language for voice in found] == ["ja", "en", "en", "ja"]


def test_characters_alone_are_chinese_where_that_is_spoken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    boxed(tmp_path / "all", monkeypatch, others=["ja", "zh"])
    found = [
        starter.voice_for(languages_asked("auto", text)) for text in ("你好。", "早上好 hello", "こんにちは。", "123")
    ]
    assert [voice and voice.language for voice in found] == ["zh", "zh", "ja", "en"]
    assert found[0] and found[0].pair == starter.pairs()["zh"]
