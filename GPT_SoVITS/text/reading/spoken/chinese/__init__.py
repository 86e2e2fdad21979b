"""Mandarin, and by a few words of difference Cantonese: what a number is follows from what stands around it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from GPT_SoVITS.text.reading.draft import Rule, Say
from GPT_SoVITS.text.reading.spoken.chinese import (
    calendar,
    codes,
    counting,
    durations,
    items,
    measures,
    scores,
    signs,
    years,
)

_IN_CANTONESE = {"幺": "一", "两百": "二百", "两千": "二千"}


def _in_cantonese(say: Say) -> Say:
    """Return what says a find as Cantonese does: 1 has one name, and hundreds and thousands are counted with 二."""

    def spoken(match: re.Match[str]) -> str | None:
        found = say(match)
        for mandarin, cantonese in _IN_CANTONESE.items():
            found = None if found is None else found.replace(mandarin, cantonese)
        return found

    return spoken


def _rules(*, cantonese: bool) -> Iterable[Rule]:
    yield from signs.before_numbers()
    yield from scores.rules()
    yield from codes.telephones()
    yield from items.rules()
    yield from codes.known(cantonese=cantonese)
    yield from durations.rules()
    yield from years.rules()
    yield from calendar.dates(cantonese=cantonese)
    yield from codes.rooms_and_codes()
    yield from calendar.times_and_ratios()
    yield from measures.rules(cantonese=cantonese)
    yield from codes.models()
    yield from calendar.fractions()
    yield from signs.rules()
    yield from counting.rules(cantonese=cantonese)
    yield from signs.leftovers()


MANDARIN: tuple[Rule, ...] = tuple(_rules(cantonese=False))
CANTONESE: tuple[Rule, ...] = tuple(
    Rule(rule.pattern, _in_cantonese(rule.say), rule.group) for rule in _rules(cantonese=True)
)
