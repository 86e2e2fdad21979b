"""What no front end reads is left out, and named: in sentences, in errors, on the command line."""

from __future__ import annotations

import json

import pytest

from GPT_SoVITS.text import __main__ as command
from GPT_SoVITS.text.errors import EmptyTextError
from GPT_SoVITS.text.pieces import pieces_and_left_out
from GPT_SoVITS.text.pipeline import Reader
from GPT_SoVITS.text.reading.natural import natural_passages
from GPT_SoVITS.text.reading.unspoken import told, unspoken


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


def _left_out(text: str, language: str) -> list[str]:
    return pieces_and_left_out(text, language, "v2", "cut5")[1]


@pytest.mark.parametrize(
    ("text", "language", "left_out"),
    [
        ("你好 Привет мир 世界", "auto", ["Привет мир"]),
        ("你好 שלום, 世界", "auto", ["שלום"]),
        ("你好 مرحبا 世界", "auto", ["مرحبا"]),
        ("你好 สวัสดี 世界", "auto", ["สวัสดี"]),
        ("你好 नमस्ते 世界", "auto", ["नमस्ते"]),
        ("Hello Καλημέρα world", "en", ["Καλημέρα"]),
        ("你好 Καλημέρα 世界", "auto", ["Καλημέρα"]),
        ("你好123", "en", ["你好"]),
        ("你好こんにちは，안녕", "zh", ["こんにちは", "안녕"]),
        ("안녕こんにちは", "all_ja", ["안녕"]),
        ("大韓民國 만세", "all_ko", ["大韓民國"]),
        ("Привет. 你好吗。Пока.", "auto", ["Привет", "Пока"]),
    ],
)
def test_words_that_no_front_end_reads_are_named(text: str, language: str, left_out: list[str]) -> None:
    assert _left_out(text, language) == left_out


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Café naïve, Straße, Łódź, Nguyễn, Þór, œuvre.", "en"),
        ("角α和β，πr²，ΔT。", "zh"),
        ("α and β, ΔT, 5 μm.", "en"),
        ("我同佢㗎，𠮷野家。", "all_yue"),
        ("人々はカタカナを書く。", "all_ja"),
        ("ㅋㅋ 안녕하세요.", "all_ko"),
        ("你好 こんにちは 안녕하세요 hello", "auto"),
        ("价格是٣٤元，湿度62％，①②，Ⅲ期，☎。", "zh"),
    ],
)
def test_what_is_read_is_not_called_left_out(text: str, language: str) -> None:
    assert _left_out(text, language) == []


def test_a_word_with_a_pronunciation_is_spoken_in_any_script() -> None:
    assert natural_passages("Say [Привет]{P R IY0 V Y EH1 T} now.", "en", "v2", "cut0")[0].left_out == ()
    assert natural_passages("Say [Привет]{hello} Пока now.", "en", "v2", "cut0")[0].left_out == ("Пока",)


def test_letters_and_digits_of_other_forms_are_said(reader: Reader) -> None:
    def said(text: str, language: str) -> str:
        return reader.prepare(text, language, "v2", "cut0")[0].norm_text.strip(" .。")

    assert said("Straße, Łódź, Øresund, Þór.", "en") == "Strasse, Lodz, Oresund, Thor"
    assert said("价格是٣٤元。", "zh") == "价格是三十四元"
    assert said("I saw १२ of them.", "en") == "I saw twelve of them"


def test_what_a_silent_sentence_had_is_told_by_its_neighbour(reader: Reader) -> None:
    first, second = reader.prepare("Привет, мир. 你好吗朋友。我很好朋友。Пока.", "auto")[-2:]
    assert (first.left_out, second.left_out) == (("Привет", "мир"), ("Пока",))


def test_the_official_reading_tells_nothing(reader: Reader) -> None:
    assert all(not part.left_out for part in reader.prepare("你好 Привет", "auto", reading="official"))


def test_a_text_of_which_nothing_is_spoken_is_refused_by_its_words(reader: Reader) -> None:
    with pytest.raises(EmptyTextError, match="does not read it: Привет мир"):
        reader.prepare("Привет мир!", "auto")
    for text in ("[[", "{}", "!!!"):
        with pytest.raises(EmptyTextError, match="nothing in the text can be spoken"):
            reader.prepare(text, "en")


def test_the_command_line_names_what_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["你好 Привет", "--language", "auto"]) == 0
    assert "does not read it: Привет" in capsys.readouterr().err
    assert command.main(["你好 Привет", "--language", "auto", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["left_out"] == ["Привет"]
    assert command.main(["你好", "--language", "auto"]) == 0
    assert "does not read it" not in capsys.readouterr().err


def test_a_long_list_is_told_in_short() -> None:
    words = [chr(0x430 + index) * 60 for index in range(8)]
    assert told(words).count("…") == 5 and told(words).endswith("and 3 more")
    assert told(["да", "да"]).endswith(": да")
    assert unspoken("да, нет", "en") == ["да", "нет"]
