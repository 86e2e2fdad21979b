"""Japanese: Open JTalk reads plain numbers and their counters; here is what it does not know or is not given."""

from __future__ import annotations

from collections.abc import Iterable

from GPT_SoVITS.text.reading.draft import Rule
from GPT_SoVITS.text.reading.spoken.japanese import calendar, codes, measures, shorthand, signs


def _rules() -> Iterable[Rule]:
    yield from shorthand.before_numbers()
    yield from signs.before_numbers()
    yield from calendar.dates()
    yield from codes.rules()
    yield from calendar.times_and_scores()
    yield from measures.rules()
    yield from signs.rules()


RULES: tuple[Rule, ...] = tuple(_rules())
