"""Subtitles of a synthesis: SubRip (.srt) and WebVTT (.vtt) from the times of its segments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from GPT_SoVITS.text.cutting import SPLITTERS
from GPT_SoVITS.text.sentences import ends_sentence, joined

_SIGNS_AT_START = "".join(SPLITTERS) + " "
_SIGN_AT_END = re.compile(r"(?<=[。！？!?])[.。]$|(?<=\S) [.。]$")
MEDIA_TYPES = {"srt": "application/x-subrip", "vtt": "text/vtt"}


class Timed(Protocol):
    """What has a text and the seconds between which it is heard, such as ``SegmentDone``."""

    @property
    def text(self) -> str:
        """What is said."""

    @property
    def start(self) -> float:
        """Seconds to the first sound."""

    @property
    def end(self) -> float:
        """Seconds to the end of the last."""


@dataclass(frozen=True)
class Cue:
    """A line of subtitles, for those who have no ``SegmentDone``."""

    text: str
    start: float
    end: float


def sentence_cues(segments: Iterable[Timed], text: str = "") -> list[Cue]:
    """Return one cue a sentence: pieces of a sentence that were spoken one by one become one again.

    Args:
        segments: The pieces.
        text: What they come from.
    """
    cues: list[Cue] = []
    for segment in segments:
        if cues and not ends_sentence(cues[-1].text):
            before = cues.pop()
            cues.append(Cue(joined(before.text, segment.text, text), before.start, segment.end))
        else:
            cues.append(Cue(segment.text, segment.start, segment.end))
    return cues


def subrip(segments: Iterable[Timed]) -> str:
    """Return SubRip: numbered cues, times with a comma."""
    blocks = [
        f"{number}\n{_time(start, ',')} --> {_time(end, ',')}\n{text}\n"
        for number, (start, end, text) in enumerate(_cues(list(segments)), 1)
    ]
    return "\n".join(blocks)


def webvtt(segments: Iterable[Timed]) -> str:
    """Return WebVTT: a header, times with a point, the text escaped."""
    blocks = ["WEBVTT\n"]
    for start, end, text in _cues(list(segments)):
        escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        blocks.append(f"{_time(start, '.')} --> {_time(end, '.')}\n{escaped}\n")
    return "\n".join(blocks)


def _cues(segments: Sequence[Timed]) -> Iterable[tuple[int, int, str]]:
    """Times in whole milliseconds, cues that neither overlap nor are empty; the text on one line.

    An empty line ends a cue in both formats, and "-->" starts one: neither may come from the text.
    """
    for index, segment in enumerate(segments):
        # Cutting may put a sign before a text and another one after its last.
        text = _SIGN_AT_END.sub("", " ".join(segment.text.split()).lstrip(_SIGNS_AT_START)).replace("-->", "→")
        start, end = round(segment.start * 1000), round(segment.end * 1000)
        if index + 1 < len(segments):
            end = min(end, round(segments[index + 1].start * 1000))
        if text:
            yield start, max(end, start + 1), text


def _time(milliseconds: int, separator: str) -> str:
    seconds, milliseconds = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{separator}{milliseconds:03d}"
