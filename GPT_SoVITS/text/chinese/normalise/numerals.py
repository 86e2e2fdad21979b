"""Reading of numbers in Chinese: as a quantity (一百零五) or digit by digit (一零五)."""

from __future__ import annotations

from GPT_SoVITS.text.errors import TextError

ZERO = "零"
_DIGITS = {str(value): numeral for value, numeral in enumerate("零一二三四五六七八九")}
_DIGIT_TABLE = str.maketrans(_DIGITS)
# The unit that stands before the last 4, 3, 2 and 1 digits of a group of eight.
_UNITS = {4: "万", 3: "千", 2: "百", 1: "十"}
_GROUP, _GROUP_UNIT = 8, "亿"


class UnreadableNumberError(TextError):
    """A number is written with digits other than 0-9."""


def _checked(number: str) -> str:
    if not number.isascii():
        raise UnreadableNumberError(
            f"the number {number[:40]!r} has digits of another script; Chinese texts take 0-9, please write it so"
        )
    return number


def _group(number: str) -> str:
    """Read up to eight significant digits; one 零 stands for leading zeros."""
    significant = number.lstrip("0")
    if not significant:
        return ""
    if len(significant) == 1:
        return (ZERO if len(number) > 1 else "") + _DIGITS[significant]
    power = next(power for power in _UNITS if power < len(significant))
    return _group(number[:-power]) + _UNITS[power] + _group(number[-power:])


def cardinal(number: str) -> str:
    """Read digits as a quantity: ``"105"`` is 一百零五, ``"10"`` 十, ``"000"`` 零, ``""`` nothing.

    Every further eight digits add one 亿, as the official reading does; the cost is linear in the length.
    """
    if not number:
        return ""
    significant = _checked(number).lstrip("0")
    if not significant:
        return ZERO
    head = len(significant) % _GROUP or _GROUP
    groups = [significant[:head]]
    groups += [significant[start : start + _GROUP] for start in range(head, len(significant), _GROUP)]
    spoken = _GROUP_UNIT.join(map(_group, groups))
    return spoken[1:] if spoken.startswith("一十") else spoken


def digits(number: str, telephone: bool = False) -> str:
    """Read digit by digit; on the telephone 1 is 幺."""
    spoken = _checked(number).translate(_DIGIT_TABLE)
    return spoken.replace("一", "幺") if telephone else spoken


def number(text: str) -> str:
    """Read an unsigned number with or without decimals: ``"3.20"`` is 三点二零, ``".5"`` 零点五.

    Of several zeros at the end of the decimals one is read.
    """
    integer, _, decimals = text.partition(".")
    spoken = cardinal(integer)
    shortened = decimals.rstrip("0") + ("0" if decimals.endswith("0") else "")
    if not shortened:
        return spoken
    return f"{spoken or ZERO}点{digits(shortened)}"


def signed(text: str, minus: str = "负") -> str:
    """Read a number that may begin with ``-``."""
    return minus + number(text[1:]) if text.startswith("-") else number(text)
