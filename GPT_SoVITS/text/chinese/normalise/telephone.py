"""Telephone numbers: mobile, fixed lines with area codes, 400 numbers.

A hyphen between digits has become 减 by now (see ``quantities.arithmetic``), so numbers are found without hyphens only.
"""

from __future__ import annotations

import re

from GPT_SoVITS.text.chinese.normalise.numerals import digits
from GPT_SoVITS.text.chinese.normalise.rules import rule


@rule(r"(?<!\d)(?:\+?86)?1(?:[38]\d|5[0-35-9]|7[678]|9[89])\d{8}(?!\d)")
def mobile(match: re.Match[str]) -> str:
    """``13800138000``, ``+8613800138000``."""
    return digits(match[0].lstrip("+"), telephone=True)


@rule(r"(?<!\d)(?:0(?:10|2[1-3]|[3-9]\d{2}))?[1-9]\d{6,7}(?!\d)")
def fixed_line(match: re.Match[str]) -> str:
    """``01012345678``, or seven or eight digits alone."""
    return digits(match[0], telephone=True)


@rule(r"400\d{7}")
def service_number(match: re.Match[str]) -> str:
    """``4008001234``."""
    return digits(match[0], telephone=True)


RULES = (mobile, fixed_line, service_number)
