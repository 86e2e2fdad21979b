"""Cantonese: golden rows, and how syllables are cut."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from GPT_SoVITS.text.cantonese import create
from GPT_SoVITS.text.cantonese.g2p import Cantonese, UnknownJyutpingError, phonemes
from GPT_SoVITS.text.cleaning import Cleaner
from GPT_SoVITS.text.errors import MissingResourceError, UnsupportedLanguageError
from GPT_SoVITS.text.symbols import IDS
from tests.textcheck.runner import check_file, read_rows
from tests.textcheck.thresholds import Available

DATA = Path(__file__).parent.parent / "data/text"


@pytest.fixture(scope="module")
def cantonese() -> Cantonese:
    return create("v2")


def test_golden_rows() -> None:
    outcome = check_file(DATA / "yue_v2.jsonl.gz", Available(english=False, japanese=False))
    assert outcome.counted == 125
    assert outcome.share == 100.0, "\n".join(map(str, outcome.differences[:5]))


@pytest.mark.parametrize(("name", "least"), [("traps.jsonl", 22), ("hostile.jsonl.gz", 57)])
def test_recorded_traps_and_hostile_texts(name: str, least: int) -> None:
    rows = [row for row in read_rows(DATA / name) if row["lang"] == "yue" and not row.get("error")]
    cleaner = Cleaner()
    wrong = [row["text"] for row in rows if cleaner.clean(row["text"], "yue", row["version"]).phones != row["phones"]]
    assert len(rows) >= least
    assert wrong == []


@pytest.mark.parametrize(
    ("syllable", "cut"),
    [
        ("oi3", ("Yoi", "Yi3")),
        ("aap3", ("Yaa", "Yp3")),
        ("aa3", ("Yaa", "Ya3")),
        ("m4", ("Ym", "Ym4")),
        ("ng5", ("Yng", "Yg5")),
        ("ngo5", ("Yng", "Yo5")),
        ("gwong2", ("Ygw", "Yong2")),
        ("jyut6", ("Yj", "Yyut6")),
        ("ung1", ("Yung", "Yg1")),
    ],
)
def test_syllables_are_cut_by_the_models_list_of_initials(syllable: str, cut: tuple[str, str]) -> None:
    assert phonemes(syllable) == cut


def test_marks_are_kept_and_not_collapsed(cantonese: Cantonese) -> None:
    text = cantonese.normalise("好～！！真係？（唔係）")
    assert text == "好-!!真系?唔系"
    assert cantonese.pronounce("!-").phones == ["!", "-"]


def test_numbers_are_in_mandarin_words(cantonese: Cantonese) -> None:
    assert cantonese.normalise("有2個。") == "有两个."


def test_user_dictionaries_spell_in_jyutping(cantonese: Cantonese) -> None:
    assert list(cantonese.spell("hong4")) == ["Yh", "Yong4"]
    assert all(phone in IDS["v2"] for phone in cantonese.spell("ngoi6"))
    for wrong in ("", "hong", "hong7", "xong4", "heong9", "hzz4"):
        with pytest.raises(UnknownJyutpingError):
            cantonese.spell(wrong)


def test_a_character_without_a_reading_is_refused_by_name(cantonese: Cantonese) -> None:
    with pytest.raises(UnknownJyutpingError, match="乛"):
        cantonese.pronounce("好乛")


def test_v1_models_do_not_speak_it() -> None:
    with pytest.raises(UnsupportedLanguageError, match="v2"):
        create("v1")


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ToJyutping", None)
    with pytest.raises(MissingResourceError, match="pip install ToJyutping"):
        create("v2")
