"""Reference clips: checked, normalised to WAV, and judged."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from GPT_SoVITS.audio.analysis import ReferenceReport, analyse
from GPT_SoVITS.audio.decode import check_reference_length, read_audio, read_with_info
from GPT_SoVITS.audio.encode import encode
from GPT_SoVITS.audio.resample import StreamResampler
from service.errors import ParameterError

MAX_RATE = 48_000
AUXILIARY_SECONDS = (0.5, 60.0)
LONGEST_RECORDING_S = 600.0
"""No more of a recording is decoded, to cut a reference clip out of it."""
_LONGEST_S = 60.0
"""No more of a reference clip is decoded, to tell how long it is."""
_SUFFIXES = {
    "wav": ".wav",
    "flac": ".flac",
    "mp3": ".mp3",
    "ogg": ".ogg",
    "opus": ".opus",
    "aac": ".aac",
    "mov": ".m4a",
    "matroska": ".webm",
    "aiff": ".aiff",
}
_OF_LENGTH = ("too_short", "too_long")
# Seconds that a character of ordinary speech takes.
_SYLLABLE_S, _LETTER_S, _DIGIT_S = 0.21, 0.066, 0.2
_FASTEST, _SLOWEST = 1.9, 0.4


@dataclass(frozen=True)
class Cut:
    """A part of a recording, in seconds from its beginning.

    Raises:
        ParameterError: it has no length, or begins before the recording.
    """

    start: float
    end: float

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end <= LONGEST_RECORDING_S:
            raise ParameterError("cut_malformed", limit=f"{LONGEST_RECORDING_S:g}")

    @classmethod
    def of(cls, start: float | None, end: float | None) -> Cut | None:
        """Return the cut that a client names, None where it names none."""
        if start is None and end is None:
            return None
        return cls(start or 0.0, LONGEST_RECORDING_S if end is None else end)


@dataclass(frozen=True)
class Reference:
    """A reference clip that was looked at.

    Attributes:
        wav: As WAV.
        original: What is kept as its original; None keeps the file itself.
        suffix: Of the original's name.
        report: Its figures.
    """

    wav: bytes
    original: bytes | None
    suffix: str
    report: dict[str, Any]


def reference(path: Path, cut: Cut | None = None) -> Reference:
    """Return a reference clip, or the part of a longer recording that is to be one.

    Args:
        path: What was sent.
        cut: The part; it is kept at the recording's own rate, the rest of the recording is not kept.

    Raises:
        ReferenceAudioError: it cannot be read, or is not 3 to 10 seconds long.
        ParameterError: nothing can be heard in it, or the cut lies outside.
    """
    samples, rate, form = _read(path, cut)
    check_reference_length(len(samples) / rate)
    report = analyse(samples, rate)
    if report.snr_db is None:
        raise ParameterError("clip_silent")
    original = None if cut is None else encode(samples, rate, "wav")
    suffix = ".wav" if cut is not None else _SUFFIXES.get(form, ".bin")
    return Reference(_as_wav(samples, rate), original, suffix, figures(report))


def checked(path: Path, cut: Cut | None = None) -> dict[str, Any]:
    """Return the verdict on a clip as it was sent, before anything is made of it; any length is answered.

    Raises:
        ReferenceAudioError: it cannot be read.
        ParameterError: the cut lies outside.
    """
    samples, rate, _ = _read(path, cut)
    return figures(analyse(samples, rate))


def _read(path: Path, cut: Cut | None) -> tuple[NDArray[np.float32], int, str]:
    """Return the samples of a clip or of a part, their rate and the file's format."""
    longest = _LONGEST_S if cut is None else LONGEST_RECORDING_S

    def admit(seconds: float) -> None:
        if cut is None and seconds > longest:
            check_reference_length(seconds)

    samples, info = read_with_info(path, max_seconds=longest, admit=admit)
    rate = info.rate
    if cut is None:
        return samples, rate, info.format
    start, end = round(cut.start * rate), round(cut.end * rate)
    if end > len(samples) + rate // 10:
        raise ParameterError("cut_outside", end=f"{cut.end:.2f}", found=f"{len(samples) / rate:.2f}")
    return np.ascontiguousarray(samples[start:end]), rate, info.format


def auxiliary(path: Path) -> bytes:
    """Return an auxiliary clip as WAV.

    Raises:
        ReferenceAudioError: it cannot be read.
        ParameterError: it is too short, too long, or silent.
    """
    shortest, longest = AUXILIARY_SECONDS
    samples, rate = read_audio(path, max_seconds=longest)
    if len(samples) < shortest * rate:
        raise ParameterError("auxiliary_too_short", found=f"{len(samples) / rate:.2f}", limit=shortest)
    if analyse(samples, rate).snr_db is None:
        raise ParameterError("auxiliary_silent")
    return _as_wav(samples, rate)


def judged(path: Path) -> dict[str, Any]:
    """Return the figures of an auxiliary clip that is stored; its length is no matter for advice.

    Raises:
        FileNotFoundError: it is not there.
        ReferenceAudioError: it cannot be read.
    """
    status = path.stat()
    return _judged(path, status.st_mtime_ns, status.st_size)


@lru_cache(512)
def _judged(path: Path, modified_ns: int, size: int) -> dict[str, Any]:
    samples, rate = read_audio(path, max_seconds=AUXILIARY_SECONDS[1])
    found = figures(analyse(samples, rate))
    found["warnings"] = [each for each in found["warnings"] if each["code"] not in _OF_LENGTH]
    return found


def _as_wav(samples: NDArray[np.float32], rate: int) -> bytes:
    if rate > MAX_RATE:
        resampler = StreamResampler(rate, MAX_RATE)
        samples, rate = np.concatenate([resampler.write(samples), resampler.finish()]), MAX_RATE
    return encode(samples, rate, "wav")


def figures(report: ReferenceReport) -> dict[str, Any]:
    """Return a report as it is stored and answered."""
    rounded = {name: round(value, 4) for name, value in vars(report).items() if isinstance(value, float)}
    warnings = [{"code": advice.code, "en": advice.en, "zh": advice.zh} for advice in report.warnings]
    return {**rounded, "rate": report.rate, "warnings": warnings}


def verdict(report: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Return a clip's figures with what its text adds: a warning where it cannot be what is said in the clip."""
    found = dict(report)
    speech = float(report["seconds"]) * (1 - float(report.get("silent_share", 0.0)))
    expected = spoken_seconds(text)
    found["text_seconds"] = round(expected, 2)
    advice = None
    if text and expected > speech * _FASTEST:
        advice = (
            "text_too_long",
            f"The text takes about {expected:.0f} s to say, the clip has {speech:.1f} s of speech: is all of it said?",
            f"参考文本大约需要 {expected:.0f} 秒，而音频中只有 {speech:.1f} 秒人声，请确认文本与音频一致。",
        )
    elif text and expected < speech * _SLOWEST:
        advice = (
            "text_too_short",
            f"The text takes about {expected:.0f} s to say, the clip has {speech:.1f} s of speech: is some missing?",
            f"参考文本大约需要 {expected:.0f} 秒，而音频中有 {speech:.1f} 秒人声，文本可能不完整。",
        )
    warnings = list(report.get("warnings", ()))
    if advice is not None:
        warnings.append(dict(zip(("code", "en", "zh"), advice, strict=True)))
    found["warnings"] = warnings
    return found


def spoken_seconds(text: str) -> float:
    """Estimate how long a text takes to say, in seconds."""
    seconds = 0.0
    for char in text:
        if char.isdigit():
            seconds += _DIGIT_S
        elif char.isalpha():
            seconds += _SYLLABLE_S if unicodedata.east_asian_width(char) in ("W", "F", "H") else _LETTER_S
    return seconds
