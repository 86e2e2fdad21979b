"""Judging a reference clip before it is used: the numbers that decide how a cloned voice will sound, and advice.

Levels are in dB relative to full scale (dBFS). The advice is advice: only the length is a condition, and it is checked
elsewhere (:func:`GPT_SoVITS.audio.decode.check_reference_length`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from GPT_SoVITS.audio.decode import REFERENCE_SECONDS

FLOOR_DB = -120.0
"""What a level is at least; digital silence has none."""
MAX_SNR_DB = 80.0
FRAME_S, HOP_S = 0.025, 0.010
CLIPPED_LEVEL = 0.999
CLIPPED_RUN = 2
"""So many neighbouring samples at full scale are clipping; a single one is a peak."""
SILENCE_BELOW_LOUD_DB = 40.0
"""A frame this far below the loud ones is a pause."""


@dataclass(frozen=True)
class Advice:
    """Something that will be heard.

    Attributes:
        code: For programs.
        en: For people.
        zh: For people.
    """

    code: str
    en: str
    zh: str


@dataclass(frozen=True)
class ReferenceReport:
    """The numbers of a clip.

    Attributes:
        seconds: Length.
        rate: Samples per second.
        peak_dbfs: Highest sample.
        rms_dbfs: Average level of what is not a pause.
        clipped_share: Part of the samples that are cut off at full scale, 0 to 1.
        silent_share: Part of the clip that is pauses, 0 to 1.
        snr_db: Estimate of speech above background noise; None where nothing is loud.
        warnings: What is wrong with it, the worst first.
    """

    seconds: float
    rate: int
    peak_dbfs: float
    rms_dbfs: float
    clipped_share: float
    silent_share: float
    snr_db: float | None
    warnings: tuple[Advice, ...]


def analyse(samples: NDArray[np.float32], rate: int) -> ReferenceReport:
    """Return the numbers of a clip, (N,) float32 with full scale at 1, and what to do about them."""
    seconds = len(samples) / rate
    peak = _decibels(float(np.max(np.abs(samples), initial=0.0)) ** 2)
    frames = _frame_powers(samples, rate)
    loud = _decibels(float(np.percentile(frames, 95)))
    levels = 10 * np.log10(np.maximum(frames, 1e-12))
    pauses = levels < max(loud - SILENCE_BELOW_LOUD_DB, FLOOR_DB + 1)
    speech = frames[~pauses]
    rms = _decibels(float(speech.mean()) if len(speech) else 0.0)
    report = ReferenceReport(
        seconds=seconds,
        rate=rate,
        peak_dbfs=peak,
        rms_dbfs=rms,
        clipped_share=_clipped_share(samples),
        silent_share=float(pauses.mean()) if len(speech) else 1.0,
        snr_db=_signal_to_noise(frames) if len(speech) else None,
        warnings=(),
    )
    return ReferenceReport(**{**vars(report), "warnings": tuple(_warnings(report))})


def _decibels(power: float) -> float:
    return max(FLOOR_DB, float(10 * np.log10(max(power, 1e-30))))


def _frame_powers(samples: NDArray[np.float32], rate: int) -> NDArray[np.float64]:
    """Mean square of frames of 25 ms every 10 ms, without the constant offset of bad microphones."""
    size, hop = max(1, round(FRAME_S * rate)), max(1, round(HOP_S * rate))
    if len(samples) < size:
        samples = np.pad(samples, (0, size - len(samples)))
    centred = samples.astype(np.float64) - float(samples.mean())
    total = np.concatenate([[0.0], np.cumsum(centred**2)])
    starts = np.arange(0, len(samples) - size + 1, hop)
    powers: NDArray[np.float64] = np.maximum(total[starts + size] - total[starts], 0.0) / size
    return powers


def _clipped_share(samples: NDArray[np.float32]) -> float:
    at_limit = np.abs(samples) >= CLIPPED_LEVEL
    if not at_limit.any():
        return 0.0
    edges = np.flatnonzero(np.diff(np.concatenate([[0], at_limit.view(np.int8), [0]])))
    runs = edges[1::2] - edges[::2]
    return float(runs[runs >= CLIPPED_RUN].sum() / len(samples))


def _signal_to_noise(frames: NDArray[np.float64]) -> float:
    """Estimate from the quietest tenth (the background, heard in pauses) and the loud half of the rest."""
    ordered = np.sort(frames)
    noise = float(ordered[: max(1, len(ordered) // 10)].mean())
    both = float(ordered[len(ordered) // 2 :].mean())
    if noise <= both * 10 ** (-MAX_SNR_DB / 10):
        return MAX_SNR_DB
    return min(MAX_SNR_DB, _decibels(max(both - noise, both * 1e-3) / noise))


def _warnings(report: ReferenceReport) -> list[Advice]:
    shortest, longest = REFERENCE_SECONDS
    found = []

    def warn(condition: bool, code: str, en: str, zh: str) -> None:
        if condition:
            found.append(Advice(code, en, zh))

    seconds = report.seconds
    warn(
        seconds < shortest,
        "too_short",
        f"The clip is {seconds:.1f} s long; {shortest:g} to {longest:g} s are needed.",
        f"音频长 {seconds:.1f} 秒，需要 {shortest:g} 到 {longest:g} 秒。",
    )
    warn(
        seconds > longest,
        "too_long",
        f"The clip is {seconds:.1f} s long; cut it to {shortest:g} to {longest:g} s.",
        f"音频长 {seconds:.1f} 秒，请剪到 {shortest:g} 到 {longest:g} 秒。",
    )
    if report.snr_db is None:
        warn(True, "silent", "Nothing can be heard in the clip.", "音频中没有声音。")
        return found
    warn(
        report.clipped_share > 1e-4,
        "clipped",
        f"{report.clipped_share:.2%} of the samples are cut off at full scale; record at a lower level.",
        f"{report.clipped_share:.2%} 的采样削波失真，请降低录音音量重录。",
    )
    warn(
        report.snr_db < 15,
        "noisy",
        f"Speech is only about {report.snr_db:.0f} dB above the background; the noise will be part of the voice.",
        f"人声只比背景噪声高约 {report.snr_db:.0f} dB，噪声会被一起克隆；请换更安静的录音或先降噪。",
    )
    warn(
        report.rms_dbfs < -36,
        "quiet",
        f"The clip is quiet ({report.rms_dbfs:.0f} dBFS); raise its level to about -20 dBFS.",
        f"音量偏低（{report.rms_dbfs:.0f} dBFS），建议提高到约 -20 dBFS。",
    )
    warn(
        report.silent_share > 0.5,
        "mostly_silent",
        f"{report.silent_share:.0%} of the clip are pauses; cut them out.",
        f"音频中 {report.silent_share:.0%} 是静音，请剪掉。",
    )
    warn(
        report.rate < 16000,
        "low_rate",
        f"{report.rate} samples per second are telephone quality; the voice will sound dull.",
        f"采样率只有 {report.rate} Hz，音色会发闷；请用 16 kHz 以上的录音。",
    )
    return found
