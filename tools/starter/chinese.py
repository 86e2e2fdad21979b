"""Mandarin: phonemes of the front end as the teacher's symbols and as content classes, and where words begin.

A final is one phoneme of the front end and up to three sounds: a glide, a nucleus, and what closes it. Each of these
is a segment of its own here, because the teacher has a symbol for each, and so their times are known. The class of a
nucleus says its tone too, because nothing else would tell the synthesizer when it sounds.
"""

from __future__ import annotations

from collections.abc import Sequence

from GPT_SoVITS.text.chinese.words import segmenter
from tools.starter.marks import PAUSES

_INITIALS = {
    "b": "p", "p": "pʰ", "m": "m", "f": "f", "d": "t", "t": "tʰ", "n": "n", "l": "l", "g": "k", "k": "kʰ", "h": "x",
    "j": "ʨ", "q": "ʨʰ", "x": "ɕ", "zh": "ꭧ", "ch": "ꭧʰ", "sh": "ʂ", "r": "ɻ", "z": "ʦ", "c": "ʦʰ", "s": "s",
}  # fmt: skip
_GLIDES = {"i-": "j", "u-": "w", "y-": "ɥ"}
_CODAS = {"-n": "n", "-ng": "ŋ", "-i": "i", "-u": "u"}
_NUCLEI = {
    "a": "a", "o": "o", "e": "ɤ", "ə": "ə", "E": "e", "ɛ": "ɛ", "i": "i", "u": "u", "y": "y", "ɨ": "ɨ", "ʊ": "ʊ",
    "er": "ɚ",
}  # fmt: skip
TONES = "12345"
_ARROWS = {"1": "→", "2": "↗", "3": "↓", "4": "↘", "5": ""}
_FINALS = {
    "a": "a", "ai": "a -i", "an": "a -n", "ang": "a -ng", "ao": "a -u", "e": "e", "ei": "E -i", "en": "ə -n",
    "eng": "ə -ng", "er": "er", "i": "i", "ia": "i- a", "ian": "i- ɛ -n", "iang": "i- a -ng", "iao": "i- a -u",
    "ie": "i- E", "in": "i -n", "ing": "i -ng", "iong": "i- ʊ -ng", "iu": "i- o -u", "ir": "ɨ", "i0": "ɨ", "o": "u- o",
    "ong": "ʊ -ng", "ou": "o -u", "u": "u", "ua": "u- a", "uai": "u- a -i", "uan": "u- a -n", "uang": "u- a -ng",
    "ui": "u- E -i", "un": "u- ə -n", "uo": "u- o", "v": "y", "van": "y- ɛ -n", "ve": "y- E", "vn": "y -n", "E": "E",
    "En": "ɛ -n",
}  # fmt: skip
"""Sounds of each final."""
_LIKE_FINAL = {
    "a": "AA", "ai": "AY", "an": "AE", "ang": "AA", "ao": "AW", "e": "AH", "ei": "EY", "en": "AH", "eng": "AH",
    "er": "ER", "i": "IY", "ia": "AA", "ian": "EH", "iang": "AA", "iao": "AW", "ie": "EH", "in": "IH", "ing": "IH",
    "iong": "OW", "iu": "OW", "ir": "IH", "i0": "IH", "o": "AO", "ong": "UH", "ou": "OW", "u": "UW", "ua": "AA",
    "uai": "AY", "uan": "AE", "uang": "AA", "ui": "EY", "un": "AH", "uo": "AO", "v": "IY", "van": "EH", "ve": "EH",
    "vn": "IH", "E": "EH", "En": "EH",
}  # fmt: skip
_LIKE_INITIAL = {
    "b": "B", "p": "P", "m": "M", "f": "F", "d": "D", "t": "T", "n": "N", "l": "L", "g": "G", "k": "K", "h": "HH",
    "j": "JH", "q": "CH", "x": "SH", "zh": "JH", "ch": "CH", "sh": "SH", "r": "R", "z": "Z", "c": "S", "s": "S",
}  # fmt: skip
_LIKE_NUCLEUS = {
    "a": "AA", "o": "AO", "e": "AH", "ə": "AH", "E": "EH", "ɛ": "EH", "i": "IY", "u": "UW", "y": "IY", "ɨ": "IH",
    "ʊ": "UH", "er": "ER",
}  # fmt: skip
LIKE = {
    **_LIKE_INITIAL, "y": "Y", "w": "W",
    **{final + tone: f"{like}1" for final, like in _LIKE_FINAL.items() for tone in TONES},
}  # fmt: skip
"""The English phoneme that is most like each: networks that spoke English begin with what they know of it."""
SOUNDS_LIKE = {
    "": ",", **_LIKE_INITIAL, "i-": "Y", "u-": "W", "y-": "Y", "-n": "N", "-ng": "NG", "-i": "IY1", "-u": "UW1",
    **{nucleus + tone: f"{like}1" for nucleus, like in _LIKE_NUCLEUS.items() for tone in TONES},
}  # fmt: skip
"""The same of the sounds."""
_GLIDING = {"y": ("i-", frozenset({"a", "ang", "ao", "o", "ong", "ou", "E", "En"})), "w": ("u-", frozenset({
    "a", "ai", "an", "ang", "ei", "en", "eng", "o",
}))}  # fmt: skip
"""Initials that are glides before some finals; before others they have no sound, which their final begins with."""
_SILENT = frozenset({"AA", "EE", "OO"})
_WITHOUT_GLIDE = frozenset({"y", "w", "OO"})
"""Initials after which the final o is not uo."""
CLASSES = ["", *_INITIALS, *_GLIDES, *_CODAS, *(nucleus + tone for nucleus in _NUCLEI for tone in TONES)]
"""Content classes: silence, then the sounds; a nucleus is one in each tone."""
PIECES = 2
"""Sounds are shorter than phonemes, so a code says which half of one is heard."""
CODES = PIECES * len(CLASSES)
_CLASS_OF = {name: index for index, name in enumerate(CLASSES)}


def _sounds(phone: str, before: str, after: str) -> list[tuple[str, str]]:
    """Return the class and the teacher's symbols of every sound of a phoneme between its neighbours."""
    if phone in PAUSES:
        return [("", "," if phone == "-" else phone)]
    if phone in _INITIALS:
        return [(phone, _INITIALS[phone])]
    if phone in _GLIDING:
        glide, finals = _GLIDING[phone]
        return [(glide, _GLIDES[glide])] if after[:-1] in finals else []
    if phone in _SILENT:
        return []
    final, tone = phone[:-1], phone[-1]
    names = ["o"] if final == "o" and before in _WITHOUT_GLIDE else _FINALS[final].split()
    arrow = 1 if names[-1] in ("-i", "-u") else 0  # the teacher has the tone after a diphthong, but before n and ng
    nucleus = next(index for index, name in enumerate(names) if name in _NUCLEI)
    result = []
    for index, name in enumerate(names):
        symbol = (_NUCLEI | _CODAS | _GLIDES)[name]
        told = _ARROWS[tone] if index == nucleus + arrow else ""
        result.append((name + tone if name in _NUCLEI else name, symbol + told))
    return result


def _all_sounds(phones: Sequence[str]) -> list[list[tuple[str, str]]]:
    around = ["", *phones, ""]
    return [_sounds(phone, around[index], around[index + 2]) for index, phone in enumerate(phones)]


def owners(phones: Sequence[str]) -> list[int]:
    """Return the index of the phoneme of each segment; some initials have none."""
    return [index for index, sounds in enumerate(_all_sounds(phones)) for _ in sounds]


def classes(phones: Sequence[str]) -> list[int]:
    """Return the content class of each segment; every pause is silence."""
    return [_CLASS_OF[name] for sounds in _all_sounds(phones) for name, _ in sounds]


def symbols(phones: Sequence[str], starts: frozenset[int]) -> list[str]:
    """Return the teacher's symbols of each segment; a space precedes those that begin a word."""
    result, space = list[str](), ""
    for index, sounds in enumerate(_all_sounds(phones)):
        space = " " if index in starts else space
        for _, symbol in sounds:
            result.append(space + symbol)
            space = ""
    return result


def word_starts(spoken: str, phones: Sequence[str]) -> frozenset[int] | None:
    """Return which phonemes begin a word after the first; None where a character has other than two phonemes.

    Args:
        spoken: Normalised text.
        phones: Its phonemes.
    """
    starts, position = list[int](), 0
    for word in segmenter().words(spoken):
        if word.text not in PAUSES:
            starts.append(position)
        position += sum(1 if character in PAUSES else 2 for character in word.text)
    return frozenset(starts[1:]) if position == len(phones) else None
