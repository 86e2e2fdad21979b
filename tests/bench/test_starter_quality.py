"""Telling voices apart by their sound."""

from __future__ import annotations

import numpy as np
import pytest

from bench.judging import RATE
from bench.starter_quality import Wave, nearest, pitch, sound_of


def _voice(hertz: float, tilt: float, seed: int = 0) -> Wave:
    """A second of harmonics that fall with frequency, and a little noise."""
    seconds = np.arange(RATE) / RATE
    harmonics = [n**-tilt * np.sin(2 * np.pi * hertz * n * seconds) for n in range(1, int(7000 / hertz))]
    noise = np.random.default_rng(seed).normal(0, 0.01, RATE)
    return np.asarray(0.2 * np.sum(harmonics, axis=0) + noise, np.float32)


@pytest.mark.parametrize("hertz", [95.0, 170.0, 240.0])
def test_pitch_of_harmonics_is_found(hertz: float) -> None:
    assert pitch(_voice(hertz, 1.0)) == pytest.approx(hertz, rel=0.02)


def test_silence_has_no_pitch() -> None:
    assert pitch(np.zeros(RATE, np.float32)) == 0


def test_a_voice_is_nearest_to_its_own_clip_whatever_its_level() -> None:
    clips = {"low": sound_of(_voice(95, 1.0)), "high": sound_of(_voice(220, 1.5))}
    assert nearest(np.asarray(0.4 * _voice(97, 1.0, 1), np.float32), clips) == "low"
    assert nearest(np.asarray(0.4 * _voice(215, 1.5, 1), np.float32), clips) == "high"
