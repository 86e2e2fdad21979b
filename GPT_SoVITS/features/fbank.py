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
# How the original adds up a frame on x86, whatever the processor.
_VECTOR, _SUMS = 8, 4


def _mel(hertz: np.ndarray) -> np.ndarray:
    """Return the mel scale in single precision: one correctly rounded logarithm, as in the original."""
    inner = np.float32(1) + np.asarray(hertz, np.float32) / np.float32(700)
    return np.float32(1127) * np.log(inner.astype(np.float64)).astype(np.float32)


@lru_cache(maxsize=4)
def mel_banks(bins: int) -> np.ndarray:
    """Return triangular filters that are equal on the mel scale from 20 Hz to 8 kHz, (bins, FFT_SIZE / 2 + 1) float32.

    They are those of the original to the last bit, which has no weight for the highest frequency.
    """
    lowest, highest = (1127.0 * np.log(1.0 + hertz / 700.0) for hertz in (LOWEST_HERTZ, SAMPLE_RATE / 2))
    step = np.float32((highest - lowest) / (bins + 1))
    edges = np.float32(lowest) + np.arange(bins + 2, dtype=np.float32) * step
    mels = _mel(np.arange(FFT_SIZE // 2, dtype=np.float32) * np.float32(SAMPLE_RATE / FFT_SIZE))
    left, centre, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising, falling = (mels - left) / (centre - left), (right - mels) / (right - centre)
    return np.pad(np.maximum(np.float32(0), np.minimum(rising, falling)), ((0, 0), (0, 1)))


@lru_cache(maxsize=1)
def _povey_window() -> np.ndarray:
    """Return the window, rounded to single precision after each step of the original."""
    angles = np.arange(FRAME_LENGTH, dtype=np.float32) * np.float32(2 * np.pi / (FRAME_LENGTH - 1))
    hann = np.float32(0.5) - np.float32(0.5) * np.cos(angles.astype(np.float64)).astype(np.float32)
    return np.asarray(hann.astype(np.float64) ** float(np.float32(0.85)), np.float32)


def _means(frames: np.ndarray) -> np.ndarray:
    """Return the mean of each frame, (frames, 1), added up in the order of the original.

    That is four sums of vectors of eight samples, in turn; then the four; then the eight. Another order moves a mean by
    its last bit.
    """
    vectors = frames.reshape(len(frames), -1, _VECTOR)
    whole = vectors.shape[1] // _SUMS * _SUMS
    sums = np.zeros((len(frames), _SUMS, _VECTOR), np.float32)
    for first in range(0, whole, _SUMS):
        sums += vectors[:, first : first + _SUMS]
    for left_over in range(whole, vectors.shape[1]):
        sums[:, 0] += vectors[:, left_over]
    total = np.zeros((len(frames), 1), np.float32)
    joined = sums[:, 0] + sums[:, 1] + sums[:, 2] + sums[:, 3]
    for lane in range(_VECTOR):
        total += joined[:, lane : lane + 1]
    return total / np.float32(FRAME_LENGTH)


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
    # Frames are prepared in single precision as in the original, whose rounding shows in bins 60 dB below the loudest.
    # What follows is in double precision: transforms in single precision differ there by up to 1.4e-3 between the
    # original's own instruction sets, and this one lies between them.
    frames = np.lib.stride_tricks.sliding_window_view(wave.astype(np.float32), FRAME_LENGTH)[::FRAME_SHIFT]
    frames = frames - _means(frames)
    before = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    windowed = (frames - np.float32(PREEMPHASIS) * before) * _povey_window()
    spectrum = np.fft.rfft(windowed, FFT_SIZE)
    power = spectrum.real**2 + spectrum.imag**2
    return np.log(np.maximum(power @ mel_banks(bins).T, FLOOR)).astype(np.float32)
