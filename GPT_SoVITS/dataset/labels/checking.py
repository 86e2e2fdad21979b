"""Whether a text can be what is said in a recording: its length, and its script."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import soundfile

from GPT_SoVITS.audio.decode import read_audio
from GPT_SoVITS.dataset.labels.lists import Line
from GPT_SoVITS.dataset.problems import Problem, ProblemError
from GPT_SoVITS.engine.errors import ReferenceAudioError

SHORTEST, LONGEST = 0.6, 54.0
"""Seconds; the training leaves other recordings out."""
_AROUND = 0.3, 1.5
"""Seconds that speech may be shorter, and pauses around it longer, than the pace says."""
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_KANA = re.compile(r"[\u3041-\u30ff]")
_HANGUL = re.compile(r"[\uac00-\ud7a3]")
_WORD = re.compile(r"[A-Za-z\u00c0-\u024f]+(?:['’][A-Za-z]+)?")
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True)
class _Pace:
    """How much of a text is said in a second, in units of the language, at least and at most; and its script."""

    slowest: float
    fastest: float
    script: re.Pattern[str]
    han: float = 1.0
    kana: float = 1.0
    hangul: float = 1.0
    word: float = 1.0

    def units(self, text: str) -> float:
        """Syllables of a text, or words where the language counts those."""
        parts = ((_HAN, self.han), (_KANA, self.kana), (_HANGUL, self.hangul), (_WORD, self.word), (_DIGIT, 1.0))
        return sum(weight * len(pattern.findall(text)) for pattern, weight in parts)


_PACES = {
    "zh": _Pace(1.2, 9.0, _HAN, word=2.0),
    "yue": _Pace(1.2, 9.0, _HAN, word=2.0),
    "ja": _Pace(2.0, 14.0, re.compile(f"{_HAN.pattern}|{_KANA.pattern}"), han=2.0, word=3.0),
    "ko": _Pace(1.5, 11.0, _HANGUL, word=2.0),
    "en": _Pace(0.6, 5.5, _WORD, han=0.7),
}


def seconds_of(path: Path) -> float:
    """Return the length of a sound file.

    Raises:
        ProblemError: it is none.
    """
    try:
        return float(soundfile.info(str(path)).duration)
    except (soundfile.LibsndfileError, OSError, ValueError):
        pass
    try:
        samples, rate = read_audio(path)
    except ReferenceAudioError as error:
        raise ProblemError("audio_unreadable", reason=str(error)) from error
    return len(samples) / rate


def doubts(line: Line, seconds: float) -> list[Problem]:
    """Return why a line may be wrong; each is a warning, and the line is used all the same.

    Args:
        line: Of a list.
        seconds: Length of its recording.
    """
    pace = _PACES[line.language]
    units = pace.units(line.text)
    values = {"number": line.number, "seconds": round(seconds, 2)}
    found = []
    if not SHORTEST < seconds < LONGEST:
        found.append(Problem(line.path, "length_unused", {**values, "shortest": SHORTEST, "longest": LONGEST}))
    if units / pace.fastest > seconds + _AROUND[0]:
        found.append(Problem(line.path, "text_too_long", {**values, "least": round(units / pace.fastest, 1)}))
    if units / pace.slowest + _AROUND[1] < seconds:
        found.append(Problem(line.path, "text_too_short", {**values, "most": round(units / pace.slowest, 1)}))
    if not pace.script.search(line.text) and not _DIGIT.search(line.text):
        found.append(Problem(line.path, "script_foreign", {"number": line.number, "language": line.language}))
    return found
