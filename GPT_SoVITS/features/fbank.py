"""Log mel filterbank energies as Kaldi computes them, the input of the speaker verifier.

Agrees with ``torchaudio.compliance.kaldi.fbank(num_mel_bins=80, sample_frequency=16000, dither=0)``: frames of 25 ms
every 10 ms that lie wholly in the recording, mean removed, pre-emphasis 0.97, Povey window, power spectrum.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from GPT_SoVITS.features.errors import FeatureError

SAMPLE_RATE = 16000
FRAME_LENGTH = 400
FRAME_SHIFT = 160
FFT_SIZE = 512
PREEMPHASIS = 0.97
LOWEST_HERTZ = 20.0
FLOOR = np.finfo(np.float32).eps


def _mel(hertz: np.ndarray) -> np.ndarray:
    return np.asarray(1127.0 * np.log(1.0 + hertz / 700.0))


@lru_cache(maxsize=4)
def mel_banks(bins: int) -> np.ndarray:
    """Return triangular filters that are equal on the mel scale from 20 Hz to 8 kHz, (bins, FFT_SIZE / 2 + 1)."""
    # In single precision as in the original: mel values of 2840 leave errors of 1e-5 in the weights, which show.
    lowest, highest = _mel(np.asarray([LOWEST_HERTZ, SAMPLE_RATE / 2]))
    step = np.float32((highest - lowest) / (bins + 1))
    edges = np.float32(lowest) + np.arange(bins + 2, dtype=np.float32) * step
    mels = _mel(np.arange(FFT_SIZE // 2 + 1, dtype=np.float32) * np.float32(SAMPLE_RATE / FFT_SIZE))
    left, centre, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising, falling = (mels - left) / (centre - left), (right - mels) / (right - centre)
    return np.maximum(0.0, np.minimum(rising, falling))


@lru_cache(maxsize=1)
def _povey_window() -> np.ndarray:
    return np.asarray(np.hanning(FRAME_LENGTH) ** 0.85)


def fbank(wave: np.ndarray, bins: int = 80) -> np.ndarray:
    """Return log mel energies, (frames, bins) float32, 100 frames per second.

    Args:
        wave: Samples at 16 kHz in -1..1, (n,).
        bins: Number of mel bins.

    Raises:
        FeatureError: the wave is not one-dimensional or shorter than one frame (400 samples).
    """
    if wave.ndim != 1 or wave.size < FRAME_LENGTH:
        raise FeatureError(f"a wave of shape {wave.shape} has no frame; needed are {FRAME_LENGTH} samples, one channel")
    # Double precision throughout: the logarithm of a quiet bin shows the rounding of loud ones.
    frames = np.lib.stride_tricks.sliding_window_view(wave.astype(np.float64), FRAME_LENGTH)[::FRAME_SHIFT]
    frames = frames - frames.mean(axis=1, keepdims=True)
    before = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    spectrum = np.fft.rfft((frames - PREEMPHASIS * before) * _povey_window(), FFT_SIZE)
    power = spectrum.real**2 + spectrum.imag**2
    return np.log(np.maximum(power @ mel_banks(bins).T, FLOOR)).astype(np.float32)
