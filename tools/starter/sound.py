"""What a spectral loss does not see of a sound, and where that of the teacher lies.

The measures look at distributions over a voice's speech, so made sound needs neither the teacher's timing nor its
pitch. They are plain signal measures; no listener's judgement is in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tools.starter.dataset import RATE

Array = npt.NDArray[np.float64]
STEP = 80
"""Samples between frames: 5 ms."""
_LOUD_DB = 35.0
"""How far below its loudest frame a sentence counts as speech."""
_LOWEST, _HIGHEST = 60, 400
"""Pitches in Hz."""
_PITCH_SIZE = 800
"""Samples that pitch is looked for in: three periods of the lowest pitch."""
_VOICED = 0.5
"""Correlation of a voiced frame with itself a period later."""
_TINY = 1e-5
_BANDS = np.arange(500, 7600, 500)
"""Lower edges of bands 500 Hz wide."""
_HIGH = 3000
"""Hz from which bands are high: consonants and breath."""
_QUANTILES = np.linspace(0.02, 0.98, 49)


@dataclass(frozen=True)
class Voicing:
    """Pitch of frames.

    Attributes:
        hertz: (T,), 0 where a frame is not voiced.
        harmonics_db: Harmonics to noise of voiced frames, (V,).
        share: Of the frames that are speech, those that are voiced.
    """

    hertz: Array
    harmonics_db: Array
    share: float


def frames(wave: Array, size: int) -> Array:
    """Return windows (T, size) of audio (n,) around every 5 ms."""
    padded = np.pad(wave, (size // 2, size // 2))
    return np.lib.stride_tricks.sliding_window_view(padded, size)[::STEP][: len(wave) // STEP]


def loud(wave: Array) -> npt.NDArray[np.bool_]:
    """Return which frames (T,) are speech."""
    level = 10 * np.log10(np.square(frames(wave, 512)).mean(1) + _TINY**2)
    return np.asarray(level > level.max() - _LOUD_DB)


def voicing(wave: Array) -> Voicing:
    """Find pitch and harmonics by correlation with itself, freed of the window's own."""
    window, speech = np.hanning(_PITCH_SIZE), loud(wave)
    pieces = frames(wave, _PITCH_SIZE)
    pieces = (pieces - pieces.mean(1, keepdims=True)) * window
    likeness = _correlation(pieces) / _correlation(window[None])
    shortest, longest = RATE // _HIGHEST, RATE // _LOWEST
    likeness = likeness / np.maximum(likeness[:, :1], _TINY**2)
    lags = shortest + _first_peak(likeness[:, shortest : longest + 1])
    rows = np.arange(len(lags))
    before, peak, after = likeness[rows, lags - 1], likeness[rows, lags], likeness[rows, lags + 1]
    bend = np.minimum(before - 2 * peak + after, -1e-9)
    shift = np.clip((before - after) / (2 * bend), -0.5, 0.5)
    peak = np.clip(peak - (before - after) * shift / 4, 0, 0.9999)
    voiced = speech & (peak > _VOICED)
    hertz = np.where(voiced, RATE / (lags + shift), 0.0)
    return Voicing(hertz, 10 * np.log10(peak[voiced] / (1 - peak[voiced])), float(voiced.sum() / max(1, speech.sum())))


def _correlation(pieces: Array) -> Array:
    size = pieces.shape[1]
    power = np.square(np.abs(np.fft.rfft(pieces, 2 * size)))
    return np.fft.irfft(power)[:, : size // 2]


def _first_peak(likeness: Array) -> npt.NDArray[np.int64]:
    """Return the shortest lag that is about as good as the best, so that no octave is lost; (B, L) -> (B,)."""
    inner = likeness[:, 1:-1]
    peaks = (inner >= likeness[:, :-2]) & (inner >= likeness[:, 2:])
    good = peaks & (inner > 0.9 * np.max(likeness, axis=1, keepdims=True))
    return np.asarray(np.where(good.any(1), good.argmax(1), inner.argmax(1)) + 1)


def jitter(hertz: Array) -> Array:
    """Return by how much the change of pitch changes from frame to frame, in cents, inside of voiced stretches."""
    cents = 1200 * np.log2(np.maximum(hertz, 1.0))
    inside = (hertz[:-2] > 0) & (hertz[1:-1] > 0) & (hertz[2:] > 0)
    bend: Array = np.abs(cents[2:] - 2 * cents[1:-1] + cents[:-2])[inside]
    return bend


def levels(wave: Array, size: int) -> Array:
    """Return levels of bands in dB, (T, bands), for windows of a size; frames of silence are left out."""
    spectra = np.square(np.abs(np.fft.rfft(frames(wave, size) * np.hanning(size))))
    bins = np.arange(size // 2 + 1) * RATE / size
    inside = (bins >= _BANDS[:, None]) & (bins < _BANDS[:, None] + 500)
    energy = spectra @ (inside / inside.sum(1, keepdims=True)).T
    return np.asarray(10 * np.log10(energy + _TINY**2))[loud(wave)]


def grain(wave: Array) -> Array:
    """Return how much bins of a high band differ within a frame, in dB, (T,): noise about 5."""
    size = 512
    spectra = np.square(np.abs(np.fft.rfft(frames(wave, size) * np.hanning(size))))[loud(wave)]
    first = _HIGH * size // RATE
    logs = 10 * np.log10(spectra[:, first : first + 128] + _TINY**2).reshape(len(spectra), -1, 16)
    return np.asarray(logs.std(2).mean(1))


def apart(ours: Array, theirs: Array) -> float:
    """Return how far two distributions lie apart, the mean difference of their quantiles."""
    return float(np.abs(np.quantile(ours, _QUANTILES) - np.quantile(theirs, _QUANTILES)).mean())


def sway(levels_: Array) -> float:
    """Return how far levels (T, bands) go up and down over time, in dB; little where sound is blurred."""
    return float(levels_.std(0).mean())


def figures(made: Sequence[Array], real: Sequence[Array]) -> dict[str, tuple[float, float]]:
    """Return measures of made speech and of the teacher's by name; those named *apart* have 0 for the teacher."""
    ours, theirs = _Parts.of(made), _Parts.of(real)
    columns = range(ours.level.shape[1])
    high = [c for c in columns if _BANDS[c] >= _HIGH]
    return {
        "harmonics to noise, dB": (float(ours.harmonics.mean()), float(theirs.harmonics.mean())),
        "harmonics apart, dB": (apart(ours.harmonics, theirs.harmonics), 0.0),
        "voiced share of speech": (ours.voiced, theirs.voiced),
        "jitter, cents": (float(np.median(ours.jitter)), float(np.median(theirs.jitter))),
        "sway of high bands, dB": (sway(ours.level[:, high]), sway(theirs.level[:, high])),
        "levels apart, dB": (float(np.mean([apart(ours.level[:, c], theirs.level[:, c]) for c in columns])), 0.0),
        "change in 5 ms, high bands, dB": (float(ours.change[:, high].mean()), float(theirs.change[:, high].mean())),
        "changes apart, dB": (float(np.mean([apart(ours.change[:, c], theirs.change[:, c]) for c in columns])), 0.0),
        "grain of high bands, dB": (float(ours.grain.mean()), float(theirs.grain.mean())),
        "grain apart, dB": (apart(ours.grain, theirs.grain), 0.0),
    }


def pitch_errors(made: Sequence[Array], real: Sequence[Array]) -> tuple[float, float]:
    """Return how pitch differs from that of the teacher's sound in the same time.

    Returns:
        Share of frames with speech that are voiced in one of the two alone, and the root mean square of the difference
        where both are voiced, in cents; differences of more than half an octave are errors of the search and left out.
    """
    wrong, count, cents = 0, 0, []
    for ours, theirs in zip(made, real, strict=True):
        a, b = voicing(ours).hertz, voicing(theirs).hertz
        speech = loud(theirs)
        wrong, count = wrong + int((((a > 0) != (b > 0)) & speech).sum()), count + int(speech.sum())
        both = (a > 0) & (b > 0)
        cents.append(1200 * np.log2(a[both] / b[both]))
    differences = np.concatenate(cents)
    near = differences[np.abs(differences) < 600]
    return wrong / max(1, count), float(np.sqrt(np.square(near).mean())) if len(near) else np.nan


@dataclass(frozen=True)
class _Parts:
    """What is measured of all sentences of a voice."""

    harmonics: Array
    voiced: float
    jitter: Array
    level: Array
    change: Array
    grain: Array

    @classmethod
    def of(cls, waves: Sequence[Array]) -> _Parts:
        found = [voicing(wave) for wave in waves]
        short = [levels(wave, 128) for wave in waves]
        return cls(
            np.concatenate([v.harmonics_db for v in found]),
            float(np.mean([v.share for v in found])),
            np.concatenate([jitter(v.hertz) for v in found]),
            np.concatenate([levels(wave, 512) for wave in waves]),
            np.concatenate([np.abs(np.diff(band, axis=0)) for band in short]),
            np.concatenate([grain(wave) for wave in waves]),
        )
