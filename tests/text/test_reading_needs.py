"""Rules are left out of texts that lack what they need, and of no others."""

from __future__ import annotations

import json

import pytest

from GPT_SoVITS.text.reading.natural import prepared
from GPT_SoVITS.text.reading.needs import Holdings, needs_of
from GPT_SoVITS.text.reading.spoken import rules_for
from tests.text.test_reading_cases import CASES

LANGUAGES = ("zh", "yue", "en", "ja", "ko")


@pytest.mark.parametrize(
    ("pattern", "without", "holding"),
    [
        (r"(?<=[胜負])\d+-\d+", "3-2", "胜3-2"),
        (r"\d+(?:元|块|[¥$])", "5米", "5块"),
        (r"(?:ab|cd)?e", "abcd", "e"),
        (r"x{2,3}(?=%)", "xx", "xx%"),
        (r"[\u4e00-\u9fff]\d", "a1", "好1"),
    ],
)
def test_a_pattern_tells_what_it_needs(pattern: str, without: str, holding: str) -> None:
    assert not Holdings(without).meet(needs_of(pattern))
    assert Holdings(holding).meet(needs_of(pattern))


@pytest.mark.parametrize("pattern", [r"a?", r"[^a]", r".", r"\w", r"(?i)a", r"(?i:a)", r"(?!a)", r"(?:a|.)"])
def test_what_is_in_every_text_is_no_need(pattern: str) -> None:
    assert not needs_of(pattern)


def test_characters_count_as_held_that_may_come_later() -> None:
    assert not Holdings("a").meet(needs_of("b"))
    assert Holdings("a", "b").meet(needs_of("b"))


@pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.full)])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_rule_that_is_left_out_finds_nothing(language: str, every: int) -> None:
    texts = [
        prepared(case["input"])
        for path in CASES
        for line in path.read_text("utf-8").splitlines()
        if "input" in (case := json.loads(line))
    ]
    left_out = tried = 0
    for text in texts[::every]:
        holdings = Holdings(text)
        for rule in rules_for(language):
            if holdings.meet(needs_of(rule.pattern.pattern)):
                tried += 1
                continue
            left_out += 1
            assert rule.pattern.search(text) is None, (rule.pattern.pattern, text)
    assert left_out > 3 * tried
