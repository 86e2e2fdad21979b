"""A clip, weights that exist, and a command line that speaks with the engine of the tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from GPT_SoVITS import starter
from GPT_SoVITS.say.cli import main
from GPT_SoVITS.testing.fake import FakeEngine

RATE = 32000
Say = Callable[..., int]


def write_clip(path: Path, seconds: float = 4.0) -> Path:
    """Write something that has the level and the pauses of speech."""
    at = np.arange(int(seconds * RATE)) / RATE
    wave = 0.3 * np.sin(2 * np.pi * 200 * at) * (np.sin(2 * np.pi * 3 * at) > -0.5)
    noise = 0.0005 * np.random.default_rng(0).standard_normal(len(at))
    soundfile.write(path, (wave + noise).astype(np.float32), RATE, "PCM_16")
    return path


@pytest.fixture(autouse=True)
def no_starter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the voice that comes with the program: weights and clips are what a test says."""
    monkeypatch.setattr(starter, "pair", lambda: None)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.wav")


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Weights that the environment names."""
    paths = []
    for variable, name in (("gpt_path", "g.ckpt"), ("sovits_path", "s.pth")):
        (tmp_path / name).write_bytes(b"weights")
        monkeypatch.setenv(variable, str(tmp_path / name))
        paths.append(str(tmp_path / name))
    return paths[0], paths[1]


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def say(engine: FakeEngine, weights: tuple[str, str]) -> Say:
    """Run the command line with the test engine."""
    return lambda *arguments: main([str(each) for each in arguments], make_engine=lambda settings: engine)
