"""g2pk2's sound changes in its order, with its tables read once and its slow steps replaced.

g2pk2 compiles some 500 patterns anew for every text and replaces numbers and syllables one by one over the whole text;
here each step is one pass. The results are the same, but for counted numbers of more than 16 digits, on which g2pk2
fails: they are read digit by digit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from GPT_SoVITS.text.korean.packages import RuleModules, load_rules

_COUNTED = re.compile(r"(\d[\d,]*)([ㄱ-힣]*)(/B)?")  # matches wherever a digit is, so that it never looks back
_DIGITS = str.maketrans("0123456789", "영일이삼사오육칠팔구")
_MARKS = re.compile("/[PJEB]")
_BARE_VOWEL = re.compile("(^|[^\u1100-\u1112])([\u1161-\u1175])")
_SYLLABLE = re.compile("([\u1100-\u1112])([\u1161-\u1175])([\u11a8-\u11c2]?)")
# g2pk2's special rules in their order, each with letters of which a text must have one for the rule to change it.
# ("ye" and "vowel_ui" change nothing in the prescriptive reading.)
_SPECIAL = (
    *(
        ("jyeo", "\u1167"),
        ("consonant_ui", "\u1174"),
        ("josa_ui", "/"),
        ("jamo", "\u11ae\u11bd\u11be\u11bf\u11c0\u11c1\u11c2"),
    ),
    *(("rieulgiyeok", "/"), ("rieulbieub", "/"), ("verb_nieun", "/"), ("balb", "\u11b2")),
    *(("palatalize", "\u11ae\u11c0\u11b4"), ("modifying_rieul", "\u11af")),
)
# A final consonant with what follows it: all that a rule of the table looks at.
_BORDER = re.compile("[\u11a8-\u11c2](?: ?[\u1100-\u1112]|\\W|$)")
_REMEMBERED_BORDERS = 8192
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
        self._any_idiom = re.compile("|".join(f"(?:{written.pattern})" for written, _ in self._idioms))
        self._special: list[tuple[Callable[[str], str], str]] = [
            (getattr(modules.special, name), letters) for name, letters in _SPECIAL
        ]
        self._table = [(re.compile(before), after) for before, after, _ in modules.utils.parse_table()]
        self._border = lru_cache(maxsize=_REMEMBERED_BORDERS)(self._change_border)
        self._links: list[Callable[[str], str]] = [getattr(modules.regular, name) for name in _LINKS]
        self._numerals = modules.numerals

    def replace_idioms(self, text: str) -> str:
        """Return the text with the words of g2pk2's list of exceptions as they are spoken."""
        if self._any_idiom.search(text):
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
        for change, needed in self._special:
            if any(letter in letters for letter in needed):
                letters = change(letters)
        letters = _BORDER.sub(lambda match: self._border(match[0]), _MARKS.sub("", letters))
        for link in self._links:
            letters = link(letters)
        return compose(letters)

    def _change_border(self, letters: str) -> str:
        """Return a final consonant and what follows it after all rules of the table, one after another."""
        for before, after in self._table:
            letters = before.sub(after, letters)
        return letters
