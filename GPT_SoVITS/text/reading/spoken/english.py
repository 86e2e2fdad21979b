"""English: what a number is follows from what stands around it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from GPT_SoVITS.text.reading.draft import Match, Rule, rule
from GPT_SoVITS.text.reading.spoken import (
    english_codes,
    english_dates,
    english_measures,
    english_signs,
    english_words,
)
from GPT_SoVITS.text.reading.spoken.english_attributes import is_attribute
from GPT_SoVITS.text.reading.spoken.english_numbers import fraction, quantity
from GPT_SoVITS.text.reading.spoken.english_units import UNIT, UNIT_STOP, unit_name
from GPT_SoVITS.text.reading.spoken.patterns import BEFORE, either, is_inch

_MARKED = either("[Ss]cor(?:ed?|es|ing) [Rr]at(?:ed?|es|ing) [Gg]ot [Gg]rade gives? gave")


def _fractions() -> Iterable[Rule]:
    yield rule(rf"{BEFORE}(?:(?P<whole>(?!0\d)\d+)[ -])?(?P<above>\d+)/(?P<below>\d+)\"", _inches)
    yield rule(r"(?<=[\w)]\s)(?P<whole>)-(?=\d)(?<=\d\s-)", lambda m: "minus ")
    mark = r"(?P<above>\d{1,3}(?:\.\d)?)/(?P<below>5|10|20|25|30|40|50|60|80|100)(?![\d/.]\d)"
    yield rule(rf"{BEFORE}{mark}(?=\s(?:stars?|points?|rating)\b)", _out_of)
    yield rule(
        rf"\b{_MARKED}(?:\s(?:of|an?|at|me|is|was|us|it)){{0,3}}:?\s(?P<at>{mark})(?!\s?(?:of|th|%|inch))",
        _out_of,
        "at",
    )
    yield rule(
        rf"\ba\s(?:(?:solid|strong|perfect|clear|easy|weak|full|good)\s)?(?P<at>{mark})(?!\s?(?:of|th|%|inch|\w+))",
        _out_of,
        "at",
    )
    yield rule(rf"{BEFORE}(?P<above>10|\d\.\d)/(?P<below>10)(?![\d/])", _out_of)
    yield rule(
        rf"{BEFORE}(?<![A-Za-z]-)(?:(?P<whole>(?!0\d)\d+)[ -])?(?P<above>\d+)/(?P<below>\d+)(?![\d/])"
        rf"(?:\s?(?P<unit>{UNIT})(?![\w²³'/]){UNIT_STOP})?",
        _fraction,
    )


def _inches(match: Match) -> str | None:
    """3/8" is a size, unless the sign closes a quotation."""
    if not is_inch(match):
        return None
    return f"{fraction(match['whole'] or '', match['above'], match['below'])} inch{'es' if match['whole'] else ''}"


def _fraction(match: Match) -> str:
    spoken = fraction(match["whole"] or "", match["above"], match["below"])
    unit = match["unit"]
    return (
        f"{spoken} {unit_name(unit, one=not match['whole'] or is_attribute(match), say=quantity)}" if unit else spoken
    )


def _out_of(match: Match) -> str:
    """7/10 as a mark: seven out of ten."""
    return f"{quantity(match['above'])} out of {quantity(match['below'])}"


_LETTERS = "0-9A-Za-z_\u00c0-\u052f"
_BOUNDARY = rf"(?:(?<![{_LETTERS}])(?=[{_LETTERS}])|(?<=[{_LETTERS}])(?![{_LETTERS}]))"


def _beside_other_scripts(found: Rule) -> Rule:
    """Return a rule for which a word ends where a Han character or kana begins: 老师Mr. Li."""
    pattern = found.pattern.pattern
    pattern = rf"(?<![{_LETTERS}])" + pattern[2:] if pattern.startswith(r"\b") else pattern
    pattern = (
        pattern.replace(r"\b", _BOUNDARY)
        .replace(r"(?<![\w", f"(?<![{_LETTERS}")
        .replace(r"(?!\w)", f"(?![{_LETTERS}])")
    )
    if pattern == found.pattern.pattern:
        return found
    return Rule(re.compile(pattern, found.pattern.flags), found.say, found.group)


_ALL: tuple[Rule, ...] = (
    *english_words.rules(),
    *english_codes.rules(),
    *english_dates.rules(),
    *english_codes.chains(),
    *english_codes.plurals(),
    *english_measures.rules(),
    *_fractions(),
    *english_signs.times(),
    *english_codes.models(),
    *english_dates.years(),
    *english_signs.rules(),
)
RULES: tuple[Rule, ...] = tuple(map(_beside_other_scripts, _ALL))
