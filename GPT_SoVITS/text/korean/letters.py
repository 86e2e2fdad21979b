"""The Korean front end: spoken syllables as single letters, spaces and signs as symbols."""

from __future__ import annotations

import importlib
import re
from functools import lru_cache
from string import ascii_lowercase

from GPT_SoVITS.text.errors import TextError
from GPT_SoVITS.text.frontend import Pronunciation
from GPT_SoVITS.text.korean.analysis import Analyser
from GPT_SoVITS.text.korean.rules import Rules, decompose
from GPT_SoVITS.text.symbols import IDS

_NAMES_A_TO_M = ("에이", "비", "시", "디", "이", "에프", "지", "에이치", "아이", "제이", "케이", "엘", "엠")
_NAMES_N_TO_Z = ("엔", "오", "피", "큐", "아르", "에스", "티", "유", "브이", "더블유", "엑스", "와이", "제트")
_LETTER_NAMES = dict(zip(ascii_lowercase, _NAMES_A_TO_M + _NAMES_N_TO_Z, strict=True))
# Letters that a pattern ignoring case takes for Latin ones: dotted and dotless i, the Kelvin sign, the long s.
_LOOKALIKES = {"\u0130": "i", "\u0131": "i", "\u212a": "k", "\u017f": "s"}
_LATIN = str.maketrans(
    _LETTER_NAMES
    | {letter.upper(): name for letter, name in _LETTER_NAMES.items()}
    | {letter: _LETTER_NAMES[latin] for letter, latin in _LOOKALIKES.items()}
)
_DIPHTHONGS = str.maketrans(
    {"ㅘ": "ㅗㅏ", "ㅙ": "ㅗㅐ", "ㅚ": "ㅗㅣ", "ㅝ": "ㅜㅓ", "ㅞ": "ㅜㅔ", "ㅟ": "ㅜㅣ", "ㅢ": "ㅡㅣ"}
    | {"ㅑ": "ㅣㅏ", "ㅒ": "ㅣㅐ", "ㅕ": "ㅣㅓ", "ㅖ": "ㅣㅔ", "ㅛ": "ㅣㅗ", "ㅠ": "ㅣㅜ"}
)
_RIEUL_AFTER_EUL = re.compile("([ㅇㄹ]ㅡㄹ) ㄹ")  # a slip of the rules: 을 before ㄹ is spoken with ㄴ
_ENDS_IN_LETTER = re.compile(r"([\u3131-\u3163])$")
_SIGNS = {"：": ",", "；": ",", "，": ",", "、": ",", "·": ",", "。": ".", "\n": ".", "！": "!", "？": "?", " ": "空"}
_UNKNOWN = "停"


def spell_latin(text: str) -> str:
    """Return the text with each Latin letter as the name that it has in Korean."""
    return text.translate(_LATIN)


@lru_cache(maxsize=4096)
def _single(letter: str) -> str:
    """The letter that stands alone for a conjoining one; other characters as they are."""
    package = importlib.import_module("jamo")
    try:
        alone: str = package.j2hcj(letter)
    except package.jamo.InvalidJamoError as error:
        raise TextError(f"U+{ord(letter):04X} is an archaic Korean letter that has no reading") from error
    return alone


def divide(text: str) -> str:
    """Return the text in single letters, diphthongs as two vowels.

    Raises:
        TextError: the text holds an archaic letter without a reading.
    """
    return "".join(map(_single, decompose(text))).translate(_DIPHTHONGS)


def _symbol(character: str) -> str:
    symbol = _SIGNS.get(character, character)
    return symbol if symbol in IDS["v2"] else _UNKNOWN


class KoreanFrontEnd:
    """Korean text to letters (``text/korean.py`` of the official program, with g2pk2 and MeCab)."""

    def __init__(self, analyser: Analyser, rules: Rules) -> None:
        self._analyser = analyser
        self._rules = rules

    def normalise(self, text: str) -> str:
        """Return the text unchanged: numbers are read together with the sound changes."""
        return text

    def pronounce(self, norm_text: str) -> Pronunciation:
        """Return letters; a space is ``空``, an unknown sign ``停``, and a final letter gets a full stop.

        Raises:
            TextError: half of a surrogate pair, or an archaic letter without a reading.
        """
        written = self._rules.replace_idioms(spell_latin(norm_text))
        spoken = self._rules.change_sounds(self._rules.read_numbers(self._analyser.annotate(written)))
        letters = _RIEUL_AFTER_EUL.sub(r"\1 ㄴ", divide(spoken))
        return Pronunciation(norm_text, list(map(_symbol, _ENDS_IN_LETTER.sub(r"\1.", letters))), None)
