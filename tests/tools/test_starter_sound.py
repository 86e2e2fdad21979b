"""The measures of sound: a hoarse voice, a dull one and one with a shaking pitch are told from a clean one."""

from __future__ import annotations

import numpy as np
import pytest

from tools.starter.dataset import RATE
from tools.starter.sound import Array, apart, figures, grain, jitter, pitch_errors, voicing


def voice(hertz: float, noise: float = 0.0, shake: float = 0.0, seed: int = 0) -> Array:
    """Half a second of a voice with 30 harmonics, noise beside it and a pitch that shakes by some cents every 5 ms."""
    rng = np.random.default_rng(seed)
    cents = np.repeat(shake * rng.standard_normal(100), 80)
    phase = 2 * np.pi * np.cumsum(hertz * 2 ** (cents / 1200)) / RATE
    tone = np.sum([np.cos(k * phase + k * k) / k for k in range(1, 31)], axis=0)
    mixed: Array = 0.1 * (tone / tone.std() + noise * rng.standard_normal(len(tone)))
    return mixed


@pytest.mark.parametrize("hertz", [85.0, 110.0, 170.0, 240.0])
def test_pitch_is_found_without_losing_an_octave(hertz: float) -> None:
    found = voicing(voice(hertz))
    assert found.share > 0.95
    assert np.median(found.hertz) == pytest.approx(hertz, rel=0.01)


def test_harmonics_to_noise_is_what_was_mixed() -> None:
    for noise in (0.1, 0.3):
        assert np.median(voicing(voice(110, noise)).harmonics_db) == pytest.approx(-20 * np.log10(noise), abs=2)


def test_noise_has_no_voice_and_the_grain_of_noise() -> None:
    hiss = 0.1 * np.random.default_rng(1).standard_normal(RATE)
    assert voicing(hiss).share < 0.05
    assert grain(hiss).mean() == pytest.approx(5.1, abs=0.3)
    assert grain(voice(1000)).mean() > 8, "harmonics far apart stand out"


def test_a_shaking_pitch_shows_as_jitter() -> None:
    calm, shaking = (np.median(jitter(voicing(voice(110, 0.05, shake)).hertz)) for shake in (0.0, 150.0))
    assert shaking > 3 * calm


def test_speech_is_nearer_to_itself_than_to_a_hoarse_one() -> None:
    clean = [voice(110, 0.05, seed=s) for s in range(2)]
    same, hoarse = (figures([voice(110, noise, seed=s) for s in (5, 6)], clean) for noise in (0.05, 0.8))
    for name in ("harmonics apart, dB", "levels apart, dB", "changes apart, dB", "grain apart, dB"):
        assert same[name][0] < 0.5 * hoarse[name][0], name
        assert same[name][1] == 0


def test_pitch_errors_are_those_of_the_same_time() -> None:
    voicing_share, cents = pitch_errors([voice(110 * 2 ** (50 / 1200))], [voice(110)])
    assert voicing_share < 0.05 and cents == pytest.approx(50, abs=5)
    assert pitch_errors([0.1 * np.random.default_rng(2).standard_normal(8000)], [voice(110)])[0] > 0.9


def test_two_distributions_lie_apart_by_what_one_is_moved() -> None:
    values = np.random.default_rng(3).standard_normal(1000)
    assert apart(values, values + 2) == pytest.approx(2)
    assert apart(values, values) == 0
