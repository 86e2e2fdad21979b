"""Quantities with units, arithmetic, powers, fractions and percentages."""

from __future__ import annotations

import re

from GPT_SoVITS.text.chinese.normalise.numerals import number
from GPT_SoVITS.text.chinese.normalise.rules import rule

# Longer notations stand before those they begin with; mm is read as two m, see units().
_UNITS = {
    "cm2": "平方厘米",
    "cm²": "平方厘米",
    "cm3": "立方厘米",
    "cm³": "立方厘米",
    "cm": "厘米",
    "db": "分贝",
    "ds": "毫秒",
    "kg": "千克",
    "km": "千米",
    "m2": "平方米",
    "m²": "平方米",
    "m³": "立方米",
    "m3": "立方米",
    "ml": "毫升",
    "m": "米",
    "s": "秒",
}
_UNIT = "|".join(_UNITS)
_RANGE_UNIT = rf"%|°C|℃|度|摄氏度|{_UNIT}|mm"
_POWERS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹ˣʸⁿ", "0123456789xyn", strict=True))
_POWER = f"[{''.join(_POWERS)}]"
_OPERATORS = {"+": "加", "-": "减", "×": "乘", "÷": "除", "=": "等于"}
# An operand; the first one of a pattern must not begin inside a run of digits.
_UNSIGNED = rf"\d+(?:\.\d+)?{_POWER}*"
_OTHER = rf"\.\d+{_POWER}*|[A-Za-z]{_POWER}*"
_FIRST, _SECOND = rf"(-?(?<!\d){_UNSIGNED}|{_OTHER})", rf"(-?{_UNSIGNED}|{_OTHER})"


@rule(rf"(\d(?:{_RANGE_UNIT}))~((?:-?\d+(?:\.\d+)?|\.\d+)(?:{_RANGE_UNIT}))")
def unit_range(match: re.Match[str]) -> str:
    """``5℃~10℃``: the tilde between two quantities with units is 至."""
    return f"{match[1]}至{match[2]}"


@rule(r"(-?)(?<!\d)(\d+(?:\.\d+)?)(?:°C|℃|度|摄氏度)")
def temperature(match: re.Match[str]) -> str:
    """``-3℃``: below zero is 零下; 摄氏度 is read 度 too, as in the official reading."""
    return f"{'零下' if match[1] else ''}{number(match[2])}度"


@rule(_UNIT)
def units(match: re.Match[str]) -> str:
    """``kg``, ``cm²``... anywhere, in words too (the official reading does not ask for a number before)."""
    return _UNITS[match[0]]


@rule(rf"{_FIRST}([-+×÷=]){_SECOND}", repeat=True)
def arithmetic(match: re.Match[str]) -> str:
    """``1+2=3``, ``x²-y²``: the signs between two terms."""
    return f"{match[1]}{_OPERATORS[match[2]]}{match[3]}"


@rule(f"{_POWER}+")
def power(match: re.Match[str]) -> str:
    """``x²``: 的2次方, whose digits are read later."""
    return f"的{''.join(_POWERS[sign] for sign in match[0])}次方"


@rule(r"(-?)(?<!\d)(\d+)/(\d+)")
def fraction(match: re.Match[str]) -> str:
    """``3/4``: the denominator first."""
    sign, numerator, denominator = match.groups()
    return f"{'负' if sign else ''}{number(denominator)}分之{number(numerator)}"


@rule(r"(-?)(?<!\d)(\d+(?:\.\d+)?)%")
def percentage(match: re.Match[str]) -> str:
    """``-12.5%``: 负百分之十二点五."""
    return f"{'负' if match[1] else ''}百分之{number(match[2])}"


RULES = (unit_range, temperature, units, arithmetic, power, fraction, percentage)
