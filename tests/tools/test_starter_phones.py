"""What the tools of the starter voice make of phonemes, texts and timings."""

from __future__ import annotations

import random
import re

import numpy as np
import pytest

from GPT_SoVITS.text.chinese.syllables import phonemes
from tools.starter import chinese, english, japanese
from tools.starter.dataset import Utterance
from tools.starter.english import ipa, starts_by
from tools.starter.grammar import plain_sentence, rules
from tools.starter.phones import LANGUAGES, THIRDS, codes_of, language, similar_codes

READINGS = {"red": [["R", "EH1", "D"]], "tea": [["T", "IY1"]]}


def test_codes_say_the_class_and_the_third_of_the_phoneme() -> None:
    first, second = english.classes(["T", "IY1"])
    codes, segments = codes_of(np.array([0, first, second]), np.array([0.04, 0.16, 0.28]), 7)
    assert list(codes // THIRDS) == [0, *[first] * 3, *[second] * 3]
    assert list(codes[1:] % THIRDS) == [0, 1, 2, 0, 1, 2]
    assert list(segments) == [0, 1, 1, 1, 2, 2, 2]


def test_the_last_segment_goes_on_to_the_end() -> None:
    codes, _ = codes_of(np.array([0]), np.array([0.04]), 4)
    assert list(codes[1:]) == [THIRDS - 1] * 3


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_code_lies_below_their_number(code: str) -> None:
    own = language(code)
    assert len(set(own.CLASSES)) == len(own.CLASSES) and len(own.CLASSES) * own.PIECES <= own.CODES


@pytest.mark.parametrize(("phone", "symbols"), [("AH0", "ə"), ("AH1", "ˈʌ"), ("ER2", "ˌɜɹ"), ("CH", "ʧ"), ("?", "?")])
def test_phonemes_in_the_teachers_symbols(phone: str, symbols: str) -> None:
    assert ipa(phone) == symbols


def test_words_begin_where_the_dictionary_says() -> None:
    phones = ["AH0", "R", "EH1", "D", "T", "IY1", "."]
    assert starts_by("A red tea.", phones, READINGS) == frozenset({1, 4})


def test_a_text_that_is_read_otherwise_has_no_word_starts() -> None:
    assert starts_by("Red tea.", ["R", "IY1", "D", "T", "IY1", "."], READINGS) is None


def test_japanese_phonemes_have_the_symbols_that_their_neighbours_ask_for() -> None:
    phones = ["s", "u", "]", "z", "u", "k", "i", "#", "s", "a", "N", "p", "o", "o", ",", "h", "o", "N", "."]
    symbols = japanese.symbols(phones, frozenset({8, 15}))
    assert "".join(symbols) == "sɨzɨkʲi sampoː, hoɴ."
    assert [symbols[2], symbols[7]] == ["", ""], "marks of prosody have no sound"


def test_a_nasal_before_the_next_word_does_not_take_its_place() -> None:
    assert japanese.symbols(["h", "o", "N", "d", "a"], frozenset({3})) == ["h", "o", "ɴ", " d", "a"]


def test_a_mark_of_prosody_counts_to_the_phoneme_before_it_and_takes_no_time() -> None:
    classes = japanese.classes(["k", "a", "]", "N"])
    assert classes[1] == classes[2] != classes[3]
    ends = np.array([0.04, 0.08, 0.16, 0.16, 0.24])
    _, segments = codes_of(np.array([0, *classes]), ends, 6)
    assert 3 not in segments


def test_the_sounds_of_a_final_are_segments_of_their_own() -> None:
    phones = ["y", "van2", "AA", "an1", "y", "in1", "x", "iao3", ","]
    assert chinese.symbols(phones, frozenset({2})) == ["ɥ", "ɛ↗", "n", " a→", "n", "i→", "n", "ɕ", "j", "a", "u↓", ","]
    assert chinese.owners(phones) == [1, 1, 1, 3, 3, 5, 5, 6, 7, 7, 7, 8]
    names = [chinese.CLASSES[each] for each in chinese.classes(phones)]
    assert names == ["y-", "ɛ2", "-n", "a1", "-n", "i1", "-n", "x", "i-", "a3", "-u", ""], "a nucleus tells its tone"


def test_a_code_knows_its_phoneme_where_a_phoneme_is_several_segments() -> None:
    phones = ["x", "iao3"]
    ends = np.array([0.04, 0.12, 0.16, 0.28, 0.36])
    item = Utterance(
        "a", "zh", "小", "b", phones, np.zeros(2), np.array([0, *chinese.classes(phones)]), ends, np.zeros(0)
    )
    codes, owners = item.codes()
    assert list(owners) == [0, 0, 0, 1, 1, 1, 1, 1, 1]
    assert [chinese.CLASSES[code // chinese.PIECES] for code in codes] == ["", "x", "x", "i-", *["a3"] * 3, *["-u"] * 2]


@pytest.mark.parametrize(
    ("syllable", "symbols"),
    [
        (("", "i4"), "i↘"), (("", "ia4"), "ja↘"), (("", "iou3"), "jou↓"), (("", "iong4"), "jʊ↘ŋ"), (("", "u3"), "u↓"),
        (("", "uo3"), "wo↓"), (("", "ueng1"), "wə→ŋ"), (("", "v2"), "y↗"), (("b", "o1"), "pwo→"), (("", "o5"), "o"),
        (("zh", "i1"), "ꭧɨ→"), (("c", "i2"), "ʦʰɨ↗"), (("", "er2"), "ɚ↗"), (("x", "iong2"), "ɕjʊ↗ŋ"),
    ],
)  # fmt: skip
def test_syllables_in_the_teachers_symbols(syllable: tuple[str, str], symbols: str) -> None:
    assert "".join(chinese.symbols(phonemes(*syllable), frozenset())) == symbols


def test_words_begin_where_jieba_parts_them() -> None:
    phones = ["w", "o3", "m", "en5", ",", "m", "ai3", "g", "ou3", "."]
    assert chinese.word_starts("我们,买狗.", phones) == frozenset({5, 7})
    assert chinese.word_starts("我们,买.", phones) is None


def test_similar_codes_fit_where_a_class_has_as_many_and_are_means_where_it_has_fewer() -> None:
    own, first, second = similar_codes(language("ja"))
    assert first == second and len(set(own)) == len(own)
    own, first, second = similar_codes(language("zh"))
    assert sorted(own) == list(range(chinese.CODES)), "every code begins as one"
    assert [b - a for a, b in zip(first, second, strict=True)] == [THIRDS - chinese.PIECES] * len(own)
    assert first[own.index(1)] // THIRDS == 0, "silence is silence"


def test_similar_english_phonemes_are_known_on_both_sides() -> None:
    assert all(japanese.classes(list(japanese.LIKE))) and all(english.classes(list(japanese.LIKE.values())))


@pytest.mark.parametrize(
    ("code", "pattern"),
    [
        ("en", r"[A-Za-z0-9][A-Za-z0-9' ,]*[.?!]"),
        ("ja", r"[\u3005\u3040-\u30ff\u4e00-\u9fff、]+[。？]"),
        ("zh", r"[\u4e00-\u9fff，、]+[。？！]"),
    ],
)
def test_sentences_of_the_grammar_are_whole(code: str, pattern: str) -> None:
    rng = random.Random(5)
    for _ in range(300):
        assert re.fullmatch(pattern, plain_sentence(code, rng))


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_rule_of_the_grammar_is_used(code: str) -> None:
    own = rules(code)
    used = {name for choices in own.values() for choice in choices for name in re.findall(r"\{(\w+)\}", choice)}
    assert set(own) == used | {"sentence"}
