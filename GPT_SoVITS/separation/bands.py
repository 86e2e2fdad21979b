"""A stereo recording as one spectrum of four bands, and back.

The networks hear low frequencies with fine frequency and high ones with fine time. So the recording is resampled to a
rate for each band, and each band has its own transform. The bands lie above each other in one array of 673 bins. The
numbers are those of the official tool (``lib_v5/spec_utils`` with ``4band_v2``, which its ``4band_v3`` equals here).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

import numpy as np

from GPT_SoVITS.separation.stft import istft, stft

RATE = 44100
"""Samples per second of recordings."""
BINS = 672
"""Bins that networks see; the combined spectrum has one more, which is empty."""
SPLIT_BIN = 85
"""From this bin on a network's aggressiveness counts fully; below it a third."""
ROLL_OFF = (668, BINS)
"""Bins over which the combined spectrum fades out."""
MIRROR_GAP = 10
"""Bins below the roll-off that are not mirrored."""


@dataclass(frozen=True)
class Band:
    """One band.

    Attributes:
        rate: Samples per second.
        hop: Samples from frame to frame.
        n_fft: Samples of a frame.
        start: First bin that the band gives.
        stop: The bin after its last.
        high_pass: From this bin downwards to that one the band fades in when it is put back; None for the lowest.
        low_pass: From this bin to that one it fades out; None for the highest.
    """

    rate: int
    hop: int
    n_fft: int
    start: int
    stop: int
    high_pass: tuple[int, int] | None
    low_pass: tuple[int, int] | None


BANDS = (
    Band(7350, 80, 640, 0, 85, None, (25, 53)),
    Band(7350, 80, 320, 4, 87, (25, 12), (31, 62)),
    Band(14700, 160, 512, 17, 216, (48, 24), (139, 210)),
    Band(RATE, 480, 960, 78, 383, (130, 86), None),
)
"""From the lowest to the highest."""
_TOP = BANDS[-1]
HIGH_END = (_TOP.n_fft // 2 - _TOP.stop) + (ROLL_OFF[1] - ROLL_OFF[0])
"""Bins of the highest band above those that networks see."""


@dataclass(frozen=True)
class BandSpectrum:
    """A recording in bands.

    Attributes:
        combined: What networks see, (2, 673, frames) complex64.
        high_end: The highest frequencies, which they do not see, (2, HIGH_END, frames) complex64.
    """

    combined: np.ndarray
    high_end: np.ndarray


def _length(samples: int, rate: int, new_rate: int) -> int:
    return -(-samples * new_rate // rate)


def _downsample(wave: np.ndarray, rate: int, new_rate: int) -> np.ndarray:
    """Return (2, n) at a lower rate by a polyphase filter, as librosa's ``polyphase``."""
    if rate == new_rate:
        return wave
    common = gcd(rate, new_rate)
    from scipy import signal  # takes seconds to import

    lower = signal.resample_poly(wave, new_rate // common, rate // common, axis=-1)
    return np.asarray(_fixed(lower, _length(wave.shape[-1], rate, new_rate)), np.float32)


def _upsample(wave: np.ndarray, rate: int, new_rate: int) -> np.ndarray:
    """Return (2, n) at a higher rate by its Fourier transform, as librosa's ``scipy``."""
    if rate == new_rate:
        return wave
    from scipy import signal

    return np.asarray(signal.resample(wave, _length(wave.shape[-1], rate, new_rate), axis=-1), np.float32)


def _fixed(wave: np.ndarray, length: int) -> np.ndarray:
    missing = length - wave.shape[-1]
    return np.pad(wave, ((0, 0), (0, missing))) if missing > 0 else wave[..., :length]


def _stereo(wave: np.ndarray, band: Band) -> np.ndarray:
    return np.stack([stft(channel, band.n_fft, band.hop) for channel in wave])


def _roll_off(spectrum: np.ndarray) -> None:
    gain = 1.0
    for bin_ in range(ROLL_OFF[0] + 1, ROLL_OFF[1]):
        gain = 10.0 ** (-(bin_ - ROLL_OFF[0]) * (3.5 - gain) / 20.0)
        spectrum[:, bin_] *= gain


def analyse(wave: np.ndarray) -> BandSpectrum:
    """Return a recording in bands.

    Args:
        wave: Samples of two channels at 44.1 kHz, (2, n) float32.
    """
    spectra: list[np.ndarray] = []
    rate = RATE
    for band in reversed(BANDS):
        wave, rate = _downsample(wave, rate, band.rate), band.rate
        spectra.insert(0, _stereo(wave, band))
    frames = min(spectrum.shape[2] for spectrum in spectra)
    combined = np.zeros((2, BINS + 1, frames), np.complex64)
    offset = 0
    for band, spectrum in zip(BANDS, spectra, strict=True):
        height = band.stop - band.start
        combined[:, offset : offset + height] = spectrum[:, band.start : band.stop, :frames]
        offset += height
    _roll_off(combined)
    top = _TOP.n_fft // 2
    return BandSpectrum(combined, spectra[-1][:, top - HIGH_END : top, :frames])


def _fade_out(spectrum: np.ndarray, start: int, stop: int) -> None:
    for step, bin_ in enumerate(range(start, stop), 1):
        spectrum[:, bin_] *= 1 - step / (stop - start)
    spectrum[:, stop:] = 0


def _fade_in(spectrum: np.ndarray, start: int, stop: int) -> None:
    """Fade from ``start`` downwards; ``stop`` and what is below are silent."""
    for step, bin_ in enumerate(range(start, stop, -1), 1):
        spectrum[:, bin_] *= 1 - step / (start - stop)
    spectrum[:, : stop + 1] = 0


def _mirrored(combined: np.ndarray, high_end: np.ndarray) -> np.ndarray:
    """Return the high end of one part: no louder than the mirror image of the bins below it."""
    stop = ROLL_OFF[0] - MIRROR_GAP
    mirror = np.abs(combined[:, stop - high_end.shape[1] : stop])[:, ::-1] * np.exp(1j * np.angle(high_end))
    return np.where(np.abs(high_end) <= np.abs(mirror), high_end, mirror)


def synthesise(combined: np.ndarray, high_end: np.ndarray) -> np.ndarray:
    """Return the wave of one part of a recording, (2, n) float32 at 44.1 kHz.

    Args:
        combined: The part's spectrum, (2, 673, frames) complex.
        high_end: The recording's own high end (:class:`BandSpectrum`).
    """
    wave: np.ndarray | None = None
    offset = 0
    for number, band in enumerate(BANDS):
        height = band.stop - band.start
        spectrum = np.zeros((2, band.n_fft // 2 + 1, combined.shape[2]), np.complex128)
        spectrum[:, band.start : band.stop] = combined[:, offset : offset + height]
        offset += height
        if band is _TOP:
            top = band.n_fft // 2
            spectrum[:, top - HIGH_END : top] = _mirrored(combined, high_end)
        if band.high_pass is not None:
            _fade_in(spectrum, band.high_pass[0], band.high_pass[1] - 1)
        if band.low_pass is not None:
            _fade_out(spectrum, *band.low_pass)
        own = np.stack([istft(channel, band.hop) for channel in spectrum])
        wave = own if wave is None else wave + own
        if band is not _TOP:
            wave = _upsample(wave, band.rate, BANDS[number + 1].rate)
    assert wave is not None  # noqa: S101
    return np.asarray(wave, np.float32)
