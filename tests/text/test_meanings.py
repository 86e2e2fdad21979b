"""What say-as and phoneme of SSML mean, by the language that reads them; numbers beyond all names."""

from __future__ import annotations

import re

import pytest

from GPT_SoVITS.text.pipeline import Reader
from GPT_SoVITS.text.reading.ipa import LONGEST, IpaError, arpabet
from GPT_SoVITS.text.reading.natural import natural_passages
from GPT_SoVITS.text.reading.readings import MarkupError

SENTENCES = {
    "all_zh": "这是{}吗",
    "all_yue": "呢個係{}呀",
    "all_ja": "これは{}です",
    "all_ko": "이것은 {} 입니다",
    "en": "It is {} now",
}
MEANT = [
    ("ordinal", "", "3", ("第三", "第三", "3番目", "세 번째", "third")),
    ("ordinal", "", "21", ("第二十一", "第二十一", "21番目", "스물한 번째", "twenty-first")),
    ("ordinal", "", "1", ("第一", "第一", "1番目", "첫 번째", "first")),
    ("cardinal", "", "1,034", ("一千零三十四", "一千零三十四", "1034", "천삼십사", "one thousand thirty-four")),
    ("cardinal", "", "-12", ("负十二", "负十二", "マイナス12", "마이너스 십이", "minus twelve")),
    ("digits", "", "2014", ("二零一四", "二零一四", "ニーゼロイチヨン", "이공일사", "two zero one four")),
    (
        "telephone",
        "",
        "555-0199",
        (
            "五五五零幺九九",
            "五五五零一九九",
            "ゴーゴーゴーのゼロイチキューキュー",
            "오오오 공일구구",
            "five five five, zero one nine nine",
        ),
    ),
    (
        "date",
        "mdy",
        "9/15/2024",
        (
            *("二零二四年九月十五日", "二零二四年九月十五日", "2024年9月15日", "이천이십사년 구월 십오일"),
            "September fifteenth, twenty twenty-four",
        ),
    ),
    ("date", "dm", "15/9", ("九月十五日", "九月十五日", "9月15日", "구월 십오일", "September fifteenth")),
    (
        "date",
        "yyyymmdd",
        "20240915",
        (
            *("二零二四年九月十五日", "二零二四年九月十五日", "2024年9月15日", "이천이십사년 구월 십오일"),
            "September fifteenth, twenty twenty-four",
        ),
    ),
    ("time", "hms24", "1430", ("十四点半", "十四点半", "14時30分", "십사 시 삼십 분", "fourteen thirty")),
    ("currency", "", "$20", ("二十美元", None, "20ドル", "이십 달러", "twenty dollars")),
    ("unit", "", "5kg", ("五千克", "五千克", "5キログラム", "오 킬로그램", "five kilograms")),
    ("fraction", "", "2/9", ("九分之二", "九分之二", "9ぶんの2", "구분의 이", "two ninths")),
    ("fraction", "", "1+1/2", ("一又二分之一", "一又二分之一", "1と2ぶんの1", "일과 이분의 일", "one and a half")),
]


def _spoken(text: str, language: str) -> str:
    passages = natural_passages(text, language, "v2", "cut0")
    return "".join(part.spoken for passage in passages for part in passage.parts)


@pytest.mark.parametrize(("kind", "form", "text", "said"), MEANT, ids=lambda value: str(value)[:20])
def test_say_as_is_said_in_every_language(kind: str, form: str, text: str, said: tuple[str | None, ...]) -> None:
    for (language, sentence), wanted in zip(SENTENCES.items(), said, strict=True):
        if wanted is not None:
            element = f'<say-as interpret-as="{kind}" format="{form}">{text}</say-as>'
            assert sentence.format(wanted) in _spoken(f"<speak>{sentence.format(element)}</speak>", language)


def test_letters_are_spelt_and_their_digits_belong_to_the_sentence() -> None:
    assert "是A 一 B 二 吗" in _spoken('<speak>是<say-as interpret-as="characters">A1B2</say-as>吗</speak>', "all_zh")
    assert "A one B two" in _spoken('<speak>A code <say-as interpret-as="vxml:characters">A1B2</say-as></speak>', "en")


@pytest.mark.parametrize(
    ("kind", "form", "text"),
    [
        ("date", "mdy", "soon"),
        ("date", "mmm", "1/2/3"),
        ("date", "mdy", "13/45/2024"),
        ("ordinal", "", "last"),
        ("fraction", "", "1/0"),
        ("cardinal", "", "many"),
        ("telephone", "", "none"),
        ("what", "", "12"),
    ],
)
def test_text_of_another_kind_is_read_as_it_stands(kind: str, form: str, text: str) -> None:
    element = f'<speak>see <say-as interpret-as="{kind}" format="{form}">{text}</say-as></speak>'
    assert _spoken(element, "en") == _spoken(f"<speak>see {text}</speak>", "en")


# --- IPA ---


@pytest.mark.parametrize(
    ("ipa", "phones"),
    [
        ("təˈmeɪtoʊ", "T AH0 M EY1 T OW0"),
        ("tə.ˈmɑː.təʊ", "T AH0 M AA1 T OW0"),
        ("kæt", "K AE1 T"),
        ("t͡ʃiːz", "CH IY1 Z"),
        ("ˈbʌtn̩", "B AH1 T AH0 N"),
        ("ˌɪntəˈnæʃənəl", "IH2 N T AH0 N AE1 SH AH0 N AH0 L"),
        ("ˈwɔːtɚ", "W AO1 T ER0"),
        ("bɜːd", "B ER1 D"),
        ("nɪə", "N IH1 R"),
        ("/dʒɔɪ/", "JH OY1"),
        ("əˈbaʊt ðəm", "AH0 B AW1 T DH AH0 M"),
    ],
)
def test_ipa_is_turned_into_phonemes(ipa: str, phones: str) -> None:
    assert " ".join(arpabet(ipa)) == phones


@pytest.mark.parametrize("ipa", ["ʁi", "hello9", "ˈ", "", "ə" * (LONGEST + 1)])
def test_what_is_no_sound_of_english_is_refused_with_a_reason(ipa: str) -> None:
    with pytest.raises(IpaError) as refusal:
        arpabet(ipa)
    assert str(refusal.value)


def test_ipa_replaces_an_english_word_in_any_text() -> None:
    text = '<speak>我说<phoneme alphabet="ipa" ph="təˈmeɪtoʊ">tomato</phoneme>了</speak>'
    (sentence,) = Reader().prepare(text, "zh", how_to_cut="cut0")
    assert "sh uo1 T AH0 M EY1 T OW0 l e5" in " ".join(sentence.phones)


@pytest.mark.parametrize(
    ("word", "alphabet", "reading"),
    [("重", "ipa", "tʂʊŋ"), ("tomato", "x-sampa", "t@"), ("word", "", "hello there"), ("word", "ipa", "9")],
)
def test_a_pronunciation_that_cannot_be_used_is_refused_and_says_what_can(
    word: str, alphabet: str, reading: str
) -> None:
    text = f'<speak><phoneme alphabet="{alphabet}" ph="{reading}">{word}</phoneme></speak>'
    with pytest.raises(MarkupError, match=r"x-gpt-sovits|symbol table"):
        natural_passages(text, "auto", "v2", "cut0")


# --- long numbers and addresses ---

SEVEN = {"en": "seven", "all_zh": "七", "all_ja": "ナナ", "all_ko": "칠", "all_yue": "七"}


@pytest.mark.parametrize("language", SEVEN)
@pytest.mark.parametrize("count", [50, 600, 5000])
def test_every_digit_of_a_long_number_is_said_once(language: str, count: int) -> None:
    head, name = ("3.", SEVEN[language]) if language == "en" else ("", SEVEN[language])
    passages = natural_passages(head + "7" * count, language, "v2", "cut5")
    said = "".join(part.spoken for passage in passages for part in passage.parts)
    assert said.count(name) == count and not re.search(r"\d", said)
    assert all(len(passage.text) <= 512 for passage in passages)


@pytest.mark.parametrize("language", ["en", "auto"])
def test_nothing_of_a_long_address_is_lost_or_read_twice(language: str) -> None:
    address = "https://a.com/" + "seg/123/" * 200 + "?q=456#end"
    passages = natural_passages(f"See {address} now.", language, "v2", "cut5")
    said = " ".join(part.spoken for passage in passages for part in passage.parts)
    assert said.count("one two three") == 200 and said.count("seg") == 200
    assert "question mark q equals four five six hash end" in said and said.rstrip(" .。").endswith("now")
