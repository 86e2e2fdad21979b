"""Parts that the patterns of all languages share; the text is in the forms of ``typography``.

A number never begins inside another one, so that long rows of digits are looked at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from GPT_SoVITS.text.reading.draft import Rule, Say

BEFORE = r"(?<![\d.])(?<!\d[,:/])"
"""What must not stand before a number."""
WHOLE = r"\d{1,3}(?:,\d{3})+(?!\d)|\d+"
NUMBER = rf"(?:{WHOLE})(?:\.\d+)?"
AFTER = r"(?!\d|[.,:/]\d)"
"""What must not follow a number."""
TIMES = r"[xX](?<!^0[xX])(?<![^\d.]0[xX])"
"""The x of 3x4, where digits are on both sides; 0x10 has none."""
_EXPONENT = (
    r"(?:e|E(?=[-+])|(?<=(?<!\d)\d)E|(?<=\.\d)E|(?<=\.\d\d)E)(?P<minus>-)?\+?(?P<power>\d{1,3})"
    r"(?![A-Za-z0-9_号號室座栋棟楼樓班区區]|\.\d)"
)
SCIENTIFIC = rf"(?<![A-Za-z0-9_.])(?!0\d)(?P<number>\d{{1,20}}(?:\.\d{{1,20}})?){_EXPONENT}"
"""1.5e-3: a number times a power of ten."""
COUNTDOWN = r"(?<![\d.,])(?P<first>\d{1,3})(?P<dash> - )(?=(?P<second>\d{1,3})(?![\d.,]))"
"""A step of 3 - 2 - 1, for :func:`counted_down`; its dash is what is said."""
AFTER_POWER = r"(?<=[⁰¹²³⁴⁵⁶⁷⁸⁹ⁿ])\s?-\s?(?=[\dA-Za-z(])"
"""The minus of x²-5."""
VERSION = r"(?<![A-Za-z])[Vv]er\.(?P<version>\d{1,9}(?:\.\d{1,9}){0,8})(?!\.?\d)"
"""A version behind its word, whose stop is none of its points."""
GLUED = r"(?<!\s)"
"""Before a hyphen that is the dash of a range only where no blank parts it from the first end."""
DASH = r"\s?(?!(?<=\s)-(?!\d{1,4}\s?[年月日号號时時点點년월일시:])[\d.$€£¥￥])[-–—~～]{1,2}\s?"
"""Between the ends of a range. A hyphen that a blank parts from what stands before it, but not from the number after
it, is a minus (0.1 -0.5), unless that is a date or a time."""
CALCULATED = r"(?=[\dA-Za-z(\ue000][^，。；,;\n]{0,40}[=+×÷*<>≥≤])"
"""After a hyphen between blanks: the rest of a calculation."""


def either(words: str) -> str:
    """Return a pattern of alternatives, given with blanks between them."""
    return f"(?:{'|'.join(words.split())})"


def plain(number: str) -> str:
    """Return a number without its thousands separators and blanks."""
    return number.replace(",", "").replace(" ", "")


SCALES = {"k": 3, "w": 4, "m": 6, "b": 9}
"""Powers of ten of the letters behind an amount, in either case: 1.5M, 3bn."""
SCALE = r"(?:[kKmMbB]|bn)(?![A-Za-z])"


def scaled(number: str, letter: str) -> str:
    """Return the digits of a number with a letter of ``SCALES``: 1.5 and M are 1500000."""
    whole, _, decimals = plain(number).partition(".")
    power = SCALES[letter[0].lower()]
    rest = decimals[power:]
    return f"{whole}{decimals[:power]:0<{power}}".lstrip("0") + (f".{rest}" if rest else "") or "0"


_LONG = 8  # digits of a code that is said digit by digit


def is_long(parts: Sequence[str]) -> bool:
    """Whether a code of several parts is too long to be said part by part: a telephone's, a book's."""
    return sum(map(len, parts)) > _LONG or max(map(len, parts)) > 4


_INCHES_SEEN = 200  # characters of a line before a number in which a quotation may begin


def is_inch(match: re.Match[str]) -> bool:
    """Whether the ``"`` that ends a find is no closing quote: none was opened in its line."""
    text, start = match.string, match.start()
    line = text[max(text.rfind("\n", 0, start) + 1, start - _INCHES_SEEN) : start]
    opened = False
    for quote in re.finditer('"', line):
        opened = not opened and not line[quote.start() - 1 : quote.start()].isdigit()
    return not opened


_NAMED = re.compile(r"(?:[A-Z]|Phone ?)$")


def names_a_model(match: re.Match[str]) -> bool:
    """Whether the find of a number with its ``unit`` is a model: E300L, R11s, iPhone 5s.

    Its letter follows without a blank, and is s or a capital one.
    """
    unit: str = match["unit"]
    if not match.string[match.start("unit") - 1].isdigit() or not (unit == "s" or (len(unit) == 1 and unit.isupper())):
        return False
    named = _NAMED.search(match.string, max(match.start() - 6, 0), match.start())
    return named is not None and (unit == "s" or len(named[0]) == 1)


def counted_down(pause: str) -> Say:
    """Return what says the steps of a countdown: each number is one less, and there are three or more."""

    def say(match: re.Match[str]) -> str | None:
        first, second = int(match["first"]), int(match["second"])
        text, start, end = match.string, match.start(), match.end("second")
        longer = text[:start].endswith(f"{first + 1} - ") or re.match(rf" - {second - 1}(?!\d)", text[end : end + 8])
        return pause if first - second == 1 and longer and "=" not in text[end : end + 20] else None

    return say


def said(word: str) -> Say:
    """Return what says one word for every find."""
    return lambda match: word


def rule(pattern: str, say: Say, group: int | str = 0) -> Rule:
    """Return a rule; see :class:`Rule`."""
    return Rule(re.compile(pattern), say, group)


def longest_first(words: Iterable[str]) -> str:
    """Return alternatives of a pattern, of which a word comes before its beginnings."""
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))
