"""The K of races (a 10K) and of pictures (in 4K), which is a letter and no thousand."""

from __future__ import annotations

import re
from collections.abc import Iterable

from GPT_SoVITS.text.reading.draft import TAKEN, Match, Rule, rule
from GPT_SoVITS.text.reading.spoken.english_numbers import quantity
from GPT_SoVITS.text.reading.spoken.patterns import BEFORE, either

_RACES = frozenset({"1", "3", "5", "8", "10", "12", "15", "20", "25", "30", "50", "100"})
_PICTURES = frozenset({"2", "4", "5", "6", "8"})
_SEEN = 24  # characters to either side that tell
_RACE_BEFORE = re.compile(
    r"\b(?:an?|the|my|your|his|her|our|their|this|that|another|every|each|first|second|third|last|next|annual|local|weekly|"
    r"charity|fun|virtual|road|park|fastest|ran|runs?|running|finish(?:ed)?|raced?|for)\s$",
    re.IGNORECASE,
)
_MEANT_FOR = re.compile(r"(?<!rain)(?<!raining)(?<!rained)(?<!sign up)(?<!signed up)\sfor\s$")
"""Paid for 5K is an amount; trained for 5K a race."""
_AFTER_RACES = either(
    "run race walk and or in on at this next last today tomorrow yesterday starts? started begins? began is was will "
    "with again course route time training runners? fun charity distance event but then as"
)
_RACE_AFTER = re.compile(rf"$|[.,;:!?)]|\s{_AFTER_RACES}\b")
_PICTURE_BEFORE = re.compile(r"\b(?:in|true|native|\d{3,4}p (?:or|and|to)|full|from|at|supports?|an?)\s$")
_PICTURE_AFTER = re.compile(r"\s?[@\ue000]\s?[\d\ue000]|$|[.,;:!?)]|\s(?:and|or|at|with|quality)\b")


def _letter(match: Match) -> str | None:
    number, text = match["number"], match.string
    before = text[max(match.start() - _SEEN, 0) : match.start()]
    after = text[match.end() : match.end() + _SEEN]
    raced = number in _RACES and _RACE_BEFORE.search(before) and not _MEANT_FOR.search(before)
    if raced and _RACE_AFTER.match(after):
        return f"{quantity(number)} K"
    shown = number in _PICTURES and (_PICTURE_BEFORE.search(before) or after.lstrip()[:1] in ("@", TAKEN))
    return f"{quantity(number)} K" if shown and _PICTURE_AFTER.match(after) else None


def rules() -> Iterable[Rule]:
    """Yield the rule; amounts of thousands come after it."""
    yield rule(rf"{BEFORE}(?P<number>\d{{1,3}})[kK](?![\w'])", _letter)
