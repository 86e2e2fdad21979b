"""Readings of words by pypinyin's dictionaries: the longest known phrases first, then single characters.

pypinyin's own functions spend most of their time in spelling each syllable anew and copy the rest of a text for each
word; here every syllable is spelled once, and the cost is linear. The answers are the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache

from pypinyin import Style
from pypinyin.constants import PHRASES_DICT, PINYIN_DICT
from pypinyin.converter import UltimateConverter
from pypinyin.seg.mmseg import p_set

_CACHED_LENGTH = 16  # longer words are rare, and a cache of hostile ones would only cost memory
_HAN_FIRST, _HAN_LAST = "\u3400", "\U0003ffff"
_SPELLING = UltimateConverter(neutral_tone_with_five=True)

# Initial and final with tone of each character; a mark stands for itself in both.
Reading = tuple[tuple[str, ...], tuple[str, ...]]


def _phrases(text: str) -> Iterator[str]:
    """Divide by forward maximum matching."""
    start = 0
    while start < len(text):
        stop, found = start + 1, start
        while stop <= len(text) and text[start:stop] in p_set:
            if text[start:stop] in PHRASES_DICT:
                found = stop
            stop += 1
        if found == start and stop > len(text):  # a beginning of a phrase at the end of the text
            yield from text[start:]
            return
        end = max(found, start + 1)
        yield text[start:end]
        start = end


@cache
def _spelled(syllable: str) -> tuple[str, str]:
    """Strict initial and final with tone number of a syllable with tone marks."""
    initial = _SPELLING.convert_style("", syllable, Style.INITIALS, strict=True)
    return initial, _SPELLING.convert_style("", syllable, Style.FINALS_TONE3, strict=True)


def _syllables(word: str) -> Iterator[tuple[str, str]]:
    for phrase in _phrases(word):
        if phrase in PHRASES_DICT:
            yield from (_spelled(readings[0]) for readings in PHRASES_DICT[phrase])
            continue
        for character in phrase:
            if ord(character) in PINYIN_DICT:
                yield _spelled(PINYIN_DICT[ord(character)].split(",")[0])
            elif _HAN_FIRST <= character <= _HAN_LAST:
                yield "", ""
            else:
                yield character, character


def _read(word: str) -> Reading:
    cut = list(_syllables(word))
    return tuple(initial for initial, _ in cut), tuple(final for _, final in cut)


_read_short = lru_cache(maxsize=32768)(_read)
_read_long = lru_cache(maxsize=2)(_read)  # the rules ask for the same word one after another


def read(word: str) -> Reading:
    """Return initials and finals of a word; both are empty for a Chinese character without a reading.

    Agrees with ``lazy_pinyin`` in the styles INITIALS and FINALS_TONE3 with ``neutral_tone_with_five``, but lists marks
    one by one.
    """
    return _read_short(word) if len(word) <= _CACHED_LENGTH else _read_long(word)
