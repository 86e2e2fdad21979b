"""English text to letters and ``' . , ? ! -``: numbers, units, money and signs in words (``en_normalization``).

Each pattern begins where nothing before it could begin, so that no run of digits, signs or blanks is scanned twice.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

from GPT_SoVITS.text.english.numbers import cardinal, ordinal, ordinal_suffix, year_or_cardinal

_WIDE_SIGNS = str.maketrans("。！？", ".!?")
_REPEATED_SIGN = re.compile(r"([!?…,.\-\s])[!?…,.\-]+")

_LIST_NUMBER = re.compile(r"\b([0-9]+)\. ")
_POWERS = "⁰¹²³⁴⁵⁶⁷⁸⁹ˣʸⁿ"
_OPERATION = re.compile(rf"([\dA-Za-z][{_POWERS}]*)\s+([+\-×÷=])\s+(?=-?\d|\.\d|[A-Za-z])")
_OPERATORS = {"+": " plus ", "-": " minus ", "×": " times ", "÷": " divided by ", "=": " Equals "}
_NEGATIVE = re.compile(r"(?:^|(?<!\s)\s+)-(?=\d)")
_WITH_COMMAS = re.compile(r"[0-9][0-9,]+[0-9]")
_CLOCK = re.compile(r"\b([01]?[0-9]|2[0-3]):([0-5][0-9])\b")
_MEASURE = re.compile(r"\b([0-9]+)(\.[0-9]+)?(m|km|km/h|ft|L|tbsp|tsp|h|min|s|°C|°F)\b")
_DECIMAL = re.compile(r"(?<![0-9])([0-9]+)\.(\s*[0-9]+)")
_FRACTION = re.compile(r"(?<![0-9])([0-9]+)/([0-9]+)")
_ORDINAL = re.compile(r"(?<![0-9])([0-9]+)(?:st|nd|rd|th)")
_NUMBER = re.compile(r"[0-9]+")

_UNITS = {
    "m": ("meter", "meters"),
    "km": ("kilometer", "kilometers"),
    "km/h": ("kilometer per hour", "kilometers per hour"),
    "ft": ("feet", "feet"),
    "L": ("liter", "liters"),
    "tbsp": ("tablespoon", "tablespoons"),
    "tsp": ("teaspoon", "teaspoons"),
    "h": ("hour", "hours"),
    "min": ("minute", "minutes"),
    "s": ("second", "seconds"),
    "°C": ("degree celsius", "degrees celsius"),
    "°F": ("degree fahrenheit", "degrees fahrenheit"),
}

_NOT_READ = re.compile(r"[^ A-Za-z'.,?!\-]")
_ABBREVIATIONS = ((re.compile(r"i\.e\.", re.I), "that is"), (re.compile(r"e\.g\.", re.I), "for example"))
_INNER_CAPITAL = re.compile(r"(?<!^)(?<!\s)([A-Z])")


def _list_number(match: re.Match[str]) -> str:
    return f"{match[1]}{ordinal_suffix(match[1])}, "


def _operation(match: re.Match[str]) -> str:
    return match[1] + _OPERATORS[match[2]]


def _clock(match: re.Match[str]) -> str:
    hours, minutes = int(match[1]), int(match[2])
    half = "a.m." if hours < 12 else "p.m."
    hour = cardinal(str(hours - 12 if hours > 12 else hours))
    return f"{hour} {cardinal(match[2])} {half}" if minutes else f"{hour} o'clock {half}"


def _measure(match: re.Match[str]) -> str:
    whole, decimals, unit = match.groups()
    singular = decimals is None and whole.lstrip("0") == "1"
    return f"{whole}{decimals or ''} {_UNITS[unit][0 if singular else 1]}"


def _count(digits: str, one: str, many: str) -> str:
    """A count of coins, or nothing for zero."""
    number = digits.replace(",", "").lstrip("0")
    return f"{number} {one if number == '1' else many}" if number else ""


def _money(amount: str, unit: tuple[str, str], part: tuple[str, str]) -> str:
    pieces = amount.split(".")
    if len(pieces) > 2:
        return f"{amount} {unit[1]}"
    coins = pieces[1].ljust(2, "0") if len(pieces) > 1 else ""
    return " and ".join(filter(None, (_count(pieces[0], *unit), _count(coins, *part)))) or f"zero {unit[1]}"


def _currency(sign: str, unit: tuple[str, str], part: tuple[str, str]) -> Callable[[str], str]:
    """Make a reader of amounts with the sign in front, then of those with it behind."""
    before = re.compile(rf"{re.escape(sign)}([0-9.,]*[0-9])")
    # Every run of these signs is looked at once, and read when the currency sign follows its last digit.
    opening = "(" if sign == "$" else ""
    behind = re.compile(rf"([{opening}0-9.,]+)({re.escape(sign)}?)")

    def read_behind(match: re.Match[str]) -> str:
        if not match[2] or not match[1][-1].isdigit():
            return match[0]
        return _money(match[1].replace("(", ""), unit, part)

    def read(text: str) -> str:
        return behind.sub(read_behind, before.sub(lambda match: _money(match[1], unit, part), text))

    return read


_pounds = _currency("£", ("pound", "pounds"), ("penny", "pence"))
_dollars = _currency("$", ("dollar", "dollars"), ("cent", "cents"))


def _decimal(match: re.Match[str]) -> str:
    return f"{match[1]} point {' '.join(match[2])}"


def _fraction(match: re.Match[str]) -> str:
    numerator, denominator = (number.lstrip("0") for number in match.groups())
    counted = cardinal(numerator)
    if denominator == "1":
        return counted
    if denominator == "2":
        return f"{counted} {'half' if numerator == '1' else 'halves'}"
    plural = "s" if numerator not in ("", "1") else ""
    return f"{counted} {ordinal(cardinal(denominator))}{plural}"


def _numbers_in_words(text: str) -> str:
    text = _LIST_NUMBER.sub(_list_number, text)
    text = _NEGATIVE.sub("negative ", _OPERATION.sub(_operation, text))
    text = _WITH_COMMAS.sub(lambda match: match[0].replace(",", ""), text)
    text = _MEASURE.sub(_measure, _CLOCK.sub(_clock, text))
    text = _dollars(_pounds(text))
    text = _FRACTION.sub(_fraction, _DECIMAL.sub(_decimal, text))
    text = _ORDINAL.sub(lambda match: ordinal(cardinal(match[1])), text)
    return _NUMBER.sub(lambda match: year_or_cardinal(match[0]), text)


@lru_cache(maxsize=4096)
def _without_accent(character: str) -> str:
    return _NOT_READ.sub("", unicodedata.normalize("NFD", character))


def _letters_and_signs(text: str) -> str:
    """Drop accents and everything that is not read; one character at a time, long runs of accents being slow."""
    return "".join(map(_without_accent, text.replace("%", " percent")))


def normalise(text: str) -> str:
    """Return the text in ASCII letters, spaces and ``' . , ? ! -``; capitals inside words stand apart.

    Raises:
        NumberTooLargeError: a number has more than 36 digits.
    """
    text = _letters_and_signs(_numbers_in_words(text.translate(_WIDE_SIGNS)))
    for written, spoken in _ABBREVIATIONS:
        text = written.sub(spoken, text)
    return _REPEATED_SIGN.sub(r"\1", _INNER_CAPITAL.sub(r" \1", text))
