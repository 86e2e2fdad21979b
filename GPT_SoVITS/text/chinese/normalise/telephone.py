"""Telephone numbers: mobile, fixed lines with area codes, 400 numbers."""

from __future__ import annotations

import re

from GPT_SoVITS.text.chinese.normalise.numerals import digits
from GPT_SoVITS.text.chinese.normalise.rules import rule


def _dialled(text: str) -> str:
    """Digit by digit, with a comma for each hyphen."""
    return "，".join(digits(part, telephone=True) for part in text.split("-"))


@rule(r"(?<!\d)(?:\+?86 ?)?1(?:[38]\d|5[0-35-9]|7[678]|9[89])\d{8}(?!\d)")
def mobile(match: re.Match[str]) -> str:
    """``13800138000``, ``+8613800138000``."""
    return _dialled(match[0].lstrip("+"))


@rule(r"(?<!\d)(?:0(?:10|2[1-3]|[3-9]\d{2})-?)?[1-9]\d{6,7}(?!\d)")
def fixed_line(match: re.Match[str]) -> str:
    """``010-12345678``, or seven or eight digits alone."""
    return _dialled(match[0])


@rule(r"400-?\d{3}-?\d{4}")
def service_number(match: re.Match[str]) -> str:
    """``400-800-1234``."""
    return _dialled(match[0])


RULES = (mobile, fixed_line, service_number)
