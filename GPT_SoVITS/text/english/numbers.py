"""Numbers in words, from strings of digits, spelt as the ``inflect`` package spells them."""

from __future__ import annotations

from GPT_SoVITS.text.errors import TextError

_TO_NINETEEN = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SCALES = (
    *("", " thousand", " million", " billion", " trillion", " quadrillion", " quintillion", " sextillion"),
    *(" septillion", " octillion", " nonillion", " decillion"),
)
_IRREGULAR_ORDINALS = {
    **{"one": "first", "two": "second", "three": "third", "five": "fifth"},
    **{"eight": "eighth", "nine": "ninth", "twelve": "twelfth"},
}
MOST_DIGITS = 3 * len(_SCALES)


class NumberTooLargeError(TextError):
    """A number has no name in words."""


def _below_hundred(number: int) -> str:
    if number < 20:
        return _TO_NINETEEN[number]
    tens, units = divmod(number, 10)
    return f"{_TENS[tens]}-{_TO_NINETEEN[units]}" if units else _TENS[tens]


def _below_thousand(number: int, joint: str) -> str:
    hundreds, rest = divmod(number, 100)
    if not hundreds:
        return _below_hundred(rest)
    return f"{_TO_NINETEEN[hundreds]} hundred" + (joint + _below_hundred(rest) if rest else "")


def cardinal(digits: str, *, with_and: bool = True) -> str:
    """Return a whole number in words, ``one thousand, two hundred and thirty-four``.

    Args:
        digits: Decimal digits; zeros in front do not count.
        with_and: Whether "and" stands before tens and units.

    Raises:
        NumberTooLargeError: more than 36 digits.
    """
    digits = digits.lstrip("0")
    if len(digits) > MOST_DIGITS:
        raise NumberTooLargeError(
            f"a number of {len(digits)} digits cannot be read, {MOST_DIGITS} can; write it with spaces between digits"
        )
    if not digits:
        return _TO_NINETEEN[0]
    joint = " and " if with_and else " "
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    triples = [int(digits[start : start + 3]) for start in range(0, len(digits), 3)]
    scales = reversed(_SCALES[: len(triples)])
    parts = [_below_thousand(triple, joint) + scale for triple, scale in zip(triples, scales, strict=True) if triple]
    if len(parts) > 1 and 0 < triples[-1] < 100:
        return ", ".join(parts[:-1]) + joint + parts[-1]
    return ", ".join(parts)


def ordinal(words: str) -> str:
    """Return a number in words as the ordinal: ``twenty-one`` as ``twenty-first``."""
    for ending, irregular in _IRREGULAR_ORDINALS.items():
        if words.endswith(ending):
            return words.removesuffix(ending) + irregular
    return f"{words[:-1]}ieth" if words.endswith("ty") else f"{words}th"


def ordinal_suffix(digits: str) -> str:
    """Return the letters that make digits an ordinal: ``st``, ``nd``, ``rd`` or ``th``."""
    if digits[-2:] in ("11", "12", "13"):
        return "th"
    return {"1": "st", "2": "nd", "3": "rd"}.get(digits[-1], "th")


def year_or_cardinal(digits: str) -> str:
    """Return a number as it is read alone: 1001 to 2999 in pairs as years are, others without "and".

    Raises:
        NumberTooLargeError: more than 36 digits.
    """
    number = digits.lstrip("0")
    if len(number) != 4 or not "1000" < number < "3000" or "2000" <= number < "2010":
        return cardinal(number, with_and=False)
    pair, rest = int(number[:2]), int(number[2:])
    if not rest:
        return f"{_below_hundred(pair)} hundred"
    return f"{_below_hundred(pair)} {'oh ' if rest < 10 else ''}{_below_hundred(rest)}"
