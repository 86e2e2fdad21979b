"""Short-time Fourier transform and its inverse, with the numbers of ``librosa.stft`` and ``librosa.istft``.

Frames are centred: the wave is continued by zeros by half a frame at both ends. The window is a periodic Hann window.
"""

from __future__ import annotations

import numpy as np

FRAMES_AT_ONCE = 2048


def hann(size: int) -> np.ndarray:
    """Return the periodic Hann window, (size,) float64."""
    return np.asarray(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size))


def stft(wave: np.ndarray, n_fft: int, hop: int) -> np.ndarray:
    """Return the spectrum of a wave, (n_fft // 2 + 1, 1 + n // hop) complex64.

    Args:
        wave: Samples, (n,).
        n_fft: Samples of a frame, even.
        hop: Samples from frame to frame.
    """
    padded = np.pad(np.asarray(wave, np.float32), n_fft // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop]
    window = hann(n_fft).astype(np.float32)
    spectrum = np.empty((n_fft // 2 + 1, len(frames)), np.complex64)
    for start in range(0, len(frames), FRAMES_AT_ONCE):
        part = slice(start, start + FRAMES_AT_ONCE)
        spectrum[:, part] = np.fft.rfft(frames[part] * window).T
    return spectrum


def istft(spectrum: np.ndarray, hop: int) -> np.ndarray:
    """Return the wave of a spectrum, (hop * (frames - 1),) float32.

    Args:
        spectrum: Complex, (n_fft // 2 + 1, frames).
        hop: Samples from frame to frame.
    """
    n_fft, frames = 2 * (spectrum.shape[0] - 1), spectrum.shape[1]
    window = hann(n_fft)
    length = n_fft + hop * (frames - 1)
    wave, weight = np.zeros(length), np.zeros(length)
    square = window**2
    for start in range(0, frames, FRAMES_AT_ONCE):
        pieces = np.fft.irfft(spectrum[:, start : start + FRAMES_AT_ONCE].T, n_fft) * window
        for offset, piece in enumerate(pieces, start):
            place = slice(offset * hop, offset * hop + n_fft)
            wave[place] += piece
            weight[place] += square
    heard = slice(n_fft // 2, n_fft // 2 + hop * (frames - 1))
    wave, weight = wave[heard], weight[heard]
    # Where no window reaches there is nothing to divide by.
    return np.asarray(np.divide(wave, weight, out=wave, where=weight > np.finfo(np.float32).tiny), np.float32)
