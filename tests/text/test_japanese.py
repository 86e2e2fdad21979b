"""Japanese: phrases, pitch marks and signs from made-up words; golden rows with whatever engine is installed."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from GPT_SoVITS.text import resources
from GPT_SoVITS.text.cleaning import Cleaner
from GPT_SoVITS.text.errors import MissingResourceError, TextError
from GPT_SoVITS.text.japanese import engine as engines
from GPT_SoVITS.text.japanese.engine import BUFFER_BYTES, ENGINE_COMMAND, LONGEST_KANA, Engine, Feature, fitting
from GPT_SoVITS.text.japanese.morae import Morae
from GPT_SoVITS.text.japanese.prosody import with_pitch_marks
from GPT_SoVITS.text.japanese.reading import JapaneseFrontEnd
from GPT_SoVITS.text.japanese.userdict import compile_dictionary
from tests.textcheck.runner import check_file, read_rows
from tests.textcheck.thresholds import Available

DATA = Path(__file__).parents[1] / "data" / "text"
_SOUNDS = {"カ": "k a", "サ": "s a", "キ": "k i", "キャ": "ky a", "ン": "N", "ッ": "cl", "シ": "sh I"}


def _labels(features: Sequence[Feature]) -> list[str]:
    """Labels of one known mora, in Open JTalk's form; of others as of two morae or of none."""
    kana = features[0]["pron"]
    if kana in _SOUNDS:
        names, morae = _SOUNDS[kana].split(), 1
    elif kana[:1] in _SOUNDS and len(kana) == 2:
        names, morae = ["k", "a", "a"], 2
    else:
        return []
    ends = f"x^x-sil+x=x/A:xx+xx+xx/F:xx_xx#{morae}"
    return [ends, *(f"x^x-{name}+x=x/A:0+1+1/F:{morae}_0#0_xx" for name in names), ends]


def _word(pron: str, accent: int = 0, chain: int = 0) -> Feature:
    return {"pron": pron, "acc": accent, "chain_flag": chain, "mora_size": len(pron)}


def _marked(*words: Feature) -> str:
    return " ".join(with_pitch_marks(words, Morae(_labels)))


def test_pitch_rises_after_the_first_mora_and_falls_after_the_nucleus() -> None:
    assert _marked(_word("カサキカ", accent=3)) == "k a [ s a k i ] k a"
    assert _marked(_word("カサキ", accent=1)) == "k a ] s a k i"
    assert _marked(_word("カサキ")) == "k a [ s a k i"


def test_a_new_phrase_is_marked_and_a_chained_word_continues_the_phrase() -> None:
    assert _marked(_word("カサ", 1), _word("キカ", 2)) == "k a ] s a # k i [ k a"
    assert _marked(_word("カサ", 3), _word("キカ", 0, chain=1)) == "k a [ s a k i ] k a"


def test_a_phrase_border_stands_behind_vowels_moraic_n_and_geminates_only() -> None:
    assert _marked(_word("ン"), _word("カ")) == "N # k a"
    assert _marked(_word("ッ"), _word("カ")) == "cl # k a"


def test_lengthening_belongs_to_the_mora_before_even_across_words() -> None:
    assert _marked(_word("カー", 1)) == "k a ] a"
    assert _marked(_word("カ"), _word("ーサ")) == "k a [ a # s a"
    assert _marked(_word("ーカ")) == "k a"
    assert _marked(_word("カ"), _word("、"), _word("ーサ")) == "k a _ s a"


def test_pauses_stand_inside_only() -> None:
    assert _marked(_word("、"), _word("カ"), _word("、"), _word("、"), _word("サ"), _word("、")) == "k a _ s a"
    assert _marked(_word("カ", 2), _word("、"), _word("サ", 0, chain=1)) == "k a _ s a"


def test_unvoiced_vowels_are_voiced_and_unknown_signs_end_a_word() -> None:
    assert _marked(_word("シ’カ")) == "sh i [ k a"
    assert _marked(_word("カ@サ"), _word("サ")) == "k a # s a"


def test_small_kana_join_where_the_engine_knows_the_pair() -> None:
    assert Morae(_labels).split("キャカァ") == [("ky", "a"), ("k", "a")]  # "ァ" alone is unknown to this engine


class _Silent:
    """An engine that returns one word of the text's length and refuses what the real one would crash on."""

    def run_frontend(self, text: str) -> list[Feature]:
        return [_word("カ")]

    def make_label(self, features: list[Feature]) -> list[str]:
        return _labels(features)


def _front_end() -> JapaneseFrontEnd:
    return JapaneseFrontEnd(Engine(_Silent(), exact=True))


def test_signs_between_runs() -> None:
    spoken = _front_end().pronounce("日本、日本！？日本 日本\n…〆")
    assert spoken.phones == ["k", "a", ",", "k", "a", "!", "?", "k", "a", "k", "a", ".", "…", "〆"]
    assert spoken.word2ph is None


def test_only_repeated_half_width_signs_are_reduced() -> None:
    assert _front_end().normalise("はい!?…。。") == "はい!。。"


@pytest.mark.parametrize("run", ["漢" * 9000, "ア" * 5000, "1" * 9000, "ｱ" * 2000, "漢カ" * 4000])
def test_long_runs_are_cut_to_what_the_engine_can_hold(run: str) -> None:
    parts = list(fitting(run))
    assert "".join(parts) == run
    engine = Engine(_Silent(), exact=True)
    for part in parts:
        assert engine.features(part)


@pytest.mark.parametrize("run", ["ア" * LONGEST_KANA, "漢" * (BUFFER_BYTES // 3), "日本語" * 300])
def test_runs_that_fit_are_left_whole(run: str) -> None:
    assert list(fitting(run)) == [run]


@pytest.mark.parametrize("run", ["ア" * (LONGEST_KANA + 1), "漢" * 2731])
def test_the_engine_refuses_what_would_crash_it(run: str) -> None:
    with pytest.raises(TextError, match="Open JTalk"):
        Engine(_Silent(), exact=True).features(run)


def test_without_an_engine_the_message_has_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "_packages", list)
    with pytest.raises(MissingResourceError, match="pip install"):
        engines.load_engine()


def test_a_broken_engine_file_is_said_and_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(resources, "say_once", lambda key, message: said.append(message))
    monkeypatch.setattr(engines, "_packages", lambda: [tmp_path])
    (tmp_path / f"openjtalk{EXTENSION_SUFFIXES[0]}").write_bytes(b"no library")
    with pytest.raises(MissingResourceError):
        engines.load_engine()
    assert "cannot be loaded" in said[0]


def _stub_build(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, **attributes: Any) -> dict[str, bytes]:
    """Make load_engine() find a plain build and a dictionary; return what its constructor is given."""
    given: dict[str, bytes] = {}

    def construct(**options: bytes) -> _Silent:
        given.update(options)
        return _Silent()

    build = engines.Build(SimpleNamespace(OpenJTalk=construct, **attributes), plain=True, folder=tmp_path)
    monkeypatch.setattr(engines, "_packages", lambda: [tmp_path])
    monkeypatch.setattr(engines, "_load_build", lambda package: build)
    (tmp_path / "ja_userdic").mkdir()
    for name in ("sys.dic", "matrix.bin", "char.bin", "unk.dic", "ja_userdic/user.dict"):
        (tmp_path / name).write_bytes(b"")
    monkeypatch.setenv(resources.VARIABLE, str(tmp_path))
    return given


def test_the_users_dictionaries_are_given_to_the_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given = _stub_build(monkeypatch, tmp_path, mecab_dict_index=None)
    assert engines.load_engine().exact
    assert given["dn_mecab"].decode() == str(tmp_path)
    assert given["userdic"].decode().endswith("user.dict")


def test_an_engine_without_user_dictionaries_is_not_given_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given = _stub_build(monkeypatch, tmp_path)
    engines.load_engine()
    assert "userdic" not in given


def test_compiling_a_missing_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TextError, match="there is no user dictionary"):
        compile_dictionary(tmp_path / "none.csv", tmp_path / "user.dict")


def test_a_compiled_user_dictionary_changes_the_reading(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _installed()
    if not hasattr(engines.find_build().module, "mecab_dict_index"):
        pytest.skip("this Open JTalk engine compiles no dictionaries")
    (tmp_path / "ja_userdic").mkdir()
    table, compiled = tmp_path / "ja_userdic/userdict.csv", tmp_path / "ja_userdic/user.dict"
    table.write_text("ｇｐｔ,,,-9999,名詞,固有名詞,一般,*,*,*,ｇｐｔ,カサ,カサ,1/2,*\n", encoding="utf-8")
    compile_dictionary(table, compiled)
    former = [str(folder) for folder in resources.folders()]
    monkeypatch.setenv(resources.VARIABLE, ":".join([str(tmp_path), *former]))
    assert JapaneseFrontEnd(engines.load_engine()).pronounce("GPT").phones == ["k", "a", "]", "s", "a"]


def _installed() -> Engine:
    try:
        return engines.load_engine()
    except MissingResourceError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name", ["ja_v1", "ja_v2"])
def test_golden_rows_with_the_official_engine_and_dictionary(name: str) -> None:
    if not _installed().exact:
        pytest.skip(f"needs the official engine ({ENGINE_COMMAND}) and naist-jdic")
    outcome = check_file(DATA / f"{name}.jsonl.gz", Available.here())
    assert outcome.counted == 120
    assert outcome.share == 100.0, "\n".join(map(str, outcome.differences[:5]))


def _sounds(phones: Sequence[str]) -> list[str]:
    return [phone for phone in phones if phone not in ("[", "]", "_", "UNK")]


def test_golden_rows_with_any_engine_have_the_official_sounds_but_for_accents() -> None:
    _installed()
    cleaner = Cleaner()
    rows = [row for row in read_rows(DATA / "ja_v2.jsonl.gz") if not row["needs_ja_userdict"]]
    same = sum(_sounds(cleaner.clean(row["text"], "ja", "v2").phones) == _sounds(row["phones"]) for row in rows)
    assert same >= 0.94 * len(rows)


@pytest.mark.parametrize("text", ["アｱヵ゛゜ー", "日本", "1234567890", "abc", "ッ", "食べたい今日は", "・ア"])
def test_endless_runs_do_not_crash_the_engine(text: str) -> None:
    front_end = JapaneseFrontEnd(_installed())
    assert front_end.pronounce(text * (6000 // len(text))).phones
