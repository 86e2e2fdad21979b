"""Mandarin: golden rows, and each rule by itself."""

from __future__ import annotations

import random
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from GPT_SoVITS.text.chinese import create, dictionary, merging, polyphones, punctuation, words
from GPT_SoVITS.text.chinese.erhua import apply_erhua
from GPT_SoVITS.text.chinese.g2p import Mandarin
from GPT_SoVITS.text.chinese.normalise import RULES, numerals, spoken_lines
from GPT_SoVITS.text.chinese.polyphones import DerivedReadings, PolyphoneFileError, read_official
from GPT_SoVITS.text.chinese.sandhi import ToneSandhi
from GPT_SoVITS.text.chinese.syllables import UnknownSyllableError, cut_syllable, phonemes
from GPT_SoVITS.text.chinese.viterbi import TagModel
from GPT_SoVITS.text.chinese.words import Word, segmenter
from GPT_SoVITS.text.cleaning import Cleaner
from GPT_SoVITS.text.errors import MissingResourceError, TextError
from GPT_SoVITS.text.symbols import IDS
from tests.textcheck.runner import check_file, read_rows
from tests.textcheck.thresholds import Available

DATA = Path(__file__).parent.parent / "data/text"
GOLDEN = {"zh_v1": 149, "zh_v2": 149, "zh_v2_g2pw_stub": 163}


@pytest.fixture(scope="module")
def mandarin() -> Mandarin:
    return Mandarin(segmenter(), erhua=True)


@pytest.fixture(scope="module")
def sandhi() -> ToneSandhi:
    return ToneSandhi(segmenter().split)


# --- the whole way ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_rows(name: str) -> None:
    outcome = check_file(DATA / f"{name}.jsonl.gz", Available(english=False, japanese=False))
    assert outcome.counted == GOLDEN[name]
    assert outcome.share == 100.0, "\n".join(map(str, outcome.differences[:5]))


@pytest.mark.parametrize(("name", "least"), [("traps.jsonl", 98), ("hostile.jsonl.gz", 114)])
def test_recorded_traps_and_hostile_texts(name: str, least: int) -> None:
    rows = [row for row in read_rows(DATA / name) if row["lang"] == "zh" and not row.get("error")]
    cleaner = Cleaner()
    wrong = [row["text"] for row in rows if cleaner.clean(row["text"], "zh", row["version"]).phones != row["phones"]]
    assert len(rows) >= least
    assert wrong == []


def test_threads_share_a_front_end(mandarin: Mandarin) -> None:
    texts = [row["norm_text"] for row in read_rows(DATA / "zh_v2.jsonl.gz")] * 4
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(mandarin.pronounce, texts))
    assert together == [mandarin.pronounce(text) for text in texts]


@settings(max_examples=150, deadline=None)
@given(
    st.text(
        st.sampled_from("一不儿子们了看好老虎个第嗯呣龘瓰23.:-/年月%kg²+=~，。！…？ \n￥aZ٣") | st.characters(),
        max_size=60,
    )
)
def test_any_text_is_read_or_refused(text: str) -> None:
    front_end = create("v2", g2pw=None)
    try:
        pronunciation = front_end.pronounce(front_end.normalise(text))
    except TextError as error:
        assert str(error)
        return
    assert pronunciation.word2ph is not None
    assert len(pronunciation.word2ph) == len(pronunciation.norm_text)
    assert sum(pronunciation.word2ph) == len(pronunciation.phones)
    assert all(phone in IDS["v2"] for phone in pronunciation.phones)


def test_a_character_without_phonemes_is_refused_by_name(mandarin: Mandarin) -> None:
    with pytest.raises(UnknownSyllableError, match="瓰"):
        mandarin.pronounce("三瓰。".replace("。", "."))


def test_text_that_was_not_normalised_is_refused(mandarin: Mandarin) -> None:
    with pytest.raises(TextError):
        mandarin.pronounce("你好world。")


# --- normalisation ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("digits", "spoken"),
    [
        ("", ""),
        ("0", "零"),
        ("000", "零"),
        ("10", "十"),
        ("110", "一百一十"),
        ("1005", "一千零五"),
        ("20300", "二万零三百"),
        ("100000", "十万"),
        ("1000000001", "十亿零一"),
        ("12345678901", "一百二十三亿四千五百六十七万八千九百零一"),
    ],
)
def test_quantities(digits: str, spoken: str) -> None:
    assert numerals.cardinal(digits) == spoken


@pytest.mark.parametrize(
    ("text", "spoken"), [("3.20", "三点二零"), (".5", "零点五"), ("2.500", "二点五零"), ("7", "七")]
)
def test_decimals_keep_one_last_zero(text: str, spoken: str) -> None:
    assert numerals.number(text) == spoken


def test_a_number_of_any_length_is_read() -> None:
    spoken = numerals.cardinal("9" * 50_000)
    assert Counter(spoken)["九"] == 50_000
    assert Counter(spoken)["亿"] == 50_000 // 8 - 1


def test_digits_of_other_scripts_are_refused() -> None:
    with pytest.raises(numerals.UnreadableNumberError, match="0-9"):
        spoken_lines("第٣名")


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("2019年8月3号", "二零一九年八月三号"),
        ("2021-03-09", "二零二一年三月九日"),
        ("07:05:30", "七点零五分三十秒"),
        ("6:30", "六点半"),
        ("6:30-7:45", "六点半至七点半"),  # the first minutes decide, as in the official reading
        ("4℃~9℃", "四度至九度"),
        ("-7度", "零下七度"),
        ("25cm²", "二十五平方厘米"),
        ("3+4=7", "三加四等于七"),
        ("x²", "x的二次方"),
        ("5/8", "八分之五"),
        ("-2.5%", "负百分之二点五"),
        ("13912345678", "幺三九幺二三四五六七八"),
        ("02165432109", "零二幺六五四三二幺零九"),
        ("4001234567", "四零零幺二三四五六七"),
        ("3~8", "三到八"),
        ("3-8", "三减八"),
        ("-12", "负十二"),
        ("2.10.3", "二点一零点三"),
        ("2只", "两只"),
        ("30+人", "三十多人"),
        ("119", "幺幺九"),
        ("１２", "十二"),
        ("②π/次", "二派每次"),
        ("國語", "国语"),
    ],
)
def test_spoken_forms(text: str, spoken: str) -> None:
    assert spoken_lines(text) == spoken


def test_every_rule_tells_what_it_reads() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES) == 21
    assert all(rule.read.__doc__ for rule in RULES)


@pytest.mark.parametrize(
    ("text", "normalised"),
    [
        ("好、吧；行：啊·", "好,吧,行,啊,"),
        ("等等...再说～", "等等…再说…"),
        ("什么？！", "什么?"),
        ("嗯，呣。", "恩,母."),
        ("读hello吧〇", "读吧"),
        ("“是”（否）—《书》", "是否书"),
    ],
)
def test_punctuation(mandarin: Mandarin, text: str, normalised: str) -> None:
    assert mandarin.normalise(text) == normalised


def test_pieces_end_with_their_mark() -> None:
    assert punctuation.pieces("你好,我是.谁") == ["你好,", "我是.", "谁"]


# --- words -----------------------------------------------------------------------------------------------------------


def test_words_and_tags_are_those_of_jieba() -> None:
    posseg = pytest.importorskip("jieba.posseg")
    rng = random.Random(7)
    texts = [piece for row in read_rows(DATA / "zh_v2.jsonl.gz") for piece in punctuation.pieces(row["norm_text"])]
    known = sorted({character for text in texts for character in text})
    texts += ["".join(rng.choices(known, k=rng.randint(1, 30))) for _ in range(200)]
    texts += ["".join(chr(rng.randrange(0x4E00, 0x9FA6)) for _ in range(rng.randint(2, 6))) for _ in range(25)]
    for text in texts:
        expected = [(pair.word, pair.flag) for pair in posseg.lcut(text)]
        assert [tuple(word) for word in segmenter().words(text)] == expected, text


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("蒙古包", ("蒙古", "包")),
        ("纸老虎", ("纸", "老虎")),
        ("好", ("好", "")),
        ("馆凂九", ("馆凂九", "")),  # jieba itself would cut each of these rare characters off
        ("心不由主", ("心不", "不由")),  # the second part is what is looked up, not what stands there
    ],
)
def test_parts_of_words(word: str, parts: tuple[str, str]) -> None:
    assert segmenter().split(word) == parts


def test_the_search_begins_anew_behind_a_dead_end() -> None:
    single, begin = ("S", "n"), ("B", "v")
    model = TagModel(
        characters={"甲": (single,), "乙": (begin,)},
        start={single: -1.0, begin: -2.0},
        transitions={single: {}, begin: {single: -1.0}},
        emissions={single: {"甲": -1.0}, begin: {"乙": -1.0}},
    )
    assert model.tag("甲乙甲") == (single, begin, single)


def test_readings_are_those_of_pypinyin() -> None:
    from pypinyin import Style, lazy_pinyin
    from pypinyin.constants import PHRASES_DICT

    rng = random.Random(3)
    phrases = sorted(PHRASES_DICT)
    texts = rng.sample(phrases, 1500) + ["".join(rng.sample(phrases, 2))[: rng.randint(1, 5)] for _ in range(1500)]
    for text in (text for text in texts if all("一" <= character <= "龥" for character in text)):
        expected = [
            tuple(lazy_pinyin(text, neutral_tone_with_five=True, style=style))
            for style in (Style.INITIALS, Style.FINALS_TONE3)
        ]
        assert list(dictionary.read(text)) == expected, text


def test_jiebas_cache_lies_in_a_private_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = words._cache_folder()
    assert folder == str(tmp_path / "gpt-sovits-text")
    assert Path(folder).stat().st_mode & 0o077 == 0
    Path(folder).chmod(0o777)
    assert words._cache_folder() is None


def test_without_a_private_folder_the_words_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "_cache_folder", lambda: None)
    text = "今天天气怎么样."
    assert words.Segmenter().words(text) == segmenter().words(text)


def test_a_missing_jieba_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jieba.posseg", None)
    with pytest.raises(MissingResourceError, match="pip install jieba"):
        words.Segmenter()


# --- joining words ---------------------------------------------------------------------------------------------------


def _words(*pairs: str) -> list[Word]:
    return [Word(*pair.split("/")) for pair in pairs]


@pytest.mark.parametrize(
    ("step", "before", "after"),
    [
        (merging.join_bu, ["不/d", "怕/v"], ["不怕/v"]),
        (merging.join_bu, ["我/r", "不/d"], ["我/r", "不/d"]),
        (merging.join_yi, ["听/v", "一/m", "听/v"], ["听一听/v"]),
        (merging.join_yi, ["一/m", "段/q"], ["一段/m"]),
        (merging.join_repeated, ["看/v", "看/v", "吧/y"], ["看看/v", "吧/y"]),
        (merging.join_all_third, ["你/r", "好/a", "了/ul"], ["你好/r", "了/ul"]),
        (merging.join_all_third, ["想想/v", "我/r"], ["想想/v", "我/r"]),  # the second 想 will be neutral
        (merging.join_touching_third, ["很/d", "美丽/a"], ["很美丽/d"]),
        (merging.join_touching_third, ["嗯/e", "你/r", "好/a"], ["嗯/e", "你/r", "好/a"]),  # no final: left alone
        (merging.join_er, ["花/n", "儿/n", "儿/n"], ["花儿儿/n"]),
    ],
)
def test_joining(step: object, before: list[str], after: list[str]) -> None:
    assert callable(step)
    assert step(_words(*before)) == _words(*after)


# --- tones -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "tag", "before", "after"),
    [
        ("看不懂", "v", "an4 u4 ong3", "an4 u5 ong3"),
        ("不怕", "v", "u4 a4", "u2 a4"),
        ("一段", "m", "i1 uan4", "i2 uan4"),
        ("一天", "m", "i1 ian1", "i4 ian1"),
        ("第一", "m", "i4 i4", "i4 i1"),
        ("一,", "m", "i1 ,", "i1 ,"),
        ("看一看", "v", "an4 i1 an4", "an4 i5 an4"),
        ("一零一", "m", "i1 ing2 i1", "i1 ing2 i1"),
        ("走吧", "v", "ou3 a1", "ou3 a5"),
        ("爸爸", "n", "a4 a4", "a4 a5"),
        ("人人", "n", "en2 en2", "en2 en2"),
        ("我们", "r", "uo3 en2", "uo3 en5"),
        ("桌上", "s", "uo1 ang4", "uo1 ang5"),
        ("出去", "v", "u1 v4", "u1 v5"),
        ("三个", "m", "an1 e4", "an1 e5"),
        ("豆腐", "n", "ou4 u3", "ou4 u5"),
        ("老虎", "n", "ao3 u3", "ao2 u3"),
        ("展览馆", "n", "an3 an3 uan3", "an2 an2 uan3"),
        ("纸老虎", "n", "i3 ao3 u3", "i3 ao2 u3"),
        ("岂有此理", "i", "i3 iou3 i3 i3", "i2 iou3 i2 i3"),
    ],
)
def test_tones(sandhi: ToneSandhi, word: str, tag: str, before: str, after: str) -> None:
    assert sandhi.apply(word, tag, before.split()) == after.split()


@pytest.mark.parametrize(
    ("word", "tag", "before", "after"),
    [
        ("小院儿", "n", "iao3 van4 er2", "iao3 van4 er4"),
        ("女儿", "n", "v3 er2", "v3 er2"),
        ("玩儿", "nr", "uan2 er1", "uan2 er2"),
        ("儿", "n", "er2", "er2"),
        ("天空", "n", "ian1 ong1", "ian1 ong1"),
    ],
)
def test_erhua(word: str, tag: str, before: str, after: str) -> None:
    assert apply_erhua(word, tag, before.split()) == after.split()


def test_only_v2_colours_syllables() -> None:
    text = "他住在胡同儿."
    v1, v2 = (Mandarin(segmenter(), erhua=erhua).pronounce(text).phones for erhua in (False, True))
    assert (v1[-2], v2[-2]) == ("er2", "er5")


# --- syllables -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pinyin", "spoken"),
    [
        ("yan4", ("y", "En4")),
        ("ye3", ("y", "E3")),
        ("yuan2", ("y", "van2")),
        ("wei1", ("w", "ei1")),
        ("gui4", ("g", "ui4")),
        ("zhi1", ("zh", "ir1")),
        ("si4", ("s", "i04")),
        ("er2", ("EE", "er2")),
        ("ao3", ("AA", "ao3")),
        ("xu5", ("x", "v5")),
    ],
)
def test_phonemes_of_syllables(pinyin: str, spoken: tuple[str, str]) -> None:
    assert phonemes(*cut_syllable(pinyin)) == spoken


def test_user_dictionaries_spell_in_pinyin(mandarin: Mandarin) -> None:
    assert list(mandarin.spell("lü4")) == list(mandarin.spell("lv4")) == ["l", "v4"]
    for wrong in ("", "zhx1", "ma6", "ma", ","):
        with pytest.raises(UnknownSyllableError):
            mandarin.spell(wrong)


# --- the list that overrules the network -----------------------------------------------------------------------------


def test_the_derived_list() -> None:
    readings = DerivedReadings()
    assert readings("行走") == ("xing2", "zou3")  # a phrase of pypinyin
    assert readings("朝鲜") == ("chao2", "xian3")  # another reading than pypinyin's
    assert readings("一度") is None  # a phrase of pypinyin that is not listed
    assert readings("没有的词语") is None
    assert polyphones.correct("牦牛唉", ["x1", "y1", "z1"], readings) == ["mao2", "y1", "ai4"]


def test_the_users_official_list_is_read_instead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "polyphonic.rep").write_text("行走: ['a1','b2']\n\n银行: ['yin2', 'hang2']\n", "utf-8")
    (tmp_path / "polyphonic-fix.rep").write_text('行走: ["c3", "d4"]\n', "utf-8")
    monkeypatch.setenv("GPT_SOVITS_TEXT_RESOURCES", str(tmp_path))
    readings = polyphones.load_readings()
    assert readings("行走") == ("c3", "d4")
    assert readings("银行") == ("yin2", "hang2")
    assert readings("朝鲜") is None


def test_a_broken_list_names_the_line(tmp_path: Path) -> None:
    file = tmp_path / "polyphonic.rep"
    file.write_text("银行: ['yin2', 'hang2']\n银行: __import__('os')\n", "utf-8")
    with pytest.raises(PolyphoneFileError, match="line 2"):
        read_official(file)
