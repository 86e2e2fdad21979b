"""Spectrograms and log-mel spectrograms of waves, on the host.

Frames are windowed by a periodic Hann window as long as the transform; the wave is reflected by ``(n_fft - hop) / 2``
at both ends, so there is one frame per hop. Agrees with ``module.mel_processing`` of the official project.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from GPT_SoVITS.features.errors import FeatureError
from GPT_SoVITS.features.mel import log_mel, mel_filters
from GPT_SoVITS.features.resample import resample

MAGNITUDE_FLOOR = 1e-8
"""Added to the squared magnitude before the root."""
MEL_LOWEST, MEL_HIGHEST = -12.0, 2.0
"""Log-mel values that the v3 and v4 flow networks see as -1 and 1."""
LOUDEST_DIVISOR = 2.0


@dataclass(frozen=True)
class SpectrogramConfig:
    """Frames of a spectrogram.

    Attributes:
        sample_rate: Samples per second.
        n_fft: Size of the Fourier transform and of its window.
        hop: Samples from frame to frame.
        mel_bins: Number of mel bins, from 0 Hz to half the sample rate.
    """

    sample_rate: int
    n_fft: int
    hop: int
    mel_bins: int

    @property
    def padding(self) -> int:
        """Samples by which the wave is reflected at either end."""
        return (self.n_fft - self.hop) // 2

    @property
    def bins(self) -> int:
        """Number of frequency bins."""
        return self.n_fft // 2 + 1


SOVITS = SpectrogramConfig(sample_rate=32000, n_fft=2048, hop=640, mel_bins=128)
"""What the synthesizers of all versions read and are trained on."""
MEL_V3 = SpectrogramConfig(sample_rate=24000, n_fft=1024, hop=256, mel_bins=100)
MEL_V4 = SpectrogramConfig(sample_rate=32000, n_fft=1280, hop=320, mel_bins=100)


def hann_window(size: int) -> np.ndarray:
    """Return the periodic Hann window, (size,) float32."""
    return np.asarray(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size), np.float32)


def spectrogram(wave: np.ndarray, config: SpectrogramConfig = SOVITS) -> np.ndarray:
    """Return magnitudes ``sqrt(re^2 + im^2 + 1e-8)``, (1, n_fft // 2 + 1, n // hop) float32.

    Args:
        wave: Samples at the configuration's rate, (n,).
        config: Frames.

    Raises:
        FeatureError: the wave is not one-dimensional or too short to be reflected.
    """
    padding = config.padding
    if wave.ndim != 1 or wave.size <= padding:
        raise FeatureError(f"a wave of shape {wave.shape} is too short; needed are {padding + 1} samples, one channel")
    padded = np.pad(wave.astype(np.float32), padding, mode="reflect")
    if padded.size < config.n_fft:
        raise FeatureError(f"{wave.size} samples have no frame; needed are {config.n_fft - 2 * padding}")
    frames = np.lib.stride_tricks.sliding_window_view(padded, config.n_fft)[:: config.hop]
    spectrum = np.fft.rfft(frames * hann_window(config.n_fft))
    magnitudes = np.sqrt(spectrum.real**2 + spectrum.imag**2 + MAGNITUDE_FLOOR)
    return np.ascontiguousarray(magnitudes.T, np.float32)[None]


def spectrogram_to_mel(magnitudes: np.ndarray, config: SpectrogramConfig = SOVITS) -> np.ndarray:
    """Return the log-mel spectrogram of magnitudes, (..., n_fft // 2 + 1, T) -> (..., mel_bins, T) float32."""
    return log_mel(magnitudes, mel_filters(config.sample_rate, config.n_fft, config.mel_bins))


def mel_spectrogram(wave: np.ndarray, config: SpectrogramConfig) -> np.ndarray:
    """Return the log-mel spectrogram of samples (n,), (1, mel_bins, n // hop) float32."""
    return spectrogram_to_mel(spectrogram(wave, config), config)


def normalise_mel(mel: np.ndarray) -> np.ndarray:
    """Map log-mel values from -12..2 to -1..1, the range of the v3 and v4 flow networks."""
    return np.asarray((mel - MEL_LOWEST) / (MEL_HIGHEST - MEL_LOWEST) * 2 - 1, np.float32)


def denormalise_mel(mel: np.ndarray) -> np.ndarray:
    """Undo :func:`normalise_mel`."""
    return np.asarray((mel + 1) / 2 * (MEL_HIGHEST - MEL_LOWEST) + MEL_LOWEST, np.float32)


def limit_loudness(wave: np.ndarray) -> np.ndarray:
    """Return the wave, divided by ``min(2, peak)`` if its peak exceeds 1 (the rule of official inference)."""
    peak = float(np.abs(wave).max(initial=0.0))
    return wave / np.float32(min(LOUDEST_DIVISOR, peak)) if peak > 1 else wave


@dataclass(frozen=True)
class ReferenceAudio:
    """A reference recording as the synthesizers see it.

    Attributes:
        spectrogram: (1, 1025, T) float32; the reference encoder of every version but v1 takes the lowest 704 bins.
        wave: The samples it was made from, (n,) float32 at 32 kHz, mono, loudness limited.
    """

    spectrogram: np.ndarray
    wave: np.ndarray

    def wave_16k(self) -> np.ndarray:
        """Return the wave at 16 kHz for the speaker verifier of v2Pro."""
        return resample(self.wave, SOVITS.sample_rate, 16000)


def reference_audio(wave: np.ndarray, rate: int) -> ReferenceAudio:
    """Prepare a reference recording: mean of the channels, 32 kHz, loudness limit, spectrogram.

    Args:
        wave: Samples in -1..1, (n,) or (channels, n).
        rate: Samples per second.

    Raises:
        FeatureError: the recording is too short (704 samples at 32 kHz) or of another shape.
    """
    if wave.ndim not in (1, 2):
        raise FeatureError(f"a recording of shape {wave.shape}; expected (samples,) or (channels, samples)")
    mono = wave.mean(axis=0, dtype=np.float32) if wave.ndim == 2 else wave
    samples = limit_loudness(resample(mono, rate, SOVITS.sample_rate))
    return ReferenceAudio(spectrogram(samples), samples)


def reference_spectrogram(wave: np.ndarray, rate: int) -> np.ndarray:
    """Return the spectrogram of a reference recording, (1, 1025, T) float32 (see :func:`reference_audio`)."""
    return reference_audio(wave, rate).spectrogram
