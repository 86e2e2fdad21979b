"""A text with marks in it, whatever notation they came from: pinned words, pauses, changes of pace.

While a text is prepared, private-use characters stand where a mark begins, ends or is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from GPT_SoVITS.text.reading.draft import Edit
from GPT_SoVITS.text.reading.meaning import Meaning
from GPT_SoVITS.text.reading.readings import MarkupError, entry_of, exact_entry_of
from GPT_SoVITS.text.userdict import Entry

MOST_MARKS = 2000
LONGEST_PAUSE = 10.0
"""Seconds."""
_OPEN, _CLOSE, _PAUSE, _RATE = 0xF0000, 0xF2000, 0xF4000, 0xF6000
MARKERS = re.compile(f"[{chr(_OPEN)}-{chr(_RATE + MOST_MARKS)}]")
_MARKS = f"{chr(_OPEN)}-{chr(_RATE + MOST_MARKS)}"
_PINNED = re.compile(
    f"([{chr(_OPEN)}-{chr(_OPEN + MOST_MARKS)}])([^{_MARKS}]*)[{chr(_CLOSE)}-{chr(_CLOSE + MOST_MARKS)}]"
)
_POINT = re.compile(f"[{chr(_PAUSE)}-{chr(_RATE + MOST_MARKS)}]")


@dataclass(frozen=True)
class Script:
    """A prepared text with its marks.

    Attributes:
        text: The text; markers stand around pinned words and where a pause is.
        edits: What is said for pinned words, nothing for other marks.
        pins: Start of an edit -> its pronunciation.
        meanings: Start of an edit -> what it is meant as; its language decides what is said.
        breaks: Places where a piece ends.
        pauses: Place of a break -> seconds.
        rates: Places from which a pace holds, from left to right.
    """

    text: str
    edits: list[Edit] = field(default_factory=list)
    pins: dict[int, Entry] = field(default_factory=dict)
    meanings: dict[int, Meaning] = field(default_factory=dict)
    breaks: list[int] = field(default_factory=list)
    pauses: dict[int, float] = field(default_factory=dict)
    rates: list[tuple[int, float]] = field(default_factory=list)

    def pause_within(self, start: int, end: int) -> float | None:
        """Return the pauses that end after a place and not after another, together; None where there are none."""
        found = [seconds for place, seconds in self.pauses.items() if start < place <= end]
        return min(sum(found), LONGEST_PAUSE) if found else None

    def rate_at(self, start: int) -> float:
        """Return the pace of the piece that begins at a place."""
        return next((rate for place, rate in reversed(self.rates) if place <= start), 1.0)


class Marks:
    """Collects a text with marks; what every notation is turned into."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._readings: list[Entry | Meaning | str] = []
        self._pauses: list[float] = []
        self._rates: list[float] = []

    def _number(self, marks: list[float] | list[Entry | Meaning | str]) -> int:
        if len(marks) >= MOST_MARKS:
            raise MarkupError(f"the text has more than {MOST_MARKS} marks of a kind; give less text at a time")
        return len(marks)

    def text(self, text: str) -> None:
        """Append text without marks."""
        self._parts.append(text)

    def reading(self, word: str, reading: str, *, exact: bool = False) -> None:
        """Append a word with its reading.

        Args:
            word: The word.
            reading: Syllables, phonemes, or words.
            exact: Whether it cannot be words.
        """
        of = exact_entry_of if exact else entry_of
        self._mark(word, of(word.strip(), reading.strip()))

    def pronounced(self, word: str, phones: tuple[str, ...]) -> None:
        """Append a word with its phonemes."""
        self._mark(word, Entry((), phones, 0))

    def meant(self, text: str, meaning: Meaning) -> None:
        """Append text that is meant as a date, a telephone number or the like."""
        self._mark(text, meaning)

    def _mark(self, word: str, reading: Entry | Meaning | str) -> None:
        number = self._number(self._readings)
        self._readings.append(reading)
        self._parts.append(f"{chr(_OPEN + number)}{word}{chr(_CLOSE + number)}")

    def pause(self, seconds: float, written: str) -> None:
        """Append a pause.

        Args:
            seconds: Its length.
            written: How the text asks for it.

        Raises:
            MarkupError: it is longer than ten seconds.
        """
        if not 0 <= seconds <= LONGEST_PAUSE:
            raise MarkupError(f"{written:.60} is outside 0 to {LONGEST_PAUSE:g} s; give a pause of that length")
        number = self._number(self._pauses)
        self._pauses.append(seconds)
        self._parts.append(chr(_PAUSE + number))

    def rate(self, rate: float) -> None:
        """Change the pace of what follows."""
        number = self._number(self._rates)
        self._rates.append(rate)
        self._parts.append(chr(_RATE + number))

    def script(self, prepare: Callable[[str], str]) -> Script:
        """Return the prepared text with the places of the marks in it."""
        text = prepare("".join(self._parts))
        script = Script(text)
        for match in _PINNED.finditer(text):
            self._pin(script, match)
        for match in _POINT.finditer(text):
            self._place(script, match)
        return script

    def _pin(self, script: Script, match: re.Match[str]) -> None:
        """Say words instead of all of it; or nothing for the markers, and the word between them as was asked for."""
        reading = self._readings[ord(match[1]) - _OPEN]
        start, end = match.span(2)
        if isinstance(reading, str) or start == end:
            script.edits.append(Edit(match.start(), match.end(), reading if isinstance(reading, str) else ""))
            return
        script.edits.append(Edit(match.start(), start, ""))
        script.edits.append(Edit(start, end, match[2]))
        script.edits.append(Edit(end, match.end(), ""))
        if isinstance(reading, Entry):
            script.pins[start] = reading
        elif isinstance(reading, Meaning):
            script.meanings[start] = reading

    def _place(self, script: Script, match: re.Match[str]) -> None:
        code, end = ord(match[0]), match.end()
        script.edits.append(Edit(match.start(), end, ""))
        if code >= _RATE:
            script.breaks.append(match.start())
            script.rates.append((match.start(), self._rates[code - _RATE]))
        else:
            script.breaks.append(end)
            script.pauses[end] = self._pauses[code - _PAUSE]
