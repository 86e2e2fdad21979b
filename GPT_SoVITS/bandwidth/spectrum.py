"""Logarithmic amplitudes and phases of a wave, and back: ``torch.stft`` and ``torch.istft`` as AP-BWE calls them."""

from __future__ import annotations

from typing import Any

import numpy as np

from GPT_SoVITS.bandwidth.config import BandwidthConfig
from GPT_SoVITS.features.spectrogram import hann_window

Array = np.ndarray[Any, np.dtype[Any]]
AMPLITUDE_FLOOR = 1e-4
"""Added to amplitudes before the logarithm."""
_LEAST_WEIGHT = 1e-11


def _window(config: BandwidthConfig) -> Array:
    """The window in the middle of a frame, (fft,)."""
    before = (config.fft - config.window) // 2
    after = config.fft - config.window - before
    return np.pad(hann_window(config.window), (before, after))


def analyse(wave: Array, config: BandwidthConfig) -> tuple[Array, Array]:
    """Return log amplitudes and phases (frames, bins) of a wave (n,).

    Frames are centred, and the wave is reflected at its ends. Waves shorter than half a transform cannot be; they are
    extended by silence.
    """
    half = config.fft // 2
    if len(wave) <= half:
        wave = np.pad(wave, (0, half + 1 - len(wave)))
    padded = np.pad(np.asarray(wave, np.float32), half, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, config.fft)[:: config.hop]
    spectrum = np.fft.rfft(frames * _window(config))
    amplitude, phase = np.log(np.abs(spectrum) + AMPLITUDE_FLOOR), np.angle(spectrum)
    return amplitude.astype(np.float32), phase.astype(np.float32)


def synthesise(amplitude: Array, phase: Array, config: BandwidthConfig) -> Array:
    """Return the wave ((frames - 1) * hop,) of log amplitudes and phases (frames, bins)."""
    spectrum = np.exp(amplitude) * np.exp(1j * phase)
    window, hop = _window(config), config.hop
    frames = (np.fft.irfft(spectrum, config.fft) * window).astype(np.float32)
    total = (len(frames) - 1) * hop + config.fft
    wave, weight = np.zeros(total, np.float32), np.zeros(total, np.float32)
    squared = (window * window).astype(np.float32)
    for index, frame in enumerate(frames):
        wave[index * hop : index * hop + config.fft] += frame
        weight[index * hop : index * hop + config.fft] += squared
    inner = slice(config.fft // 2, total - config.fft // 2)
    result: Array = wave[inner] / np.maximum(weight[inner], np.float32(_LEAST_WEIGHT))
    return result
