"""The numbers of a reference clip are those that were put in, and what is wrong with it is said."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from GPT_SoVITS.audio.analysis import ReferenceReport, analyse

RATE = 16000


def speechlike(
    level: float = 0.2, noise: float = 0.0005, seconds: float = 5.0, pauses: float = 0.3
) -> NDArray[np.float32]:
    """Syllables: a harmonic sound in bursts of 0.2 s, then a pause, over noise."""
    rng = np.random.default_rng(0)
    t = np.arange(int(seconds * RATE)) / RATE
    harmonics = np.arange(1, 8)[:, None]
    voiced = (np.sin(2 * np.pi * 130 * harmonics * t) / harmonics).sum(axis=0)
    syllables = t % (0.2 / (1 - pauses)) < 0.2
    wave: NDArray[np.float64] = level * syllables * voiced / 1.5 + noise * rng.standard_normal(len(t))
    return wave.astype(np.float32)


def codes(report: ReferenceReport) -> list[str]:
    """The codes of a report's warnings."""
    return [warning.code for warning in report.warnings]


def test_a_good_clip_gets_no_warning() -> None:
    report = analyse(speechlike(), RATE)
    assert report.warnings == ()
    assert report.seconds == 5.0 and report.rate == RATE
    assert report.clipped_share == 0.0
    assert 0.2 < report.silent_share < 0.4


def test_levels_are_in_decibels_of_full_scale() -> None:
    tone = np.sin(2 * np.pi * 200 * np.arange(5 * RATE) / RATE).astype(np.float32)
    report = analyse(tone * np.float32(0.1), RATE)
    assert report.peak_dbfs == pytest.approx(-20.0, abs=0.01)
    assert report.rms_dbfs == pytest.approx(-23.01, abs=0.1)


@pytest.mark.parametrize("noise", [0.002, 0.02])
def test_the_signal_to_noise_ratio_is_estimated_within_3_db(noise: float) -> None:
    clean = speechlike(noise=0.0)
    true = 10 * np.log10(float(np.mean(clean[clean != 0] ** 2)) / noise**2)
    assert analyse(speechlike(noise=noise), RATE).snr_db == pytest.approx(true, abs=3)


@pytest.mark.parametrize(
    ("wave", "code"),
    [
        (speechlike(seconds=2.0), "too_short"),
        (speechlike(seconds=12.0), "too_long"),
        (np.clip(speechlike(level=3.0), -1, 1), "clipped"),
        (speechlike(noise=0.08), "noisy"),
        (speechlike(level=0.005, noise=1e-5), "quiet"),
        (speechlike(pauses=0.7), "mostly_silent"),
        (np.zeros(4 * RATE, np.float32), "silent"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_fault_is_named_in_both_languages(wave: NDArray[np.float32], code: str) -> None:
    report = analyse(wave, RATE)
    assert codes(report) == [code]
    assert report.warnings[0].en.isascii() and not report.warnings[0].zh.isascii()


def test_telephone_quality_is_named() -> None:
    assert codes(analyse(speechlike()[::2], RATE // 2)) == ["low_rate"]


def test_one_peak_at_full_scale_is_not_clipping() -> None:
    wave = speechlike()
    wave[1000] = 1.0
    assert analyse(wave, RATE).clipped_share == 0.0


@pytest.mark.parametrize("samples", [0, 1, 10])
def test_clips_shorter_than_a_frame(samples: int) -> None:
    assert "too_short" in codes(analyse(np.full(samples, 0.1, np.float32), RATE))
