"""Readings of words that overrule the polyphone network.

The official list has 45,047 words. All but 41 of them are phrases of pypinyin 0.55 with the reading that pypinyin
gives, so only the difference is kept here: ``polyphone_readings`` (other readings, and words that pypinyin lacks) and
``polyphone_unlisted`` (phrases that the list lacks). A user's own copy of the official files is read instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from pypinyin import Style, lazy_pinyin
from pypinyin.phrases_dict import phrases_dict

from GPT_SoVITS.text import resources
from GPT_SoVITS.text.chinese import tables
from GPT_SoVITS.text.errors import TextError

_ENTRY = re.compile(r"\s*([^:\s]+)\s*:\s*\[([^\]]*)\]\s*")
_QUOTED = re.compile(r"""'([^']*)'|"([^"]*)\"""")


class PolyphoneFileError(TextError):
    """A file of readings has a line that is not ``word: ['reading', ...]``."""


# Looks a word up: its syllables, or None if it is not listed.
Readings = Callable[[str], "tuple[str, ...] | None"]


class DerivedReadings:
    """The official list, derived from pypinyin's phrases."""

    def __init__(self) -> None:
        self._own = {word: tuple(rest) for word, *rest in map(str.split, tables.lines("polyphone_readings"))}
        self._unlisted = tables.words("polyphone_unlisted")
        self._phrase = lru_cache(maxsize=16384)(self._read_phrase)

    def __call__(self, word: str) -> tuple[str, ...] | None:
        """Return the listed reading of ``word``."""
        if word in self._own:
            return self._own[word]
        if word not in phrases_dict or word in self._unlisted:
            return None
        return self._phrase(word)

    @staticmethod
    def _read_phrase(word: str) -> tuple[str, ...]:
        return tuple(lazy_pinyin(word, style=Style.TONE3, neutral_tone_with_five=True))


def read_official(path: Path) -> dict[str, tuple[str, ...]]:
    """Read ``polyphonic.rep`` and, if it lies beside, ``polyphonic-fix.rep``, whose entries win.

    Raises:
        PolyphoneFileError: a line has another form.
    """
    found: dict[str, tuple[str, ...]] = {}
    for file in (path, path.with_name("polyphonic-fix.rep")):
        if not file.is_file():
            continue
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            entry = _ENTRY.fullmatch(line)
            if entry is None and line.strip():
                raise PolyphoneFileError(f"{file}, line {number}: found {line[:60]!r}, expected word: ['reading', ...]")
            if entry is not None:
                found[entry[1]] = tuple(single or double for single, double in _QUOTED.findall(entry[2]))
    return found


def load_readings() -> Readings:
    """Return the user's official list if there is one, else the derived list."""
    path = resources.find("polyphonic")
    if path is None:
        return DerivedReadings()
    official = read_official(path)
    return lambda word: official.get(word)


def correct(word: str, syllables: list[str], readings: Readings) -> list[str]:
    """Return the syllables of a word after the list: of the whole word, else of its characters that stand alone."""
    whole = readings(word)
    if whole is not None:
        return list(whole)
    alone = [readings(character) for character in word]
    return [listed[0] if listed else found for found, listed in zip(syllables, alone, strict=False)]
