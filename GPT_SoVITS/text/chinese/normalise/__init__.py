"""Chinese text as it is spoken: numbers, dates, units and signs in words.

The order of the rules decides what a digit means (a date before a range before a number) and is that of the official
program, whose results the fixtures hold.
"""

from __future__ import annotations

import re

from GPT_SoVITS.text.chinese.normalise import calendar, counting, quantities, telephone
from GPT_SoVITS.text.chinese.normalise.characters import name_signs, prepare

RULES = (*calendar.RULES, *quantities.RULES, *telephone.RULES, *counting.RULES)
_SENTENCE_END = re.compile(r"([：、，；。？！,;?!]’?)")
_LATIN_OR_DIGIT = re.compile(r"[A-Za-z\d⁰¹²³⁴⁵⁶⁷⁸⁹ˣʸⁿ]")


def spoken_lines(text: str) -> str:
    """Return the text in words, one line per sentence piece.

    Signs that are neither read nor deleted stay (they are the punctuation's business).

    Raises:
        UnreadableNumberError: a number has digits other than 0-9.
    """
    text = _SENTENCE_END.sub("\\1\n", prepare(text))
    if _LATIN_OR_DIGIT.search(text):
        for rule in RULES:
            text = rule(text)
    return name_signs(text)
