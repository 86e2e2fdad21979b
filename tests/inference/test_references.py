"""Reference clips: what is computed, what is kept, what is refused."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from GPT_SoVITS.engine.errors import InvalidRequestError, ReferenceAudioError, WeightsMissingError
from GPT_SoVITS.features.hubert_extractor import Hubert
from GPT_SoVITS.features.spectrogram import reference_spectrogram
from GPT_SoVITS.inference import references as module
from GPT_SoVITS.inference.bundle import Bundle, load_bundle
from GPT_SoVITS.inference.features import Features
from GPT_SoVITS.inference.references import Array, PreparedReference, References, prompt_text
from GPT_SoVITS.text.pipeline import Reader, default_reader
from tests.engine.small import SmallInstallation, write_reference
from tests.inference.driver import finish


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Lengths of the waves that HuBERT was given."""
    lengths: list[int] = []
    original = Hubert.__call__

    def count(self: Hubert, wave: Array) -> Array:
        lengths.append(len(wave))
        return original(self, wave)

    monkeypatch.setattr(Hubert, "__call__", count)
    return lengths


def test_a_voice_is_timbre_and_prompt(bundle: Bundle, voice: PreparedReference) -> None:
    assert voice.seconds == pytest.approx(4.0)
    # 4 s and 0.6 s of silence at 50 frames a second, two frames a token
    assert 113 <= len(voice.tokens) <= 115
    assert voice.tokens.min() >= 0 and voice.tokens.max() < 1024
    assert voice.bert.shape == (1024, len(voice.phonemes)) and not voice.bert.any(), "English has no BERT features"
    assert voice.condition.shape == (bundle.synthesizer.config.gin_channels,)


def test_the_same_clip_is_encoded_once_whatever_its_name(
    home: SmallInstallation, bundle: Bundle, references: References, encoded: list[int], tmp_path: Path
) -> None:
    first = finish(references.prepare(bundle, home.voice))
    copy = tmp_path / "another name.wav"
    shutil.copy(home.voice.path, copy)
    again = finish(references.prepare(bundle, replace(home.voice, path=str(copy))))
    assert len(encoded) == 1
    np.testing.assert_array_equal(first.tokens, again.tokens)


def test_another_clip_under_the_same_name_is_another_voice(
    home: SmallInstallation, bundle: Bundle, references: References, encoded: list[int], tmp_path: Path
) -> None:
    path = tmp_path / "voice.wav"
    for seconds in (4.0, 5.0):
        write_reference(path, seconds)
        assert finish(references.prepare(bundle, replace(home.voice, path=str(path)))).seconds == seconds
    assert len(encoded) == 2


def test_the_networks_go_on_while_a_first_text_reads_its_dictionaries(
    home: SmallInstallation, bundle: Bundle, references: References, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader that takes minutes must not look like an engine that is stuck."""
    may_end = threading.Event()

    def slow() -> Reader:
        assert may_end.wait(20), "the thread of the networks waited for the text"
        return default_reader()

    monkeypatch.setattr("GPT_SoVITS.inference.references.default_reader", slow)
    under_way = references.prepare(bundle, replace(home.voice, text="A text of its own."))
    for _ in range(200):
        next(under_way)
    may_end.set()
    assert len(finish(under_way).phonemes)


def test_other_weights_compute_their_own(
    home: SmallInstallation, features: Features, bundle: Bundle, references: References, encoded: list[int]
) -> None:
    other = load_bundle(home.pair("two"), home.settings(), features)
    mine, theirs = (finish(references.prepare(each, home.voice)) for each in (bundle, other))
    assert not np.array_equal(mine.condition, theirs.condition)
    references.forget(bundle)
    finish(references.prepare(other, home.voice))
    assert len(encoded) == 2, "the other bundle's are still there"
    finish(references.prepare(bundle, home.voice))
    assert len(encoded) == 3


def test_only_so_many_are_kept(
    home: SmallInstallation, bundle: Bundle, features: Features, encoded: list[int], tmp_path: Path
) -> None:
    few = References(features, capacity=2)
    paths = [tmp_path / f"{n}.wav" for n in range(3)]
    for n, path in enumerate(paths):
        write_reference(path, 3.0 + n / 10)
        finish(few.prepare(bundle, replace(home.voice, path=str(path))))
    finish(few.prepare(bundle, replace(home.voice, path=str(paths[2]))))
    assert len(encoded) == 3
    finish(few.prepare(bundle, replace(home.voice, path=str(paths[0]))))
    assert len(encoded) == 4
    few.close()


@pytest.mark.parametrize(("text", "ref_free"), [("", False), ("  \n", False), ("Some text.", True)])
def test_without_a_prompt_only_timbre_is_computed(
    home: SmallInstallation, bundle: Bundle, references: References, encoded: list[int], text: str, ref_free: bool
) -> None:
    found = finish(references.prepare(bundle, replace(home.voice, text=text), ref_free=ref_free))
    assert not encoded and not len(found.tokens) and not len(found.phonemes) and found.bert.shape == (1024, 0)
    assert found.condition.any()


def test_timbre_is_averaged_over_the_auxiliary_clips(
    home: SmallInstallation, bundle: Bundle, references: References, encoded: list[int], tmp_path: Path
) -> None:
    other, long = tmp_path / "other.wav", tmp_path / "long.wav"
    write_reference(other, 1.0)  # an auxiliary clip may be shorter than a reference
    write_reference(long, 12.0)
    found = finish(references.prepare(bundle, replace(home.voice, auxiliary=(str(other), str(long)))))
    waves = [soundfile.read(path, dtype="float32")[0] for path in (home.voice.path, other, long)]
    spectra = [reference_spectrogram(wave[: 10 * 16000], 16000)[0] for wave in waves]
    np.testing.assert_allclose(found.condition, bundle.synthesizer.condition(spectra), rtol=1e-5, atol=1e-6)
    assert len(encoded) == 1, "their content is not looked at"


def _stereo_44100(path: Path) -> None:
    at = np.arange(4 * 44100) / 44100
    wave = (np.sin(2 * np.pi * 150 * at) * np.clip(np.sin(2 * np.pi * 4 * at), 0, 1) * 0.3).astype(np.float32)
    soundfile.write(path, np.stack([wave, wave], axis=1), 44100)


def test_any_rate_and_channels_give_nearly_the_same_voice(
    home: SmallInstallation, bundle: Bundle, references: References, voice: PreparedReference, tmp_path: Path
) -> None:
    path = tmp_path / "stereo.flac"
    _stereo_44100(path)
    found = finish(references.prepare(bundle, replace(home.voice, path=str(path))))
    assert len(found.tokens) == len(voice.tokens)
    assert np.abs(found.condition - voice.condition).max() < 0.02 * np.abs(voice.condition).max()


@pytest.fixture
def bad_files(tmp_path: Path) -> Iterator[dict[str, str]]:
    write_reference(tmp_path / "short.wav", 2.0)
    write_reference(tmp_path / "long.wav", 11.5)
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.wav").write_text("this is no sound")
    (tmp_path / "folder.wav").mkdir()
    names = ("short", "long", "empty", "text", "folder", "missing")
    yield {name: str(tmp_path / f"{name}.wav") for name in names} | {"nul": "voice\0.wav"}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("short", r"2\.00 s long; 3 to 10 s are needed"),
        ("long", r"11\.50 s long; 3 to 10 s are needed"),
        ("empty", "empty"),
        ("text", "sound|audio"),
        ("folder", r"no audio file 'folder\.wav'"),
        ("missing", r"no audio file 'missing\.wav'"),
        ("nul", "audio file"),
    ],
)
def test_a_clip_that_cannot_be_used_is_refused_in_words(
    home: SmallInstallation, bundle: Bundle, references: References, bad_files: dict[str, str], name: str, message: str
) -> None:
    with pytest.raises(ReferenceAudioError, match=message):
        finish(references.prepare(bundle, replace(home.voice, path=bad_files[name])))
    if name not in ("short", "long"):
        with pytest.raises(ReferenceAudioError, match=message):
            finish(references.prepare(bundle, replace(home.voice, auxiliary=(bad_files[name],))))


def test_a_file_that_is_too_large_is_not_read(
    home: SmallInstallation, bundle: Bundle, references: References, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGEST_FILE", 1000)
    with pytest.raises(ReferenceAudioError, match="cut it first"):
        finish(references.prepare(bundle, home.voice))


def test_a_language_the_weights_do_not_speak_is_refused(
    home: SmallInstallation, bundle: Bundle, references: References
) -> None:
    with pytest.raises(InvalidRequestError, match="is no text language"):
        finish(references.prepare(bundle, replace(home.voice, language="elvish")))


def test_a_missing_network_is_named_with_the_command_that_mends_it(
    home: SmallInstallation, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("GPT_SoVITS.inference.installed.locate", lambda resource: None)
    bare = References(Features(home.settings(hubert=None)))
    with pytest.raises(WeightsMissingError, match=r"-m GPT_SoVITS\.resources fetch hubert"):
        finish(bare.prepare(bundle, home.voice))
    with pytest.raises(WeightsMissingError, match=r"-m GPT_SoVITS\.resources fetch roberta"):
        finish(bare.prepare(bundle, replace(home.voice, text="你好，世界。", language="all_zh")))
    bare.close()


def test_preparing_yields_between_its_pieces(home: SmallInstallation, bundle: Bundle, references: References) -> None:
    assert sum(1 for _ in references.prepare(bundle, home.voice)) >= 4


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("\n你好\n", "all_zh", "你好。"),
        ("hello", "en", "hello."),
        ("hello", "zh", "hello。"),
        ("你好？", "zh", "你好？"),
    ],
)
def test_a_prompt_ends_with_a_stop(text: str, language: str, expected: str) -> None:
    assert prompt_text(text, language) == expected
