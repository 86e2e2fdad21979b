"""English numbers in words, beyond what the front end's own ``numbers`` has: years, decades, digits, money."""

from __future__ import annotations

import re

from GPT_SoVITS.text.english.numbers import MOST_DIGITS, cardinal, ordinal, year_or_cardinal
from GPT_SoVITS.text.reading.spoken.patterns import plain

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_PLURALS = {"y": "ies", "x": "xes"}
LONGEST_TERM = 12  # digits of a fraction that is more than two numbers


def spelled(text: str) -> str:
    """Return digits one by one; other characters part groups with a comma."""
    groups = re.findall(r"\d+", text)
    return ", ".join(" ".join(DIGITS[int(digit)] for digit in group) for group in groups)


def quantity(text: str) -> str:
    """Return a number as a quantity, decimals digit by digit: 1,020.50 is one thousand twenty point five zero."""
    whole, point, decimals = plain(text).partition(".")
    if len(whole.lstrip("0")) > MOST_DIGITS:
        spoken = spelled(whole)
    else:
        spoken = cardinal(whole, with_and=False) if whole else "zero"
    return spoken + (f" point {spelled(decimals)}" if point else "")


def year(text: str) -> str:
    """Return a year: 1995 in pairs, 2005 two thousand five, 1900 nineteen hundred."""
    return year_or_cardinal(text)


def decade(text: str) -> str:
    """Return the years of a decade: 1990 is nineteen nineties, 80 eighties, 1900 nineteen hundreds."""
    return plural(year(text))


def plural(spoken: str) -> str:
    """Return a number in words in the plural: sixties, fives, sixes."""
    return spoken[:-1] + _PLURALS[spoken[-1]] if spoken[-1] in _PLURALS else f"{spoken}s"


def nth(text: str) -> str:
    """Return the ordinal of digits: 21 is twenty-first."""
    return ordinal(cardinal(text))


def pairs(text: str) -> str:
    """Return the number of a room, flight or road: 101 is one oh one, 1204 twelve oh four, 747 seven forty-seven."""
    if len(text) not in (3, 4) or text.startswith("0"):
        return spelled(text) if len(text) > 4 or text.startswith("0") else quantity(text)
    head, tail = text[:-2], text[-2:]
    if tail == "00":
        return f"{quantity(head)} hundred" if len(text) == 3 or head[-1] != "0" else f"{quantity(head[0])} thousand"
    return f"{quantity(head)} {'oh ' if tail[0] == '0' else ''}{quantity(tail)}"


def fraction(whole: str, above: str, below: str) -> str:
    """Return a fraction in words; ``whole`` may be empty: 1, 1 and 2 are one and a half."""
    if not below.strip("0.") or "." in above + below:
        return f"{quantity(above)} over {quantity(below)}"
    above, below = plain(above), plain(below)
    if max(len(above), len(below)) > LONGEST_TERM:
        return f"{quantity(above)} over {quantity(below)}"
    numerator, denominator = int(above), int(below)
    head = f"{quantity(whole)} and " if whole else ""
    if numerator == denominator:
        return f"{head}{quantity(above)} {quantity(below)}"
    if denominator == 1 or numerator > denominator > 6 or denominator > 100 or numerator > 99:
        return f"{head}{quantity(above)} over {quantity(below)}"
    if denominator == 2:
        part = "half" if numerator == 1 else "halves"
        return f"{head}{'a' if whole and numerator == 1 else quantity(above)} {part}"
    if denominator == 4:
        return f"{head}{quantity(above)} quarter{'s' if numerator != 1 else ''}"
    return f"{head}{quantity(above)} {nth(str(denominator))}{'s' if numerator != 1 else ''}"
