"""Korean: golden rows, and each step of ours against g2pk2's own."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from GPT_SoVITS.text.cleaning import Cleaner
from GPT_SoVITS.text.errors import MissingResourceError, TextError
from GPT_SoVITS.text.korean import analysis, create, packages
from GPT_SoVITS.text.korean.analysis import pieces
from GPT_SoVITS.text.korean.letters import divide, spell_latin
from GPT_SoVITS.text.korean.rules import Rules, compose, decompose
from tests.textcheck.runner import check_file, read_rows
from tests.textcheck.thresholds import Available

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data" / "text"


@pytest.fixture(scope="module")
def rules() -> Rules:
    return Rules()


def _phones(text: str) -> str:
    return "".join(create("v2").pronounce(text).phones)


def test_golden_rows() -> None:
    outcome = check_file(DATA / "ko_v2.jsonl.gz", Available(english=False, japanese=False))
    assert outcome.counted == 127
    assert outcome.share == 100.0, "\n".join(map(str, outcome.differences[:5]))


@pytest.mark.parametrize("name", ["traps.jsonl", "hostile.jsonl.gz"])
def test_recorded_traps_and_hostile_texts(name: str) -> None:
    rows = [row for row in read_rows(DATA / name) if row["lang"] == "ko" and not row.get("error")]
    cleaner = Cleaner()
    wrong = [row["text"] for row in rows if cleaner.clean(row["text"], "ko", row["version"]).phones != row["phones"]]
    assert len(rows) >= 17
    assert wrong == []


def test_importing_korean_neither_runs_g2pk2s_package_nor_nltk() -> None:
    code = (
        "import sys; from GPT_SoVITS.text.korean import create; create('v2').pronounce('안녕');"
        "assert 'nltk' not in sys.modules and 'g2pk2' not in sys.modules and 'g2pk2.special' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)


def test_latin_letters_are_named_as_a_pattern_without_case_would_find_them() -> None:
    pattern = re.compile("[a-z]", re.IGNORECASE)
    letters = [chr(code) for code in range(0x110000) if pattern.fullmatch(chr(code))]
    assert all(spell_latin(letter) != letter for letter in letters)
    assert spell_latin("Wi-Fi é Ａ") == "더블유아이-에프아이 é Ａ"


def test_syllables_survive_decomposing_and_composing() -> None:
    every = "".join(map(chr, range(0xAC00, 0xD7A4)))
    assert compose(decompose(every)) == every
    assert compose("\u1161") == "아"


def test_letters_stand_alone_with_diphthongs_in_two() -> None:
    assert divide("위의 값!") == "ㅇㅜㅣㅇㅡㅣ ㄱㅏㅄ!"


@pytest.mark.parametrize(
    ("annotated", "read"),
    [
        ("3개/B", "세개/B"),
        ("15일/B 5일/B", "십오일/B 오일/B"),
        ("12,345명/B", "만이천삼백사십오명/B"),
        ("010", "영일영"),
        ("3개", "삼개"),
        ("5/B", "오/B"),
        ("12345678901234567개/B", "일이삼사오육칠팔구영일이삼사오육칠개/B"),
    ],
)
def test_numbers_are_read_by_their_counter_or_digit_by_digit(rules: Rules, annotated: str, read: str) -> None:
    assert rules.read_numbers(annotated) == read


def test_a_final_letter_gets_a_full_stop_and_signs_their_symbols() -> None:
    assert _phones("가") == "ㄱㅏ."
    assert _phones("가。 나😀") == "ㄱㅏ.空ㄴㅏ停"


@pytest.mark.parametrize("text", ["안녕\ud83d", "\ude00안녕", "\ua960"])
def test_what_official_fails_on_is_a_text_error(text: str) -> None:
    with pytest.raises(TextError):
        _phones(text)


def test_long_texts_are_analysed_in_pieces_cut_behind_spaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis, "LARGEST_PIECE", 10)
    assert list(pieces("가나 다라마 바사아자차카타파하가나다라 마")) == [
        "가나 다라마 ",
        "바사아자차카타파하가",
        "나다라 마",
    ]


@pytest.mark.parametrize("package", ["g2pk2", "jamo"])
def test_a_missing_package_is_said_with_the_command(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "g2pk2"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    if package == "g2pk2":
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingResourceError, match=f"{package}.*pip install"):
        packages.load_rules()


def test_missing_mecab_is_said_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mecab", None)
    with pytest.raises(MissingResourceError, match=r"python-mecab-ko.*pip install"):
        packages.MeCab()
