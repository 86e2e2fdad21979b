"""A sound file is complete or not there; whatever was under its name before stays until then."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from GPT_SoVITS.audio.decode import read_with_info
from GPT_SoVITS.audio.encode import FORMATS, encode
from GPT_SoVITS.audio.files import AtomicFile, SoundFileWriter
from GPT_SoVITS.engine.errors import InvalidRequestError
from tests.audio.test_encode import DELAY_S, HEADED, RATE, WAVE, need


@pytest.mark.parametrize("form", HEADED)
def test_a_finished_file_states_its_true_length(tmp_path: Path, form: str) -> None:
    need(form)
    path = tmp_path / f"speech{FORMATS[form].suffix}"
    writer = SoundFileWriter(path, form, RATE)
    for at in range(0, len(WAVE), 5000):
        writer.write(WAVE[at : at + 5000])
    assert not path.exists()
    writer.finish()
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    assert abs(read_with_info(path)[1].seconds - 3.0) <= 2 * DELAY_S.get(form, 0.001)


def test_a_wav_is_the_one_that_was_encoded_whole(tmp_path: Path) -> None:
    writer = SoundFileWriter(tmp_path / "a.wav", "wav", RATE)
    writer.write(WAVE)
    writer.finish()
    assert (tmp_path / "a.wav").read_bytes() == encode(WAVE, RATE, "wav")


@pytest.mark.parametrize("form", ["wav", "flac", "ogg"])
def test_a_file_that_is_given_up_leaves_what_was_there(tmp_path: Path, form: str) -> None:
    path = tmp_path / "speech"
    path.write_bytes(b"before")
    writer = SoundFileWriter(path, form, RATE)
    writer.write(WAVE)
    writer.drop()
    assert path.read_bytes() == b"before" and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("form", ["wav", "flac"])
def test_dropping_after_the_end_changes_nothing(tmp_path: Path, form: str) -> None:
    writer = SoundFileWriter(tmp_path / "a", form, RATE)
    writer.finish()
    writer.drop()
    assert (tmp_path / "a").stat().st_size >= 40


def test_an_unknown_format_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError):
        SoundFileWriter(tmp_path / "a.xyz", "xyz", RATE)
    assert not list(tmp_path.iterdir())


def test_the_file_has_the_permissions_of_any_other(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"")
    with AtomicFile(tmp_path / "mine") as file:
        file.stream.write(b"x")
        file.keep()
    assert (tmp_path / "mine").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_memory_does_not_hold_the_audio(tmp_path: Path) -> None:
    writer = SoundFileWriter(tmp_path / "long.wav", "wav", RATE)
    silence = np.zeros(RATE, np.float32)
    for _ in range(20):
        writer.write(silence)
    hidden = next(tmp_path.iterdir())
    assert hidden.stat().st_size > 15 * RATE * 2
    writer.drop()
