"""Where sentences end: for subtitles, of which each cue is a sentence."""

from __future__ import annotations

import time

import pytest

from GPT_SoVITS.text.sentences import by_sentence, ends_sentence, joined


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("你好，世界。今天天气不错！“走吧。”他说。", ["你好，世界。", "今天天气不错！", "“走吧。”", "他说。"]),
        ("こんにちは。元気ですか？はい", ["こんにちは。", "元気ですか？", "はい"]),
        ("Dr. Smith came at 3.14 p.m. today. He left...", ["Dr. Smith came at 3.14 p.m. today.", "He left..."]),
        ("版本2.0发布了。Version 2.0 is out! Yes.", ["版本2.0发布了。", "Version 2.0 is out!", "Yes."]),
        ("No end, and none needed", ["No end, and none needed"]),
        ("", []),
    ],
)
def test_sentences(text: str, sentences: list[str]) -> None:
    assert by_sentence(text).split("\n") == (sentences or [""])
    assert all(ends_sentence(sentence) for sentence in sentences[:-1])


def test_what_ends_no_sentence() -> None:
    for text in ("Dr.", "你好，", "J.", "10 a.", "", "one;", "3.14"):
        assert not ends_sentence(text), text
    for text in ("Yes.", "好。", "好。”", "Who?", "I."):
        assert ends_sentence(text), text


def test_pieces_are_joined_as_they_were() -> None:
    assert joined("Dr.", "Smith") == "Dr. Smith"
    assert joined("你好，", "世界。") == "你好，世界。"
    assert joined("one, ", " two") == "one, two"
    assert joined("at 10 a.", "m. today", "We met at 10 a.m. today.") == "at 10 a.m. today"


def test_a_long_text_takes_no_time() -> None:
    began = time.perf_counter()
    for text in ("." * 100_000, "a. " * 50_000, "A" * 100_000 + ".", "。" * 100_000):
        by_sentence(text)
    assert time.perf_counter() - began < 60
