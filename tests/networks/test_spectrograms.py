"""Spectrograms, mel filters, resampling, loudness, and the differentiable spectrogram against the one on the host."""

from __future__ import annotations

from typing import Any

import mindspore as ms
import numpy as np
import pytest

from GPT_SoVITS import compiled
from GPT_SoVITS.features.errors import FeatureError
from GPT_SoVITS.features.mel import mel_filters
from GPT_SoVITS.features.resample import resample
from GPT_SoVITS.features.spectrogram import (
    SOVITS,
    SpectrogramConfig,
    denormalise_mel,
    limit_loudness,
    mel_spectrogram,
    normalise_mel,
    reference_audio,
    reference_spectrogram,
    spectrogram,
)
from GPT_SoVITS.features.spectrogram_cell import LogMelSpectrogram, Spectrogram
from tests.networks.features_small import Array

SMALL = SpectrogramConfig(sample_rate=8000, n_fft=64, hop=20, mel_bins=8)
WAVES = (0.2 * np.random.default_rng(0).standard_normal((2, 200))).astype(np.float32)


def test_silence_has_the_official_floor() -> None:
    np.testing.assert_allclose(spectrogram(np.zeros(32000, np.float32)), 1e-4, rtol=1e-6)


def test_one_frame_per_hop_and_the_tone_in_its_bin() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(32000) / 32000).astype(np.float32)
    magnitudes = spectrogram(tone)
    assert magnitudes.shape == (1, 1025, 50) and magnitudes.dtype == np.float32
    assert (magnitudes[0, :, 10:40].argmax(axis=0) == 64).all()
    # A tone of amplitude 1 under a Hann window: a quarter of the window's length.
    np.testing.assert_allclose(magnitudes[0, 64, 10:40], 512, rtol=1e-4)


@pytest.mark.parametrize("wave", [np.zeros(704, np.float32), np.zeros((2, 32000), np.float32)])
def test_too_short_or_many_channels_are_refused(wave: Array) -> None:
    with pytest.raises(FeatureError, match="705 samples"):
        spectrogram(wave)


def test_mel_filters_have_equal_area() -> None:
    filters = mel_filters(32000, 2048, 128)
    np.testing.assert_allclose(filters.sum(axis=1)[60:] * 32000 / 2048, 1, atol=2e-2)
    with pytest.raises(ValueError, match="read-only"):
        filters[0, 0] = 1
    with pytest.raises(FeatureError, match="lower edge"):
        mel_filters(32000, 2048, 128, 9000.0, 8000.0)


def test_mel_normalisation_maps_the_range_and_back() -> None:
    np.testing.assert_allclose(normalise_mel(np.array([-12.0, -5.0, 2.0])), [-1, 0, 1], atol=1e-7)
    mel = mel_spectrogram(WAVES[0], SMALL)
    np.testing.assert_allclose(denormalise_mel(normalise_mel(mel)), mel, atol=1e-5)


@pytest.mark.parametrize(("peak", "divisor"), [(0.5, 1.0), (1.0, 1.0), (1.5, 1.5), (2.0, 2.0), (5.0, 2.0)])
def test_loudness_is_limited_by_at_most_two(peak: float, divisor: float) -> None:
    wave = np.array([0.1, -peak, 0.3], np.float32)
    np.testing.assert_allclose(limit_loudness(wave), wave / np.float32(divisor), rtol=1e-6)
    assert limit_loudness(np.zeros(0, np.float32)).size == 0


# Made with torchaudio.functional.resample on sin(i^2 / 40), i = 0..47: the first eight and the last two samples.
RESAMPLED = {
    (44100, 32000): (
        0.00030171,
        0.04731929,
        0.18897040,
        0.41405547,
        0.68833160,
        0.92711103,
        0.99075246,
        0.72826225,
        0.54093409,
        -0.56296670,
    ),
    (48000, 32000): (
        0.00024831,
        0.05585605,
        0.22316447,
        0.48432580,
        0.78310698,
        0.98687243,
        0.89922869,
        0.37570903,
        0.06432113,
        -0.10872716,
    ),
    (16000, 32000): (
        0.00003311,
        0.00757979,
        0.02503284,
        0.05636051,
        0.09984694,
        0.15626156,
        0.22311755,
        0.30178249,
        -0.96482563,
        -0.62548184,
    ),
    (32000, 16000): (
        -0.00023837,
        0.09813156,
        0.38995993,
        0.78458214,
        0.99897510,
        0.59580880,
        -0.43740165,
        -0.98514199,
        0.05256181,
        -0.06608075,
    ),
}


@pytest.mark.parametrize("rates", RESAMPLED)
def test_resampling_agrees_with_torchaudio(rates: tuple[int, int]) -> None:
    count = np.arange(48)
    wave = np.sin(count * count / 40).astype(np.float32)
    resampled = resample(wave, *rates)
    assert resampled.dtype == np.float32 and len(resampled) == -(-48 * rates[1] // rates[0])
    np.testing.assert_allclose(np.concatenate([resampled[:8], resampled[-2:]]), RESAMPLED[rates], atol=2e-7)


@pytest.mark.parametrize("rate", [22050, 44100, 48000])
def test_a_resampled_tone_is_the_tone(rate: int) -> None:
    def tone(r: int) -> Array:
        return np.asarray(np.sin(2 * np.pi * 440 * np.arange(r) / r), np.float32)

    np.testing.assert_allclose(resample(tone(rate), rate, 32000)[100:-100], tone(32000)[100:-100], atol=2e-3)


def test_resampling_needs_one_channel_and_positive_rates() -> None:
    with pytest.raises(FeatureError):
        resample(WAVES, 16000, 32000)
    with pytest.raises(FeatureError):
        resample(WAVES[0], 0, 32000)
    np.testing.assert_array_equal(resample(WAVES[0], 16000, 16000), WAVES[0])


@pytest.mark.parametrize("rate", [7919, 44101, 47999, 767999])
def test_odd_rates_cost_no_huge_table(rate: int) -> None:
    """Their exact table would have up to 25 billion entries."""
    wave = np.sin(2 * np.pi * 200 * np.arange(rate) / rate).astype(np.float32)
    expected = np.sin(2 * np.pi * 200 * np.arange(32000) / 32000)
    resampled = resample(wave, rate, 32000)
    assert abs(len(resampled) - 32000) <= 3
    np.testing.assert_allclose(resampled[100:-103], expected[100 : len(resampled) - 103], atol=5e-2)


def test_a_stereo_reference_is_mixed_resampled_and_limited() -> None:
    rng = np.random.default_rng(1)
    stereo = rng.standard_normal((2, 48000)).astype(np.float32)
    reference = reference_audio(stereo, 48000)
    mixed = resample(stereo.mean(axis=0), 48000, 32000)
    np.testing.assert_allclose(reference.wave, mixed / min(2, np.abs(mixed).max()), atol=1e-6)
    assert reference.spectrogram.shape == (1, 1025, 50) and reference.wave_16k().shape == (16000,)
    np.testing.assert_array_equal(reference_spectrogram(stereo, 48000), reference.spectrogram)
    with pytest.raises(FeatureError, match="shape"):
        reference_audio(stereo[None], 48000)


@pytest.mark.parametrize("samples", [200, 193])
def test_the_differentiable_spectrogram_is_the_host_one(samples: int) -> None:
    waves = WAVES[:, :samples]
    magnitudes = compiled.compile_cell(Spectrogram(SMALL))(compiled.to_tensor(waves)).asnumpy()
    np.testing.assert_allclose(magnitudes, np.concatenate([spectrogram(w, SMALL) for w in waves]), atol=1e-5)
    mels = compiled.compile_cell(LogMelSpectrogram(SMALL))(compiled.to_tensor(waves)).asnumpy()
    np.testing.assert_allclose(mels, np.concatenate([mel_spectrogram(w, SMALL) for w in waves]), atol=1e-4)


def test_the_gradient_is_the_slope() -> None:
    cell = LogMelSpectrogram(SMALL)
    direction = np.random.default_rng(4).standard_normal(WAVES.shape).astype(np.float32)

    def loss(wave: ms.Tensor) -> Any:
        return cell(wave).sum()

    gradient = ms.jit(ms.grad(loss), capture_mode="ast")(compiled.to_tensor(WAVES)).asnumpy()

    def host(step: float) -> float:
        waves = (WAVES + step * direction).astype(np.float32)
        return float(sum(mel_spectrogram(w, SMALL).astype(np.float64).sum() for w in waves))

    slope = (host(1e-3) - host(-1e-3)) / 2e-3
    assert abs(slope) > 1
    np.testing.assert_allclose((gradient * direction).sum(), slope, rtol=2e-2)


def test_the_official_configuration_is_the_default() -> None:
    assert (SOVITS.bins, SOVITS.padding, SOVITS.sample_rate / SOVITS.hop) == (1025, 704, 50)
