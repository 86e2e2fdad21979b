"""Readings of polyphonic characters by phrase, for Chinese without the polyphone network.

A table of what the dictionaries get wrong most often (``polyphones.txt``); see ``Mandarin.with_phrases``.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_TARGET = re.compile(r"\(([\u4e00-\u9fff])\)")


@cache
def _table() -> dict[str, list[tuple[re.Pattern[str], str]]]:
    """Return the patterns of each character, with the reading that they give it."""
    table: dict[str, list[tuple[re.Pattern[str], str]]] = {}
    for line in Path(__file__).with_suffix(".txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            pattern, pinyin = line.split("\t")
            character = _TARGET.findall(pattern)[0]
            table.setdefault(character, []).append((re.compile(pattern), pinyin))
    return table


def readings(text: str) -> dict[int, str]:
    """Return the pinyin of characters that their phrase decides, by their place in a text."""
    table = _table()
    found: dict[int, str] = {}
    for character in set(text).intersection(table):
        for pattern, pinyin in table[character]:
            for match in pattern.finditer(text):
                found.setdefault(match.start(1), pinyin)
    return found
