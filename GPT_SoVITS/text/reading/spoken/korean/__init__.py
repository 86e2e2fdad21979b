"""Korean: Sino-Korean numbers, native ones before what is counted natively, digits on the telephone."""

from __future__ import annotations

from collections.abc import Iterable

from GPT_SoVITS.text.reading.draft import Rule
from GPT_SoVITS.text.reading.spoken.korean import calendar, codes, measures, signs


def _rules() -> Iterable[Rule]:
    yield from signs.before_numbers()
    yield from calendar.dates()
    yield from codes.rules()
    yield from calendar.times_and_scores()
    yield from measures.rules()
    yield from signs.rules()


RULES: tuple[Rule, ...] = tuple(_rules())
