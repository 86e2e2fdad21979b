"""Reference clips: checked, normalised to WAV, and judged."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from GPT_SoVITS.engine.media.analysis import ReferenceReport, analyse
from GPT_SoVITS.engine.media.decode import check_reference_length, probe, read_audio
from GPT_SoVITS.engine.media.encode import encode
from GPT_SoVITS.engine.media.resample import StreamResampler
from service.errors import ParameterError

MAX_RATE = 48_000
AUXILIARY_SECONDS = (0.5, 60.0)
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


def reference(path: Path) -> tuple[bytes, str, dict[str, Any]]:
    """Return a reference clip as WAV, the suffix that its original should have, and its figures.

    Raises:
        ReferenceAudioError: it cannot be read, or is not 3 to 10 seconds long.
        ParameterError: nothing can be heard in it.
    """
    info = probe(path, max_seconds=_LONGEST_S)
    check_reference_length(info.seconds)
    samples, rate = read_audio(path, max_seconds=_LONGEST_S)
    check_reference_length(len(samples) / rate)
    report = analyse(samples, rate)
    if report.snr_db is None:
        raise ParameterError("refer_wav is silent: nothing can be heard in it")
    return _as_wav(samples, rate), _SUFFIXES.get(info.format, ".bin"), figures(report)


def auxiliary(path: Path) -> bytes:
    """Return an auxiliary clip as WAV.

    Raises:
        ReferenceAudioError: it cannot be read.
        ParameterError: it is too short, too long, or silent.
    """
    shortest, longest = AUXILIARY_SECONDS
    samples, rate = read_audio(path, max_seconds=longest)
    if len(samples) < shortest * rate:
        raise ParameterError(f"an auxiliary clip has {len(samples) / rate:.2f} s; at least {shortest} s are needed")
    if analyse(samples, rate).snr_db is None:
        raise ParameterError("an auxiliary clip is silent: nothing can be heard in it")
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
