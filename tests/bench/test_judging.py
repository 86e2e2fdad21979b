"""Counting word errors: what is missing, what is twice, and what only looks different."""

from __future__ import annotations

import pytest

from bench.judging import Errors, compare, distance


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("Her favorite color is gray.", "Her favourite colour is grey."),
        ("The farmer has twenty cows.", "the farmer has 20 cows"),
        ("Most shops open at ten o'clock.", "Most shops open at 10:00."),
    ],
)
def test_other_spellings_of_the_same_words_are_no_errors(text: str, heard: str) -> None:
    assert compare(text, heard).errors == 0


def test_a_missing_word_is_an_omission() -> None:
    assert compare("the boat moved quietly", "the boat quietly") == Errors(words=4, errors=1, omitted=1)


def test_a_word_said_twice_is_a_repetition() -> None:
    assert compare("the boat moved", "the boat boat moved") == Errors(words=3, errors=1, repeated=1)


def test_another_word_is_neither() -> None:
    assert compare("the boat moved", "the coat moved") == Errors(words=3, errors=1)


def test_an_invention_counts_for_three_words_at_most() -> None:
    assert compare("yes", "thank you very much for watching this film").errors == 4


def test_errors_are_summed_up() -> None:
    assert (Errors(4, 1, 1, 0) + Errors(6, 1, 0, 1)).rate == pytest.approx(0.2)


def test_distance_counts_insertions_deletions_and_replacements() -> None:
    assert distance("kitten", "sitting") == 3
    assert distance("", "abc") == 3


@pytest.mark.parametrize(
    ("text", "heard"), [("お茶を一杯、飲みました。", "お茶を1杯飲みました"), ("きれいな花ですね。", "綺麗な花ですね")]
)
def test_other_spellings_of_the_same_reading_are_no_errors(text: str, heard: str) -> None:
    assert compare(text, heard, "ja").errors == 0


def test_japanese_errors_are_counted_by_kana() -> None:
    assert compare("花です。", "花でした。", "ja") == Errors(words=4, errors=2, omitted=0, repeated=0)
