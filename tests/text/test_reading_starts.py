"""Rules are tried where they can begin, and find what a search of the whole text finds."""

from __future__ import annotations

import re

import pytest

from GPT_SoVITS.text.reading.natural import prepared
from GPT_SoVITS.text.reading.spoken import rules_for
from GPT_SoVITS.text.reading.starts import LONG, Starts, finds, first_character
from tests.text.test_reading_cases import CASES

LANGUAGES = ("zh", "yue", "en", "ja", "ko")


@pytest.mark.parametrize(
    ("pattern", "text", "places"),
    [
        (r"(?<![\d.])\d+", "12 a 3.45", [0, 5, 7]),
        (r"\b(?:Mr|Dr)\.", "Dr. Drum, aDr. Mr.", [0, 4, 15]),
        (r"(?P<minus>-)?(?P<sign>[$€])", "a-b $5", [1, 4]),
        (r"(?:a|[xy])?z", "ab z x", [0, 3, 5]),
    ],
)
def test_a_pattern_tells_where_it_can_begin(pattern: str, text: str, places: list[int]) -> None:
    padded = text + "。" * LONG
    assert Starts(padded).of(re.compile(pattern)) == places


@pytest.mark.parametrize(
    "pattern", [r"\w+", r".", r"[^a]b", r"a?", r"(?i)a", r"(?<=a)", r"[a-z]\d", r"[\u4e00-\u9fff]"]
)
def test_where_the_first_character_says_nothing_the_whole_text_is_searched(pattern: str) -> None:
    assert first_character(pattern) is None


def test_characters_that_are_everywhere_are_no_places() -> None:
    assert Starts("1" * 2 * LONG).of(re.compile(r"\d")) is None


def test_in_a_short_text_nothing_is_tried_that_cannot_begin() -> None:
    assert Starts("a 1").of(re.compile(r"\d")) is None
    assert Starts("a b").of(re.compile(r"\d")) == []


@pytest.mark.parametrize("every", [8, pytest.param(4, marks=pytest.mark.full)])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_finds_at_its_places_what_a_search_finds(language: str, every: int) -> None:
    lines = [line for path in CASES for line in path.read_text("utf-8").splitlines()]
    text = prepared("\n".join(lines[::every]))
    starts = Starts(text)
    looked_up = 0
    for rule in rules_for(language):
        places = starts.of(rule.pattern)
        if places is not None:
            looked_up += 1
            found = [match.span() for match in finds(rule.pattern, text, places)]
            assert found == [match.span() for match in rule.pattern.finditer(text)], rule.pattern.pattern
    assert looked_up * 2 > len(rules_for(language))
