"""The natural reading of hostile texts: linear time, no crash, nothing but our own errors."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from GPT_SoVITS.text.errors import TextError
from GPT_SoVITS.text.reading.natural import natural_passages
from tests.text import test_hostile as hostile
from tests.text.speed import slowness

LANGUAGES = ("auto", "zh", "en", "all_ja", "all_ko", "all_yue")
# What a pattern of this step alone could trip over.
UNITS = {
    **hostile.UNITS,
    **{
        "links": "[a](b)",
        "readings": "[好]{hao3}",
        "stars": "*a",
        "underscores": "_a_",
        "mail": "a@b.",
        "hosts": "a.b.",
    },
    **{"addresses": "http://a", "entities": "&amp;", "tags": "<b>", "escapes": "\\[", "tables": "|a|", "quotes": "'a"},
    **{
        "initials": "A. ",
        "afternoons": "5 p.m. ",
        "equations": "1=",
        "scores": "won ",
        "calls": "call me ",
        "dashes": "1-",
    },
    **{
        "colons": "1:",
        "degrees": "5°",
        "decades": "80s ",
        "headings": "# a\n",
        "Han and kana": "好の",
        "Han numerals": "一",
        "days": "5/1-",
        "codes": "3-2-",
        "rates": "1kg/",
        "scores of teams": "甲队3-1乙队",
        "emergencies": "110、",
        "powers": "10^3=",
        "currencies": "HK$5-",
        "open tag": "<script>",
        "attributes": "<a b=c ",
        "angles": "x<y>",
        "floors": "5F、",
        "thousands": "1 000 ",
    },
}
MARKS = st.text(
    alphabet=st.one_of(
        st.sampled_from(
            "0123456789.,:-–—/~%$€¥^!?…，。：；[]{}()<>&;#*_`|\\@'\"\n\t \u00a0 好的あ한AaNPM℃①½\U000f0000"
        ),
        st.characters(),
    ),
    max_size=80,
)


def _seconds(text: str, language: str) -> float:
    started = time.thread_time()
    try:
        natural_passages(text, language, "v2", "cut5")
    except TextError as error:
        assert str(error)
    return time.thread_time() - started


def _slow(size: int, language: str, seconds: float) -> dict[str, float]:
    """Return what takes longer, the best of three, in seconds of an idle core of the reference machine."""
    _seconds("1 a 好", language)
    slow = {}
    for name, unit in UNITS.items():
        text = unit * (size // len(unit.encode()))
        spent = _seconds(text, language)
        for _ in range(2):
            spent = spent if spent <= seconds else min(spent, _seconds(text, language))
        if spent > seconds and spent > seconds * slowness():
            slow[name] = spent
    return slow


@pytest.mark.parametrize("language", LANGUAGES)
def test_2_kb_are_prepared_in_their_share(language: str) -> None:
    assert not _slow(2_000, language, 0.04)


@pytest.mark.full
@pytest.mark.parametrize("language", LANGUAGES)
def test_100_kb_are_prepared_in_two_seconds(language: str) -> None:
    assert not _slow(100_000, language, 2.0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_any_text_with_any_marks_is_prepared_or_refused(language: str) -> None:
    method = st.sampled_from(["cut0", "cut1", "cut2", "cut3", "cut4", "cut5"])

    def check(text: str, method: str) -> None:
        try:
            passages = natural_passages(text, language, "v2", method)
        except TextError as error:
            assert str(error)
            return
        for passage in passages:
            assert any(char.isalnum() for part in passage.parts for char in part.spoken)
            assert len(passage.text) <= 520

    settings(hostile.QUICK, max_examples=100)(given(text=MARKS, method=method)(check))()
