"""Spectra that sound is compared by."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor
from torch.nn import functional

from tools.starter.dataset import RATE

_SIZE = 1024
LOW = 64
_BANDS = 60
SPECTRUM = LOW + _BANDS
"""Values per frame: linear bins below 1 kHz, where single harmonics show, and mel bands above."""
_FLOOR = 0.02
_RESOLUTIONS = {2048: 120, 1024: 80, 512: 64, 256: 40}
"""Sizes of transforms and their mel bands."""


@cache
def mel_bands(size: int, bands: int, lowest: float, highest: float = 7900.0) -> Tensor:
    """Return triangular filters (bands, size // 2 + 1)."""
    limits = 1127 * torch.log1p(torch.tensor([lowest, highest]) / 700)
    edges = 700 * torch.expm1(torch.linspace(float(limits[0]), float(limits[1]), bands + 2) / 1127)
    bins = torch.linspace(0, RATE / 2, size // 2 + 1)
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    return torch.minimum(rising, falling).clamp(min=0)


def log_spectrum(waves: Tensor, centres: Tensor) -> Tensor:
    """Return the log spectrum around samples, waves (B, n), centres (B, T) -> (B, SPECTRUM, T)."""
    padded = functional.pad(waves, (_SIZE // 2, _SIZE))
    starts = centres.clamp(0, waves.shape[1])
    places = (starts[..., None] + torch.arange(_SIZE)).flatten(1)
    windows = padded.gather(1, places).view(*starts.shape, _SIZE) * torch.hann_window(_SIZE)
    magnitudes = torch.fft.rfft(windows).abs().transpose(1, 2)
    bands = mel_bands(_SIZE, _BANDS, 400.0) @ magnitudes
    return torch.cat([(magnitudes[:, :LOW] + _FLOOR).log(), (bands + _FLOOR).log()], 1)


def spectral_loss(made: Tensor, real: Tensor) -> Tensor:
    """Return how far sound is from sound, (B, n) each: log mel bands and magnitudes at several resolutions."""
    total = made.new_zeros(())
    for size, bands in _RESOLUTIONS.items():
        if size > made.shape[1]:
            continue
        window, filters = torch.hann_window(size), mel_bands(size, bands, 40.0)
        a, b = (
            torch.stft(wave, size, size // 4, size, window, pad_mode="constant", return_complex=True).abs()
            for wave in (made, real)
        )
        total = total + ((filters @ a + 1e-2).log() - (filters @ b + 1e-2).log()).abs().mean()
        total = total + 0.5 * (a - b).abs().mean() / b.abs().mean().clamp(min=0.05)
    return total
