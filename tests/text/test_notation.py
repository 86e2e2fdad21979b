"""Readings and pauses that a text asks for: ``[重庆]{chong2 qing4}``, ``[pause 0.5s]``, and SSML."""

from __future__ import annotations

import pytest

from GPT_SoVITS.text.errors import TextError
from GPT_SoVITS.text.pipeline import Reader, Sentence
from GPT_SoVITS.text.reading.marks import MOST_MARKS
from GPT_SoVITS.text.reading.readings import MarkupError
from GPT_SoVITS.text.reading.ssml import DEEPEST, LARGEST, MOST_ELEMENTS
from tests.text.doubles import front_ends


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


def _said(sentences: list[Sentence]) -> str:
    return "".join(sentence.norm_text for sentence in sentences)


# --- readings ---


def test_a_reading_in_pinyin_replaces_that_of_its_characters_alone(reader: Reader) -> None:
    plain = reader.prepare("我在重庆长大。", "zh")[0]
    marked = reader.prepare("我在[重庆]{zhong4 qing4}长大。", "zh")[0]
    assert marked.text == plain.text == "我在重庆长大。"
    assert marked.norm_text == plain.norm_text
    assert marked.phones[4:8] == ["zh", "ong4", "q", "ing4"]
    assert marked.phones[:4] + marked.phones[8:] == plain.phones[:4] + plain.phones[8:]


def test_only_the_marked_one_of_two_equal_words_changes(reader: Reader) -> None:
    sentence = reader.prepare("行了，这[行]{hang2}真行。", "zh")[0]
    assert [phone for phone in sentence.phones if phone in ("ing2", "ang2")] == ["ing2", "ang2", "ing2"]


def test_words_are_said_instead_of_a_word(reader: Reader) -> None:
    assert _said(reader.prepare("我用[GPT]{鸡皮提}写作。", "zh")) == "我用鸡皮提写作."
    assert _said(reader.prepare("I use [SQL]{sequel} daily.", "en")) == "I use sequel daily."
    assert _said(reader.prepare("[GPT]{G P T} is here.", "en")) == "G P T is here."


def test_phonemes_with_a_stressed_vowel_are_phonemes(reader: Reader) -> None:
    phones = reader.prepare("Run [nginx]{EH1 N JH AH0 N EH2 K S} now.", "en")[0].phones
    assert " ".join(phones[3:11]) == "EH1 N JH AH0 N EH2 K S"


def test_kana_are_said_instead_of_a_japanese_word(reader: Reader) -> None:
    assert _said(reader.prepare("[初音]{はつね}です。", "all_ja")) == "はつねです。"


def test_jyutping_is_read_by_cantonese(reader: Reader) -> None:
    assert reader.prepare("我要[行]{hong4}街呀。", "all_yue")[0].phones[4:6] == ["Yh", "Yong4"]


@pytest.mark.parametrize(
    "text",
    [
        "我在[重庆]{chong2,qing4}长大。",
        "我在[重庆]{Chong2， qing4}长大。",
        "我在【重庆】{chong2 qing4}长大。",
        "我在［重庆］｛chong2 qing4｝长大。",
        "我在[重庆] {chong2 qing4}长大。",
        "<speak>我在[重庆]{chong2 qing4}长大。</speak>",
    ],
)
def test_a_reading_may_be_written_with_other_brackets_and_signs(reader: Reader, text: str) -> None:
    sentence = reader.prepare(text, "zh", how_to_cut="cut0")[0]
    assert sentence.text.strip() == "我在重庆长大。"
    assert sentence.phones[4:8] == ["ch", "ong2", "q", "ing4"]


def test_u_with_a_colon_and_phonemes_in_small_letters_are_understood(reader: Reader) -> None:
    assert reader.prepare("看[绿]{lu:4}叶子。", "zh", how_to_cut="cut0")[0].phones[2:4] == ["l", "v4"]
    phones = reader.prepare("Run [nginx]{eh1 n jh ah0 n} now.", "en")[0].phones
    assert phones[3:8] == ["EH1", "N", "JH", "AH0", "N"]


@pytest.mark.parametrize("mark", ["[Pause 1s]", "[PAUSE 1 S]", "[pause=1s]", "[pause: 1000ms]", "【pause 1s】"])
def test_a_pause_may_be_written_in_other_ways(reader: Reader, mark: str) -> None:
    for text in (f"第一句话{mark}第二句话", f"<speak>第一句话{mark}第二句话</speak>"):
        assert [part.pause for part in reader.prepare(text, "zh", how_to_cut="cut0")] == [1.0, None]


def test_escaped_brackets_are_brackets(reader: Reader) -> None:
    assert reader.prepare(r"数组\[重庆\]\{一\}的值。", "zh")[0].text == "数组[重庆]{一}的值。"
    assert "pause" in _said(reader.prepare(r"Write \[pause 1s\] here.", "en"))


def test_a_number_of_syllables_that_does_not_fit_is_refused(reader: Reader) -> None:
    with pytest.raises(MarkupError, match="2 syllables for 3 characters"):
        reader.prepare("[重庆市]{chong2 qing4}", "zh")


@pytest.mark.parametrize(
    ("text", "language", "named"),
    [
        ("[重庆]{chogn2 qing4}", "zh", "'chogn2' is no syllable of zh"),
        ("[重庆]{chong2 qing}", "zh", "'qing' is no syllable with a tone"),
        ("[重庆]{chong2qing4}", "zh", "'chong2qing4' is several syllables"),
        ("[银行]{yin hang}", "zh", "'yin' has no tone"),
        ("[银行]{yín háng}", "zh", "'yín' has no tone"),
        ("[银行]{y in2 h agn2}", "zh", "'agn2' is no phoneme"),
        ("[GPT]{ji1 pi1 ti1}", "zh", "syllables are for Han characters"),
        ("[行]{xing2}", "all_yue", "'xing2' is no syllable of yue"),
        ("[nginx]{EH1 N JJ AH0 N}", "en", "'JJ' is no phoneme"),
        ("[nginx]{EH3 N JH}", "en", "'EH3' is no phoneme"),
        ("[nginx]{EH N JH AH N}", "en", "no vowel has a stress"),
        ("[nginx]{eh n jh ah n}", "en", "no vowel has a stress"),
        ("[重庆]{chong2 qing4 好", "zh", "no closing brace"),
        ("【重庆】{chogn2 qing4}", "zh", "'chogn2' is no syllable of zh"),
        ("[重庆] {chong2 qing}", "zh", "'qing' is no syllable with a tone"),
        ("好[pause 5 sec]的", "zh", "pause 5 sec"),
        ("好[Pause: 5]的", "zh", "Pause: 5"),
        ("好[pause]的", "zh", "is no pause"),
        ("好[pause NaNs]的", "zh", "pause NaNs. is no pause"),
        ("好[pause 1e9s]的", "zh", "pause 1e9s. is no pause"),
        ("好[pause one second]的", "zh", "is no pause"),
        ("好[pause short]的", "zh", "is no pause"),
        ("好[pause 1s的", "zh", "pause 1s has no closing bracket"),
        ("好[pause ∞s]的", "zh", "is no pause"),
        ("[]{chong2}", "zh", "has no word in its brackets"),
        ("[ ]{chong2}", "zh", "has no word in its brackets"),
        ("[[重庆]]{chong2 qing4}", "zh", r"two pairs of brackets; write \[重庆\]\{chong2 qing4\}"),
        ("<speak>好[pause 5 sec]的</speak>", "zh", "pause 5 sec"),
        ("<speak>好<break strength='loud'/>的</speak>", "zh", "is no strength; write none, x-weak"),
        ("<break time='1s'/>你好", "zh", "belongs to SSML, which begins with <speak>"),
        ("你好<BREAK />世界", "zh", "belongs to SSML"),
        ("<prosody rate='fast'>Hi</prosody>", "en", "belongs to SSML"),
        ("<say-as interpret-as='date'>2024-01-02</say-as>", "en", "belongs to SSML"),
        ("<phoneme alphabet='ipa' ph='x'>x</phoneme>", "en", "belongs to SSML"),
        ("<emphasis>Hi</emphasis>", "en", "belongs to SSML"),
        ("<sub alias='万维网'>W3C</sub>很好", "zh", "belongs to SSML"),
        ("大家好，<speak>你好</speak>", "zh", "a text stands before <speak>"),
    ],
)
def test_a_slip_in_a_reading_is_named_and_not_spoken(reader: Reader, text: str, language: str, named: str) -> None:
    with pytest.raises(MarkupError, match=named):
        reader.prepare(text, language)


def test_words_that_could_be_taken_for_syllables_are_words(reader: Reader) -> None:
    assert _said(reader.prepare("[你好]{hello world}。", "zh")).strip(". ") == "hello world"
    assert "oh my" in _said(reader.prepare("[唉]{oh my}，这么晚了。", "zh"))


def test_brackets_of_another_form_are_left_alone() -> None:
    reader = Reader(front_ends=front_ends)
    for text in (
        "见附录[一]和[二]。",
        "[注]这是说明。",
        "[pause menu]停一下。",
        "[pause for effect]停",
        "int a[3]{ 0",
        "a[i] {x}停",
        "a[]{x}停",
        "[[x]]{y}停",
    ):
        assert reader.prepare(text, "all_zh")[0].text == text


# --- pauses ---


def test_a_pause_ends_a_piece_and_says_how_long_the_silence_is(reader: Reader) -> None:
    sentences = reader.prepare("第一句话说完了[pause 0.8s]第二句话也说完了。", "zh", how_to_cut="cut0")
    assert [(part.text, part.pause) for part in sentences] == [("第一句话说完了", 0.8), ("第二句话也说完了。", None)]
    assert reader.prepare("one moment [pause 250ms] thank you", "en")[0].pause == 0.25


@pytest.mark.parametrize("mark", ["[ pause 1s ]", "[PAUSE １ｓ]", "[pause １．０ s]", "［pause １０００ｍｓ］"])
def test_a_pause_may_have_blanks_and_full_width_forms(reader: Reader, mark: str) -> None:
    assert reader.prepare(f"第一句话说完了{mark}第二句话也说完了。", "zh")[0].pause == 1.0


def test_elements_of_ssml_that_are_quoted_or_of_html_are_text(reader: Reader) -> None:
    assert "break" in _said(reader.prepare('Write `<break time="1s"/>` for a pause.', "en"))
    assert _said(reader.prepare("Water is H<sub>2</sub>O, x < break.", "en")).startswith("Water is H two O")


def test_comments_of_html_are_not_said(reader: Reader) -> None:
    assert _said(reader.prepare("Good morning <!-- secret\nnote --> to you all.", "en")).count("secret") == 0
    assert "secret" in _said(reader.prepare("Good morning <!-- secret", "en"))


def test_a_pause_before_the_first_word_is_silence_before_the_text(reader: Reader) -> None:
    sentences = reader.prepare("[pause 0.5s] 第一句话说完了。[pause 1s]第二句话也说完了。", "zh", how_to_cut="cut3")
    assert [(part.lead, part.pause) for part in sentences] == [(0.5, 1.0), (0.0, None)]
    first = reader.prepare("“[pause 250ms]Hello there, my friend.”", "en")[0]
    assert (first.lead, first.pause) == (0.25, None)


def test_a_pause_after_a_sign_that_cuts_counts_whatever_the_method(reader: Reader) -> None:
    for method in ("cut0", "cut1", "cut3", "cut5"):
        said = reader.prepare(
            "第一句话说完了。[pause 1s][pause 500ms]第二句话也说完了。[pause 2s]", "zh", how_to_cut=method
        )
        assert [(part.lead, part.pause) for part in said] == [(0.0, 1.5), (0.0, 2.0)], method


def test_short_pieces_do_not_join_over_a_pause(reader: Reader) -> None:
    assert [part.text for part in reader.prepare("三[pause 1s]二[pause 1s]一", "zh")] == ["三", "二", "一"]


@pytest.mark.parametrize("length", ["60s", "-1s", "−1s", "100000s", "99999999s", "10001ms", f"{'9' * 300}s"])
def test_a_pause_outside_its_limits_is_refused_in_the_same_words_in_both_notations(reader: Reader, length: str) -> None:
    with pytest.raises(MarkupError, match=r"^\[pause .+ is outside 0 to 10 s"):
        reader.prepare(f"等[pause {length}]好", "zh")
    if not length.startswith("−"):
        with pytest.raises(MarkupError, match=r"^<break time=.+ is outside 0 to 10 s"):
            reader.prepare(f"<speak>等<break time='{length}'/>好</speak>", "zh")


# --- SSML ---


def test_ssml_says_what_its_elements_mean(reader: Reader) -> None:
    text = """<?xml version="1.0"?><speak version="1.1" xmlns="http://www.w3.org/2001/10/synthesis">
    <p><s>My <sub alias="World Wide Web Consortium">W3C</sub> code is <say-as interpret-as="digits">42</say-as>.</s>
    <s>It took <say-as interpret-as="cardinal">1984</say-as> days.</s></p></speak>"""
    said = _said(reader.prepare(text, "en", how_to_cut="cut0"))
    assert "My World Wide Web Consortium code is four two." in said
    assert "one thousand, nine hundred eighty-four days" in said


@pytest.mark.parametrize("start", ["", "\ufeff", '<?xml version="1.0" encoding="GBK"?>\n', "<!-- a note -->\n"])
def test_ssml_is_known_by_its_beginning(reader: Reader, start: str) -> None:
    said = _said(reader.prepare(f"{start}<speak>大家早上好，世界。</speak>", "zh", how_to_cut="cut0"))
    assert said.strip() == "大家早上好,世界."


@pytest.mark.parametrize(
    "text",
    [
        "<!DOCTYPE speak><speak>a</speak>",
        '<!doctype speak SYSTEM "a.dtd"><speak>a</speak>',
        '\n<?xml version="1.0"?><!DOCTYPE speak [<!ENTITY a "b">]><speak>&a;</speak>',
        '<?xml version="1.0"?><song>la</song>',
        '<?xml version="1.0"?>',
    ],
)
def test_a_document_type_and_other_xml_are_refused_and_not_read_aloud(reader: Reader, text: str) -> None:
    with pytest.raises(MarkupError):
        reader.prepare(text, "en")


def test_the_document_type_of_a_page_is_not_read_aloud(reader: Reader) -> None:
    page = "<!DOCTYPE html><html><body><p>Good morning, world.</p></body></html>"
    assert _said(reader.prepare(page, "en", how_to_cut="cut0")).strip() == "Good morning, world."


def test_breaks_phonemes_and_pace_of_ssml(reader: Reader) -> None:
    text = (
        '<speak>我住在<phoneme alphabet="pinyin" ph="zhong4 qing4">重庆</phoneme>。<break time="700ms"/>'
        '<prosody rate="80%">这里说得慢一些。</prosody>这里照旧说话。</speak>'
    )
    sentences = reader.prepare(text, "zh", how_to_cut="cut0")
    assert [(part.text, part.pause, part.rate) for part in sentences] == [
        ("我住在重庆。", 0.7, 1.0),
        ("这里说得慢一些。", None, 0.8),
        ("这里照旧说话。", None, 1.0),
    ]
    assert "zh ong4 q ing4" in " ".join(sentences[0].phones)


@pytest.mark.parametrize(
    ("language", "word", "pronunciation", "phones"),
    [
        ("all_zh", "重庆", "chong2 qing4", "ch ong2 q ing4"),
        ("all_zh", "行", "h ang2", "h ang2"),
        ("en", "nginx", "EH1 N JH", "EH1 N JH"),
        ("en", "tsk", "T S K", "T S K"),
        ("all_ja", "初音", "h a [ ts u n e", "h a [ ts u n e"),
        ("all_ko", "값", "ㄱ ㅏ ㅂ", "ㄱ ㅏ ㅂ"),
    ],
)
def test_a_pronunciation_as_a_dictionary_has_it_is_said_in_every_language(
    language: str, word: str, pronunciation: str, phones: str
) -> None:
    text = f'<speak><phoneme alphabet="x-gpt-sovits" ph="{pronunciation}">{word}</phoneme></speak>'
    (sentence,) = Reader(front_ends=front_ends).prepare(text, language)
    assert sentence.text == word and phones in " ".join(sentence.phones)


def test_a_pronunciation_that_is_no_phonemes_is_not_said_as_words(reader: Reader) -> None:
    text = '<speak><phoneme alphabet="x-gpt-sovits" ph="EH1 dog">nginx</phoneme></speak>'
    with pytest.raises(MarkupError, match="'dog'"):
        reader.prepare(text, "en")


def test_a_break_may_have_a_blank_in_its_time(reader: Reader) -> None:
    text = '<speak>第一句话<break time="1 s"/>第二句话</speak>'
    assert [part.pause for part in reader.prepare(text, "zh", how_to_cut="cut0")] == [1.0, None]


def test_dates_and_ordinals_of_ssml(reader: Reader) -> None:
    date = '<speak>Due <say-as interpret-as="date" format="dmy">6/8/2024</say-as> at noon.</speak>'
    assert "August sixth, twenty twenty-four" in _said(reader.prepare(date, "en"))
    third = '<speak>the <say-as interpret-as="ordinal">3</say-as> time</speak>'
    assert "the third time" in _said(reader.prepare(third, "en"))


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE speak [<!ENTITY a "aaaa">]><speak>&a;</speak>',
        "<speak>a < b</speak>",
        "<speak>not closed",
        "<speak>&undefined;</speak>",
        '<speak><break time="soon"/>a</speak>',
        '<speak><break time="90s"/>a</speak>',
        '<speak><prosody rate="900%">a</prosody></speak>',
        f"<speak>{'<p>' * DEEPEST}a{'</p>' * DEEPEST}</speak>",
        f"<speak>a{'<break/>' * MOST_ELEMENTS}</speak>",
        f"<speak>{'a' * LARGEST}</speak>",
    ],
    ids=["entities", "angle", "open", "undefined", "time", "long", "pace", "deep", "many", "large"],
)
def test_ssml_beyond_its_limits_is_refused_with_a_reason(text: str) -> None:
    from GPT_SoVITS.text.reading.marks import Marks
    from GPT_SoVITS.text.reading.ssml import read

    with pytest.raises(MarkupError) as refusal:
        read(text, Marks())
    assert str(refusal.value)


def test_too_many_marks_are_refused(reader: Reader) -> None:
    with pytest.raises(TextError, match=str(MOST_MARKS)):
        reader.prepare("好[pause 1s]" * (MOST_MARKS + 1), "zh")


def test_private_characters_of_a_text_are_no_marks(reader: Reader) -> None:
    text = "".join(chr(code) for code in (0xF0000, 0xF2000, 0xF4000, 0xF6000))
    assert reader.prepare(f"{text}今天{text}天气不错。", "zh")[0].text == "今天天气不错。"
