"""SSML 1.1 as far as it changes what is said: say-as, sub, phoneme, break, prosody rate, p and s.

Read by expat as it comes, never as a tree. A document type, and with it every entity of one's own, is refused; depth,
number of elements and size have limits. Elements that mean nothing here are passed over, their text is read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.parsers import expat

from GPT_SoVITS.text.reading.inline import put
from GPT_SoVITS.text.reading.ipa import IpaError, arpabet
from GPT_SoVITS.text.reading.marks import Marks
from GPT_SoVITS.text.reading.meaning import KINDS, SPELT, Meaning
from GPT_SoVITS.text.reading.readings import MarkupError

LARGEST = 2**20  # characters
DEEPEST = 32
MOST_ELEMENTS = 5000
_LONGEST_FORM = 20  # characters of a date's format

_STRENGTHS = {"none": 0.0, "x-weak": 0.1, "weak": 0.2, "medium": 0.4, "strong": 0.8, "x-strong": 1.2}
_RATES = {"x-slow": 0.5, "slow": 0.75, "medium": 1.0, "default": 1.0, "fast": 1.25, "x-fast": 1.6}
SLOWEST, FASTEST = 0.5, 2.0
_TIME = re.compile(r"([+-]?(?:\d{1,300}(?:\.\d{1,300})?|\.\d{1,300}))\s?(ms|s)", re.IGNORECASE)
_RATE = re.compile(r"([+-]?)(\d{1,4}(?:\.\d{1,3})?)(%?)")
ALPHABET = "x-gpt-sovits"
"""Of a phoneme element whose ``ph`` is as a line of a user dictionary has it, never words."""
_LINES = frozenset({"p", "s", "speak"})
_SKIPPED = frozenset({"audio", "metadata", "meta", "desc", "lexicon", "lookup"})
_STRETCHES = re.compile(r"\d+|[^\d]+")
_DICTIONARY = frozenset({"", "pinyin", "x-pinyin", "jyutping", "x-jyutping", "arpabet", "x-arpabet", "cmu-arpabet"})
"""Values of ``alphabet`` under which ``ph`` has syllables or phonemes; an empty one stands for a missing one."""
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fc ]+")
_SUPPORTED = (
    f'alphabet="ipa" for English words, "pinyin" and "jyutping" for Han characters, or "{ALPHABET}" with the phonemes '
    "of any language"
)


def _seconds(attributes: Mapping[str, str]) -> float:
    time = attributes.get("time")
    if time is None:
        strength = attributes.get("strength", "medium").strip()
        if strength not in _STRENGTHS:
            raise MarkupError(f'<break strength="{strength:.40}"> is no strength; write {", ".join(_STRENGTHS)}')
        return _STRENGTHS[strength]
    match = _TIME.fullmatch(time.strip())
    if match is None:
        raise MarkupError(f'<break time="{time:.40}"> is no time; write 500ms or 0.5s')
    return float(match[1]) / (1000 if match[2].lower() == "ms" else 1)


def _rate(text: str) -> float:
    named = _RATES.get(text.strip())
    if named is not None:
        return named
    match = _RATE.fullmatch(text.strip())
    if match is None:
        raise MarkupError(f'<prosody rate="{text:.40}"> is no pace; write slow, fast, 80% or 1.2')
    value = float(match[2]) / (100 if match[3] else 1)
    if match[1]:
        value = 1 + value if match[1] == "+" else 1 - value
    if not SLOWEST <= value <= FASTEST:
        raise MarkupError(f"a pace of {value:g} is outside {SLOWEST:g} to {FASTEST:g}")
    return value


def _say_as(marks: Marks, text: str, attributes: Mapping[str, str]) -> None:
    """Put a text into marks as what it is meant as; of an unknown kind it is read as it stands."""
    kind = attributes.get("interpret-as", "").strip().lower().rpartition(":")[2]
    if kind in SPELT:
        _spell(marks, text)
    elif kind in KINDS and text.strip():
        marks.meant(text.strip(), Meaning(kind, attributes.get("format", "")[:_LONGEST_FORM]))
    else:
        marks.text(text)


def _spell(marks: Marks, text: str) -> None:
    """Letters stand apart, and belong to their own language; digits are said one by one."""
    for stretch in _STRETCHES.findall(text):
        if stretch[0].isdigit():
            marks.text(" ")
            marks.meant(stretch, Meaning("digits"))
            marks.text(" ")
        else:
            marks.text(" ".join(char for char in stretch if char.isalnum()))


def _pronounce(marks: Marks, word: str, reading: str, alphabet: str) -> None:
    """Put a word into marks with its pronunciation in one of the alphabets.

    Raises:
        MarkupError: the alphabet is unknown, or the pronunciation is none in it.
    """
    if alphabet == ALPHABET:
        marks.reading(word, reading, exact=True)
    elif alphabet == "ipa":
        if not word.isascii():
            raise MarkupError(f"IPA is read for English words, not for {word!r:.40}; give {_SUPPORTED}")
        try:
            marks.pronounced(word, arpabet(reading))
        except IpaError as error:
            raise MarkupError(str(error)) from error
    elif alphabet in _DICTIONARY:
        kana = _KANA.fullmatch(reading) is not None
        marks.reading(word, reading, exact=not kana)
    else:
        raise MarkupError(f'<phoneme alphabet="{alphabet:.40}"> is not known; give {_SUPPORTED}')


class _Reader:
    """Turns the events of the parser into marks."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks
        self._open: list[tuple[str, dict[str, str]]] = []
        self._texts: list[list[str]] = []  # of open elements whose text is replaced as a whole
        self._rates = [1.0]
        self._elements = 0
        self._skipping = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2].lower()
        self._elements += 1
        if self._elements > MOST_ELEMENTS or len(self._open) >= DEEPEST:
            raise MarkupError(f"SSML may have {MOST_ELEMENTS} elements, {DEEPEST} deep; give less at a time")
        if not self._open and name != "speak":
            raise MarkupError(f"SSML begins with <speak>, not with <{name:.40}>")
        self._open.append((name, attributes))
        if name in _SKIPPED:
            self._skipping += 1
        elif name in ("sub", "phoneme", "say-as"):
            self._texts.append([])
        elif name == "break":
            self._marks.pause(_seconds(attributes), f'<break time="{attributes.get("time", "")}">')
        elif name in _LINES:
            self._marks.text("\n")
        elif name == "prosody":
            self._rates.append(self._rates[-1] * _rate(attributes.get("rate", "medium")))
            self._marks.rate(min(max(self._rates[-1], SLOWEST), FASTEST))

    def end(self, name: str) -> None:
        name, attributes = self._open.pop()
        if name in _SKIPPED:
            self._skipping -= 1
        elif name in ("sub", "phoneme", "say-as"):
            self._replace(name, attributes, "".join(self._texts.pop()))
        elif name in _LINES:
            self._marks.text("\n")
        elif name == "prosody":
            self._rates.pop()
            self._marks.rate(min(max(self._rates[-1], SLOWEST), FASTEST))

    def _replace(self, name: str, attributes: Mapping[str, str], text: str) -> None:
        if self._texts:  # within another one, whose text it is
            self._texts[-1].append(text)
        elif name == "say-as":
            _say_as(self._marks, text, attributes)
        elif name == "phoneme" and (reading := attributes.get("ph", "").strip()) and text.strip():
            _pronounce(self._marks, text.strip(), reading, attributes.get("alphabet", "").strip().lower())
        elif name == "sub" and (alias := attributes.get("alias", "").strip()) and text.strip():
            self._marks.reading(text.strip(), alias)
        else:
            self._marks.text(attributes.get("alias", "").strip() or text)

    def text(self, text: str) -> None:
        if self._skipping:
            return
        if self._texts:
            self._texts[-1].append(text)
        else:
            put(text.replace("\n", " "), self._marks)


def read(text: str, marks: Marks) -> None:
    """Read an SSML document into marks.

    Raises:
        MarkupError: it is no well-formed SSML, has a document type, or exceeds a limit.
    """
    if len(text) > LARGEST:
        raise MarkupError(f"SSML of {len(text)} characters is over the limit of {LARGEST}")
    parser = expat.ParserCreate("utf-8")  # whatever encoding the XML declaration names
    reader = _Reader(marks)

    def refuse(*_: object) -> None:
        raise MarkupError("SSML may have no document type and no entities of its own")

    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.buffer_text = True
    parser.buffer_size = 2**18  # so that a mark in brackets comes in one piece
    try:
        parser.Parse(text.encode("utf-8"), True)
    except expat.ExpatError as error:
        raise MarkupError(f"the SSML is not well formed: {error}") from error
