"""The command line with the real engine, over small networks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from GPT_SoVITS.say.cli import DONE, main
from tests.engine.small import SmallInstallation


def test_from_words_to_a_sound_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = SmallInstallation(tmp_path / "small")
    weights, voice = home.pair(), home.voice
    arguments = ["It rains.", "-l", "en", "-r", voice.path, "--prompt-text", voice.text, "--gpt", weights.gpt]
    arguments += ["--sovits", weights.sovits, "--hubert", str(home.folder / "hubert"), "--seed", "4", "--srt"]
    assert main([*arguments, "-o", str(tmp_path / "rain.wav")]) == DONE, capsys.readouterr().err
    samples, rate = soundfile.read(tmp_path / "rain.wav")
    assert rate == 32000 and len(samples) > rate / 2 and np.abs(samples).max() > 0
    assert "It rains." in (tmp_path / "rain.srt").read_text("utf-8")
