"""What ``auto`` means for weights that speak one language alone."""

from __future__ import annotations

import pytest

from GPT_SoVITS.text.languages import narrowed


@pytest.mark.parametrize(
    ("text", "spoken", "expected"),
    [
        ("123", ("en",), "en"),
        ("100 %", ("ja",), "all_ja"),
        ("Good morning.", ("en",), "en"),
        ("東京", ("ja",), "all_ja"),
        ("𠮷野家で食べた", ("ja",), "all_ja"),
        ("髙橋さん", ("ja",), "all_ja"),
        ("天气", ("zh",), "all_zh"),
    ],
)
def test_what_belongs_to_several_languages_is_read_in_the_one_that_is_spoken(
    text: str, spoken: tuple[str, ...], expected: str
) -> None:
    assert narrowed("auto", text, spoken) == expected


@pytest.mark.parametrize(
    ("code", "text", "spoken"),
    [
        ("auto", "东京", ("en",)),
        ("auto", "こんにちは hello", ("ja",)),
        ("auto", "안녕", ("ja",)),
        ("auto", "東京", ()),
        ("auto", "東京", ("ja", "zh")),
        ("zh", "123", ("en",)),
    ],
)
def test_letters_of_another_language_and_what_was_named_stay(code: str, text: str, spoken: tuple[str, ...]) -> None:
    assert narrowed(code, text, spoken) == code
