"""Reference audio named by path: where old clients keep their clips, and where a stranger's path may not lead."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from service.errors import MissingError, ParameterError
from service.settings import Settings, load_settings
from service.synthesis.speakers import StoredSpeakers
from tests.service.compatibility.conftest import clip


def speakers(settings: Settings) -> StoredSpeakers:
    return StoredSpeakers(SimpleNamespace(settings=settings))  # type: ignore[arg-type]


def laid(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(clip(0.1))
    return path


@pytest.mark.parametrize("name", ["wavs/5.wav", "./参考音频/某人.wav"])
def test_on_loopback_the_folder_of_the_start_holds_clips(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    there = laid(tmp_path / "start" / name)
    monkeypatch.chdir(tmp_path / "start")
    settings = load_settings(root=tmp_path / "root", host="127.0.0.1")
    assert speakers(settings).confined(name) == there.resolve()


def test_off_loopback_the_refusal_names_the_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    laid(tmp_path / "start/wavs/5.wav")
    monkeypatch.chdir(tmp_path / "start")
    (tmp_path / "root").mkdir()
    with pytest.raises(ParameterError, match="--audio-root FOLDER"):
        speakers(load_settings(root=tmp_path / "root", host="0.0.0.0")).confined("wavs/5.wav")
    named = load_settings(root=tmp_path / "root", host="0.0.0.0", audio_root=[tmp_path / "start/wavs"])
    assert speakers(named).confined("wavs/5.wav").name == "5.wav"


def test_the_folder_of_the_preset_clip_is_allowed_beside_the_configured_ones(tmp_path: Path) -> None:
    preset, other = laid(tmp_path / "clips/a.wav"), laid(tmp_path / "more/b.wav")
    settings = load_settings(
        root=tmp_path / "root", host="0.0.0.0", default_refer_path=str(preset), audio_roots=[tmp_path / "more"]
    )
    assert speakers(settings).confined(str(preset)) == preset and speakers(settings).confined(str(other)) == other


def test_paths_that_lead_nowhere_are_errors_of_the_client(tmp_path: Path) -> None:
    (tmp_path / "audio").mkdir()
    (tmp_path / "audio/loop.wav").symlink_to("loop.wav")
    there = speakers(load_settings(root=tmp_path, host="0.0.0.0"))
    for path in ("audio/" + "x" * 300 + ".wav", "audio/loop.wav", "audio/" + "a/" * 1500 + "x.wav"):
        with pytest.raises((ParameterError, MissingError)):
            there.confined(path)
