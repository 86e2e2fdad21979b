"""How many of a thing there are, with an x: 2x eggs, eggs x2. The x of a name is a letter: X11, an X5, x86."""

from __future__ import annotations

import re
from collections.abc import Iterable

from GPT_SoVITS.text.reading.draft import Match, Rule, rule, said
from GPT_SoVITS.text.reading.spoken.english_numbers import quantity
from GPT_SoVITS.text.reading.spoken.patterns import either

COMPARED = (
    r"(?:\w+er|more|less|as|the|daily|weekly|monthly|yearly|per|a\s(?:day|week|month|year)|"
    r"speed|zoom|magnification|optical|digital|playback|rewards|points|leverage|bonus|damage|power|performance|cash|"
    r"growth|returns?|improvements?|increases?|gains?|speed-?ups?|boosts?|reductions?|engineers?|developers?|multipliers?|"
    r"scope|objective|lens|oversampling|supersampling|anti-?aliasing)"
)
"""What follows an x that is said as times: 3x faster."""
_NAMED = either(
    "a an the this that these those my your his her its our their for of on in at to from into by with via and or is "
    "are was were be where when if than as like using use press exit bus row seat line route model version variables? "
    "values? points? coordinates? terms? roots? axis axes factors? solve find let set given inputs? features? register "
    "registers installed? running supports? chromosomes?"
)
"""Words before the x of a name or of a formula: the x64, for x2."""
_NAMED_BEFORE = re.compile(rf"\b{_NAMED}\s$", re.IGNORECASE)
_SERIES_BEFORE = re.compile(r"[xX]\d{1,3}(?:,|,?\s(?:and|or|to))?\s$")
_PLATFORMS = frozenset({"16", "32", "64", "86"})
_SEEN = 16  # characters before an x in which it may be named
_ENDS = r"(?=\s?(?:$|[,.;!?)\n](?!\d)|[$€£¥@\ue000])|\s(?:and|or|plus|for|at|each|please)\b)"
_SERIES_AFTER = re.compile(r"(?:,|,?\s(?:and|or|to))?\s[xX]\d")


def rules() -> Iterable[Rule]:
    """Yield the rules of both sides; calculations come after them."""
    for digits in (r"\d", r"\d\d"):
        yield rule(rf"(?<=(?<![\w.,]){digits})(?:\s?x|[×X])(?=\s(?!{COMPARED}\b)[A-Za-z]{{2}})", _of_a_thing)
    yield rule(rf"(?<=[a-z]{{2}}\s)[x×](?P<number>\d{{1,3}}){_ENDS}", _multiplied)
    yield rule(r"(?<=[a-z]\s)×(?=\d{1,3}(?![\w.,]*\d))", said("times "))


def _of_a_thing(match: Match) -> str | None:
    """2x eggs are two eggs; behind an article it is a comparison: a 10x engineer."""
    before = match.string[max(match.start() - _SEEN, 0) : match.start()]
    return None if re.search(r"\b(?:an?|the)\s\d{1,2}$", before) else ""


def _multiplied(match: Match) -> str | None:
    text, start = match.string, match.start()
    before = text[max(start - _SEEN, 0) : start]
    series = _SERIES_BEFORE.search(before) or _SERIES_AFTER.match(text, match.end())
    if match["number"] in _PLATFORMS or series or _NAMED_BEFORE.search(before):
        return None
    return f"times {quantity(match['number'])}"
