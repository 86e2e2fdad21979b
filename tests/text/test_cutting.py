"""Cutting methods and the rules around them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from GPT_SoVITS.text import cutting
from GPT_SoVITS.text.errors import EmptyTextError, UnknownCuttingError, UnsupportedLanguageError
from GPT_SoVITS.text.languages import CUTTING_METHODS, TEXT_LANGUAGES, languages_of, resolve_cutting, resolve_language
from tests.text.speed import within
from tests.textcheck.runner import check_file
from tests.textcheck.thresholds import Available

DATA = Path(__file__).parent.parent / "data/text"
TEXTS = st.text(alphabet="我们ab1 ,.;?!、，。？！：…~-—\n", max_size=200)


def test_recorded_cuts_are_exact() -> None:
    outcome = check_file(DATA / "segment.jsonl.gz", Available(english=False, japanese=False))
    assert outcome.rows == 78
    assert not outcome.crashes
    assert [str(difference) for difference in outcome.differences] == []
    assert set(outcome.checked) == {"cuts", "pre_seg_text", "get_first", "split_big_text", "punctuation", "merge"}


@pytest.mark.parametrize("method", list(CUTTING_METHODS))
@given(text=TEXTS)
def test_cutting_only_fails_on_empty_text_and_invents_nothing(method: str, text: str) -> None:
    try:
        pieces = cutting.cut(text, method)
    except EmptyTextError:
        assert not text.strip("\n")
        return
    added = set(pieces) - set(text)
    assert added <= {"\n", "。", "，"}


@given(text=TEXTS, method=st.sampled_from(list(CUTTING_METHODS)), language=st.sampled_from(list(TEXT_LANGUAGES)))
def test_every_sentence_has_a_word_and_ends_in_a_splitter(text: str, method: str, language: str) -> None:
    try:
        sentences = cutting.pre_seg_text(text, language, method)
    except EmptyTextError:
        return
    for sentence in sentences:
        assert any(char.isalnum() for char in sentence)
        assert sentence[-1] in cutting.SPLITTERS


@given(text=st.text(alphabet="ab ", max_size=300), longest=st.integers(1, 40))
def test_hard_split_loses_nothing_and_keeps_the_limit(text: str, longest: int) -> None:
    parts = cutting.hard_split(text, longest)
    assert "".join(parts) == text
    assert all(0 < len(part) <= longest for part in parts)


def test_hard_split_prefers_a_space() -> None:
    assert cutting.hard_split("aaaa bbbb", 6) == ["aaaa ", "bbbb"]


@pytest.mark.parametrize("method", list(CUTTING_METHODS))
@pytest.mark.parametrize("text", ["我", "a.", "。", "1.", "\n好", "……", "a,b。"])
def test_cutting_takes_linear_time(method: str, text: str) -> None:
    def cut() -> None:
        try:
            cutting.pre_seg_text(text * 100_000, "zh", method)
        except EmptyTextError:
            assert not any(char.isalnum() for char in text)

    assert within(2.0, cut)


def test_codes_and_names_are_accepted_everywhere() -> None:
    for code, name in CUTTING_METHODS.items():
        assert resolve_cutting(code) == resolve_cutting(name) == resolve_cutting(code.upper()) == code
    for code, name in TEXT_LANGUAGES.items():
        assert resolve_language(code, "v2") == resolve_language(f" {name} ", "v4") == code
    assert resolve_language("多语种混合（粤语）", "v2") == "auto_yue"


def test_errors_list_what_is_accepted() -> None:
    with pytest.raises(UnknownCuttingError, match=r"'cut9'.*cut0 \(不切\).*cut5"):
        resolve_cutting("cut9")
    with pytest.raises(UnsupportedLanguageError, match=r"'fr' is no text language.*all_zh \(中文\).*auto_yue"):
        resolve_language("fr", "v2")
    with pytest.raises(UnsupportedLanguageError, match="'韩文' is not spoken by v1 models, only from v2"):
        resolve_language("韩文", "v1")


def test_v1_reads_neither_cantonese_nor_korean() -> None:
    assert set(languages_of("v2")) - set(languages_of("v1")) == {"yue", "all_yue", "ko", "all_ko", "auto_yue"}
