"""``python -m GPT_SoVITS.text`` and the values that the preview shows."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from GPT_SoVITS.text import __main__ as command
from GPT_SoVITS.text.pipeline import Reader
from GPT_SoVITS.text.preview import described, table
from tests.text.doubles import front_ends


@pytest.fixture(autouse=True)
def _doubles(monkeypatch: pytest.MonkeyPatch) -> None:
    def reader(dictionaries: object, segmenter: object) -> Reader:
        return Reader(dictionaries, segmenter, front_ends)  # type: ignore[arg-type]

    monkeypatch.setattr(command, "Reader", reader)


def test_a_mixed_text_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["你好 GPT-SoVITS 2.0", "--language", "auto", "--json"]) == 0
    sentences = json.loads(capsys.readouterr().out)
    segments = [segment for sentence in sentences for segment in sentence["segments"]]
    assert [(segment["language"], segment["text"]) for segment in segments] == [
        ("zh", "你好 "),
        ("en", "GPT-SoVITS "),
        ("zh", "2.0"),
    ]
    assert segments[0]["phones"] == ["b", "a1", "b", "a1"]
    assert segments[0]["word2ph"] == [2, 2] and segments[0]["needs_bert"]
    assert not segments[1]["needs_bert"]
    assert all(len(segment["phones"]) == len(segment["phone_ids"]) for segment in segments)


def test_the_table_shows_cuts_languages_and_phonemes(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["今天天气不错。我们去公园吧。", "--language", "中文", "--cut", "按中文句号。切"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:2] == ["cut", "句"]
    assert [line.split()[:2] for line in lines[1:]] == [["1", "zh"], ["2", "zh"]]
    assert "b a1" in lines[1]


def test_control_characters_do_not_reach_the_terminal() -> None:
    sentences = Reader(front_ends=front_ends).prepare("你好\x1b[31m世界\u202e朋友", "zh", reading="official")
    assert "\x1b" not in table(sentences) and "\u202e" not in table(sentences)
    assert "\\u001b" in table(sentences)
    assert "\x1b" in str(described(sentences)[0]["text"])


def test_a_file_and_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(b"\xef\xbb\xbf" + "今天天气不错。".encode())
    assert command.main(["--file", str(path), "--language", "zh", "--json"]) == 0
    from_file = capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("今天天气不错。".encode())))
    assert command.main(["-", "--language", "zh", "--json"]) == 0
    assert capsys.readouterr().out == from_file
    assert json.loads(from_file)[0]["norm_text"] == "今天天气不错."


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["，。"], "nothing"),
        (["你好", "--language", "klingon"], "'klingon' is no text language"),
        (["안녕하세요", "--language", "ko", "--version", "v1"], "not spoken by v1 models"),
        (["你好", "--cut", "cut9"], "no cutting method"),
        (["--file", "no such file"], "no such file cannot be read"),
    ],
)
def test_mistakes_are_one_line_on_standard_error(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(arguments) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ") and captured.err.count("\n") == 1
    assert message in captured.err


def test_input_that_is_no_text_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes("你好".encode("gbk"))
    assert command.main(["--file", str(path)]) == 1
    assert "not UTF-8 (byte 0)" in capsys.readouterr().err
    monkeypatch.setattr(command, "LARGEST_INPUT", 3)
    path.write_bytes(b"abcd")
    assert command.main(["--file", str(path)]) == 1
    assert "more than 3 bytes" in capsys.readouterr().err


def test_a_dictionary_of_a_voice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "voice.tsv"
    path.write_text("zh\t重庆\tchong2 qing4\n", "utf-8")
    assert command.main(["我们去重庆吧", "--language", "zh", "--dictionary", str(path), "--json"]) == 0
    assert "ong2" in json.loads(capsys.readouterr().out)[0]["segments"][0]["phones"]


def test_help_is_bilingual(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["--help"])
    shown = capsys.readouterr().out
    assert "Show how a text is cut" in shown and "显示文本的切分" in shown and "多语种混合" in shown
