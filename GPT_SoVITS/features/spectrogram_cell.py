"""Spectrograms inside a graph, with gradients, for training losses.

MindSpore's Fourier transforms have no gradient on every device, so the transform is a product with cosines and sines.
Frames are made of blocks of one hop: frame t is the blocks t, t + 1, ... side by side, which is slicing and needs no
gather.
"""

from __future__ import annotations

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn, ops

from GPT_SoVITS.features.mel import LOG_FLOOR, mel_filters
from GPT_SoVITS.features.spectrogram import MAGNITUDE_FLOOR, SpectrogramConfig, hann_window


def _fourier_basis(config: SpectrogramConfig, rows: int) -> np.ndarray:
    """Windowed cosines and sines side by side, (rows, 2 bins); rows after n_fft are zero."""
    times = np.arange(config.n_fft)[:, None]
    # The phase is reduced to one turn in integers, which keeps large products exact.
    phases = 2 * np.pi * ((times * np.arange(config.bins)) % config.n_fft) / config.n_fft
    window = hann_window(config.n_fft)[:, None]
    basis = np.zeros((rows, 2 * config.bins), np.float32)
    basis[: config.n_fft] = np.concatenate([np.cos(phases) * window, np.sin(phases) * window], axis=1)
    return basis


class Spectrogram(nn.Cell):
    """Magnitudes of waves, (B, n) -> (B, n_fft // 2 + 1, n // hop); as :func:`features.spectrogram.spectrogram`.

    Args:
        config: Frames. ``n`` has to be larger than the padding, and ``n_fft - hop`` even.
    """

    def __init__(self, config: SpectrogramConfig) -> None:
        super().__init__()
        self.hop, self.padding, self.bins = config.hop, config.padding, config.bins
        self.blocks = -(-config.n_fft // config.hop)
        # Zeros that complete the last block of the last frame; the basis has zeros there as well.
        self.tail = self.blocks * config.hop - config.n_fft
        self.basis = ms.Tensor(_fourier_basis(config, self.blocks * config.hop))
        self.product = ops.MatMul()

    def construct(self, wave: Tensor) -> Tensor:
        batch, samples = wave.shape
        padding, hop = self.padding, self.hop
        frames = samples // hop
        before = ops.flip(wave[:, 1 : padding + 1], (1,))
        after = ops.flip(wave[:, samples - padding - 1 : samples - 1], (1,))
        padded = ops.cat((before, wave, after, ops.zeros((batch, self.tail), wave.dtype)), 1)
        count = frames + self.blocks - 1
        rows = padded[:, : count * hop].reshape((batch, count, hop))
        windows = ops.cat([rows[:, i : i + frames] for i in range(self.blocks)], 2)
        transform = self.product(windows.reshape((batch * frames, self.blocks * hop)), self.basis)
        real, imaginary = transform[:, : self.bins], transform[:, self.bins :]
        magnitudes = ops.sqrt(real * real + imaginary * imaginary + MAGNITUDE_FLOOR)
        return magnitudes.reshape((batch, frames, self.bins)).swapaxes(1, 2)  # (B, T, F) -> (B, F, T)


class LogMel(nn.Cell):
    """Log-mel spectrogram of magnitudes, (B, n_fft // 2 + 1, T) -> (B, mel_bins, T)."""

    def __init__(self, config: SpectrogramConfig) -> None:
        super().__init__()
        self.filters = ms.Tensor(mel_filters(config.sample_rate, config.n_fft, config.mel_bins).copy())

    def construct(self, magnitudes: Tensor) -> Tensor:
        return ops.log(ops.maximum(ops.matmul(self.filters, magnitudes), LOG_FLOOR))


class LogMelSpectrogram(nn.Cell):
    """Log-mel spectrogram of waves, (B, n) -> (B, mel_bins, n // hop)."""

    def __init__(self, config: SpectrogramConfig) -> None:
        super().__init__()
        self.spectrogram = Spectrogram(config)
        self.log_mel = LogMel(config)

    def construct(self, wave: Tensor) -> Tensor:
        return self.log_mel(self.spectrogram(wave))
