"""Dates and times of day."""

from __future__ import annotations

import re

from GPT_SoVITS.text.chinese.normalise.numerals import ZERO, cardinal, digits, number
from GPT_SoVITS.text.chinese.normalise.rules import rule

_CLOCK = r"([0-1]?[0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?"


@rule(r"(\d{4}|\d{2})年(?:(0?[1-9]|1[0-2])月)?(?:(0?[1-9]|[12][0-9]|30|31)([日号]))?")
def date(match: re.Match[str]) -> str:
    """``2024年5月1日``: the year digit by digit, month and day as quantities."""
    year, month, day, day_word = match.groups()
    spoken = f"{digits(year)}年"
    if month:
        spoken += f"{cardinal(month)}月"
    if day:
        spoken += f"{cardinal(day)}{day_word}"
    return spoken


@rule(r"(\d{4})([-/.])(0[1-9]|1[012])\2(0[1-9]|[12][0-9]|3[01])")
def numeric_date(match: re.Match[str]) -> str:
    """``2024-05-01``, also with slashes or dots: read like a written date."""
    year, _, month, day = match.groups()
    return f"{digits(year)}年{cardinal(month)}月{cardinal(day)}日"


def _minutes(value: str) -> str:
    """Minutes or seconds: the 0 of 05 is read."""
    return (ZERO if value.startswith("0") else "") + number(value.lstrip("0"))


def _clock(hour: str, minute: str, second: str | None, half: bool) -> str:
    spoken = f"{number(hour)}点"
    if minute.strip("0"):
        spoken += "半" if half else f"{_minutes(minute)}分"
    if second and second.strip("0"):
        spoken += f"{_minutes(second)}秒"
    return spoken


@rule(f"{_CLOCK}[~-]{_CLOCK}")
def time_range(match: re.Match[str]) -> str:
    """``8:30-9:45``. The first minutes decide about 半 in both halves, as in the official reading."""
    hour, minute, second, *end = match.groups()
    half = int(minute) == 30
    return f"{_clock(hour, minute, second, half)}至{_clock(end[0], end[1], end[2], half)}"


@rule(_CLOCK)
def time(match: re.Match[str]) -> str:
    """``8:30``, ``12:05:09``."""
    hour, minute, second = match.groups()
    return _clock(hour, minute, second, int(minute) == 30)


RULES = (date, numeric_date, time_range, time)
