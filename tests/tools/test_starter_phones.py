"""What the tools of the starter voice make of phonemes, texts and timings."""

from __future__ import annotations

import random
import re

import numpy as np
import pytest

from tools.starter.grammar import plain_sentence, rules
from tools.starter.phones import CLASSES, CODES, THIRDS, class_of, codes_of, ipa, word_starts

READINGS = {"red": [["R", "EH1", "D"]], "tea": [["T", "IY1"]]}


def test_codes_say_the_class_and_the_third_of_the_phoneme() -> None:
    classes = np.array([0, class_of("T"), class_of("IY1")])
    codes, segments = codes_of(classes, np.array([0.04, 0.16, 0.28]), 7)
    assert list(codes // THIRDS) == [0, *[class_of("T")] * 3, *[class_of("IY1")] * 3]
    assert list(codes[1:] % THIRDS) == [0, 1, 2, 0, 1, 2]
    assert list(segments) == [0, 1, 1, 1, 2, 2, 2]


def test_the_last_segment_goes_on_to_the_end() -> None:
    codes, _ = codes_of(np.array([0]), np.array([0.04]), 4)
    assert list(codes[1:]) == [THIRDS - 1] * 3


def test_every_code_lies_below_their_number() -> None:
    assert max(class_of(name) for name in CLASSES[1:]) * THIRDS + THIRDS - 1 == CODES - 1


@pytest.mark.parametrize(("phone", "symbols"), [("AH0", "ə"), ("AH1", "ˈʌ"), ("ER2", "ˌɜɹ"), ("CH", "ʧ"), ("?", "?")])
def test_phonemes_in_the_teachers_symbols(phone: str, symbols: str) -> None:
    assert ipa(phone) == symbols


def test_words_begin_where_the_dictionary_says() -> None:
    phones = ["AH0", "R", "EH1", "D", "T", "IY1", "."]
    assert word_starts("A red tea.", phones, READINGS) == frozenset({1, 4})


def test_a_text_that_is_read_otherwise_has_no_word_starts() -> None:
    assert word_starts("Red tea.", ["R", "IY1", "D", "T", "IY1", "."], READINGS) is None


def test_sentences_of_the_grammar_are_whole() -> None:
    rng = random.Random(5)
    for _ in range(300):
        assert re.fullmatch(r"[A-Z0-9][A-Za-z0-9' ,]*[.?!]", plain_sentence(rng))


def test_every_rule_of_the_grammar_is_used() -> None:
    used = {name for choices in rules().values() for choice in choices for name in re.findall(r"\{(\w+)\}", choice)}
    assert set(rules()) == used | {"sentence"}
