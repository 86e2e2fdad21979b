"""g2pk2's sound changes in its order, with its tables read once and its slow steps replaced.

g2pk2 compiles some 500 patterns anew for every text and replaces numbers and syllables one by one over the whole text;
here each step is one pass. The results are the same, but for counted numbers of more than 16 digits, on which g2pk2
fails: they are read digit by digit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from GPT_SoVITS.text.korean.packages import RuleModules, load_rules

_COUNTED = re.compile(r"(\d[\d,]*)([ㄱ-힣]*)(/B)?")  # matches wherever a digit is, so that it never looks back
_DIGITS = str.maketrans("0123456789", "영일이삼사오육칠팔구")
_MARKS = re.compile("/[PJEB]")
_BARE_VOWEL = re.compile("(^|[^\u1100-\u1112])([\u1161-\u1175])")
_SYLLABLE = re.compile("([\u1100-\u1112])([\u1161-\u1175])([\u11a8-\u11c2]?)")
_SPECIAL = (
    *("jyeo", "ye", "consonant_ui", "josa_ui", "vowel_ui", "jamo", "rieulgiyeok", "rieulbieub", "verb_nieun"),
    *("balb", "palatalize", "modifying_rieul"),
)
_LINKS = ("link1", "link2", "link3", "link4")


def decompose(text: str) -> str:
    """Return the text with each Hangul syllable as its conjoining letters (initial, vowel, perhaps final)."""
    return "".join(map(_letters, text))


def _letters(character: str) -> str:
    offset = ord(character) - 0xAC00
    if not 0 <= offset < 11172:
        return character
    initial, rest = divmod(offset, 588)
    vowel, final = divmod(rest, 28)
    return chr(0x1100 + initial) + chr(0x1161 + vowel) + (chr(0x11A7 + final) if final else "")


def compose(letters: str) -> str:
    """Return conjoining letters as syllables; a vowel without an initial gets the silent one."""

    def syllable(match: re.Match[str]) -> str:
        final = ord(match[3]) - 0x11A7 if match[3] else 0
        return chr(0xAC00 + (ord(match[1]) - 0x1100) * 588 + (ord(match[2]) - 0x1161) * 28 + final)

    return _SYLLABLE.sub(syllable, _BARE_VOWEL.sub("\\1\u110b\\2", letters))


def _idioms(modules: RuleModules) -> Iterator[tuple[re.Pattern[str], str]]:
    for line in (modules.folder / "idioms.txt").read_text(encoding="utf-8").splitlines():
        written, separator, spoken = line.split("#")[0].strip().partition("===")
        if separator:
            yield re.compile(written), spoken


class Rules:
    """Sound changes of standard Korean.

    Raises:
        MissingResourceError: g2pk2 is not installed.
    """

    def __init__(self) -> None:
        modules = load_rules()
        self._idioms = list(_idioms(modules))
        self._special: list[Callable[[str], str]] = [getattr(modules.special, name) for name in _SPECIAL]
        self._table = [(re.compile(before), after) for before, after, _ in modules.utils.parse_table()]
        self._links: list[Callable[[str], str]] = [getattr(modules.regular, name) for name in _LINKS]
        self._numerals = modules.numerals

    def replace_idioms(self, text: str) -> str:
        """Return the text with the words of g2pk2's list of exceptions as they are spoken."""
        for written, spoken in self._idioms:
            text = written.sub(spoken, text)
        return text

    def _counted(self, match: re.Match[str]) -> str:
        number, counter, mark = match.groups()
        if not counter or mark is None:
            return match[0]
        native = counter in self._numerals.BOUND_NOUNS
        try:
            return f"{self._numerals.process_num(number, sino=not native)}{counter}/B"
        except UnboundLocalError:  # how g2pk2 fails on more than 16 digits
            return match[0]

    def read_numbers(self, text: str) -> str:
        """Return an annotated text with numbers before counters (``/B``) in words, other digits one by one."""
        return _COUNTED.sub(self._counted, text).translate(_DIGITS)

    def change_sounds(self, text: str) -> str:
        """Return an annotated text as it is spoken, spelt in syllables, without the marks."""
        letters = decompose(text)
        for change in self._special:
            letters = change(letters)
        letters = _MARKS.sub("", letters)
        for before, after in self._table:
            letters = before.sub(after, letters)
        for change in self._links:
            letters = change(letters)
        return compose(letters)
