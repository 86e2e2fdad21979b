"""Sounds for the dataset's tests: bursts and silences that a seed decides."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from GPT_SoVITS.dataset.files import write_wav

RATE = 32000


def bursts(seed: int, parts: int = 12, longest: float = 2.0, tail: int = 0) -> NDArray[np.float32]:
    """Return noise that is loud, quiet and silent by turns, (N,) float32.

    Args:
        seed: Of everything.
        parts: Stretches of one loudness.
        longest: Seconds of a stretch at most.
        tail: Samples after the last one.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    levels = random.choice([0.0, 1e-4, 0.005, 0.019, 0.021, 0.1, 0.4, 1.2], parts)
    lengths = random.integers(1, int(longest * RATE), parts)
    pieces = [random.standard_normal(n, np.float32) * np.float32(a) / 3 for n, a in zip(lengths, levels, strict=True)]
    return np.concatenate([*pieces, np.zeros(tail, np.float32)])


def save(path: Path, samples: NDArray[np.float32]) -> Path:
    """Write 16-bit WAV at 32 kHz."""
    write_wav(path, (np.clip(samples, -1, 1) * 32767).astype(np.int16), RATE)
    return path


def tones(seed: int, seconds: float) -> NDArray[np.float32]:
    """Return gliding tones with the rhythm of speech, (N,) float32."""
    at = np.arange(int(seconds * RATE)) / RATE
    pitch = 120 + 20 * seed + 30 * np.sin(2 * np.pi * 0.7 * at)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    voice = sum(np.sin(k * phase) / k for k in range(1, 9))
    return np.asarray(0.2 * voice * np.clip(np.sin(2 * np.pi * 3 * at + seed), 0, 1), np.float32)


def speech(folder: Path, **texts: str) -> Path:
    """Make a folder in which ``<name>.wav`` says a text in English; skips the test where no synthesizer is."""
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed")
    folder.mkdir()
    for name, text in texts.items():
        command = ["espeak-ng", "-v", "en-us", "-s", "140", "-w", str(folder / f"{name}.wav"), text]
        subprocess.run(command, check=True)
    return folder
