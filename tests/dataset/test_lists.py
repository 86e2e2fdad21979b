"""Lists come from users: every line is judged by itself, and none names a file that is nobody's business."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from GPT_SoVITS.dataset.labels.checking import doubts, seconds_of
from GPT_SoVITS.dataset.labels.lists import Line, Places, list_text, parse_line, read_list
from GPT_SoVITS.dataset.problems import ProblemError, StepError
from tests.dataset.sounds import save, tones


def _read(path: Path, content: bytes) -> tuple[list[Line], dict[str, str]]:
    path.write_bytes(content)
    labels = read_list(path)
    return labels.lines, {problem.path: problem.code for problem in labels.problems}


def test_lines_of_the_official_tools_are_read(tmp_path: Path) -> None:
    content = (
        '\ufeff/data/a.wav|anna|ZH|你好\r\nb.wav|anna|JP|こんにちは\n\n"C:\\x\\c.wav"|anna|Yue|你好\nd.wav||ko|안녕\n'
    )
    lines, problems = _read(tmp_path / "a.list", content.encode())
    assert [(line.name, line.language) for line in lines] == [
        ("a.wav", "zh"), ("b.wav", "ja"), ("c.wav", "yue"), ("d.wav", "ko"),
    ]  # fmt: skip
    assert lines[0].path == "/data/a.wav" and lines[0].text == "你好"
    assert problems == {}


def test_every_bad_line_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    rows = [
        b"good.wav|a|EN|Hello", b"three|fields|EN", b"a.wav|a|EN|five|fields", b"b.wav|a|FR|Bonjour", b"c.wav|a|EN| ",
        b"|a|EN|no name", b"..|a|EN|a folder", b"d\x07.wav|a|EN|a bell", b"e.wav|a|EN|\xff\xfe",
        b"x/good.wav|a|EN|again",
        b"f.wav|a|EN|" + b"x" * 70_000, b"tab\there.wav|a|EN|a tab",
    ]  # fmt: skip
    lines, problems = _read(tmp_path / "a.list", b"\n".join(rows))
    assert [line.name for line in lines] == ["good.wav"]
    assert problems == {
        f"a.list:{number}": code
        for number, code in zip(
            range(2, 13),
            ["line_fields", "line_fields", "line_language", "line_text_empty", "line_name", "line_name", "line_name",
             "line_encoding", "line_duplicate", "line_long", "line_name"],
            strict=True,
        )
    }  # fmt: skip


def test_words_of_every_problem_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "a.list").write_bytes(b"x\na|b|c|d\n|a|EN|x\na.wav|a|EN| \n\xff|||\n")
    assert all(problem.message for problem in read_list(tmp_path / "a.list").problems)


def test_a_list_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(StepError, match="cannot be read as a list"):
        read_list(tmp_path / "missing.list")
    with pytest.raises(StepError, match="cannot be read as a list"):
        read_list(tmp_path)


_FIELD = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="|"), max_size=20)


@given(st.text(max_size=80))
def test_no_line_breaks_the_reader(text: str) -> None:
    try:
        line = parse_line(text, 1)
    except ProblemError:
        return
    assert line.name and "/" not in line.name and line.name.isprintable() and line.text


@given(_FIELD, _FIELD.filter(lambda text: bool(text.strip())), st.sampled_from(["zh", "ja", "en", "ko", "yue"]))
def test_what_is_written_is_read_again(speaker: str, text: str, language: str) -> None:
    line = Line(1, "/data/a.wav", speaker, language, text.strip())
    assert parse_line(list_text([line]), 1) == line


@pytest.mark.parametrize("field", ["a|b", "a\nb", "a\rb"])
def test_what_would_divide_the_list_is_not_written(field: str) -> None:
    with pytest.raises(ValueError, match="divide a list"):
        list_text([Line(1, "a.wav", "a", "en", field)])


def test_a_recording_is_found_by_its_name_or_its_path(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"x")
    line = Line(1, "/elsewhere/a.wav", "", "en", "x")
    assert Places(tmp_path, tmp_path).find(line) == tmp_path / "a.wav"
    beside = Line(1, "a.wav", "", "en", "x")
    assert Places(None, tmp_path).find(beside) == tmp_path / "a.wav"
    with pytest.raises(ProblemError, match="no recording"):
        Places(None, tmp_path).find(line)


@pytest.mark.parametrize("path", ["/etc/passwd", "../secret.wav", "link.wav", "x" * 5000 + ".wav"])
def test_nothing_outside_the_roots_is_found(tmp_path: Path, path: str) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "secret.wav").write_bytes(b"x")
    (inside / "link.wav").symlink_to(tmp_path / "secret.wav")
    with pytest.raises(ProblemError) as caught:
        Places(None, inside, (inside,)).find(Line(1, path, "", "en", "x"))
    assert caught.value.code == "recording_missing"


@pytest.mark.parametrize(
    ("language", "text", "seconds", "codes"),
    [
        ("zh", "今天天气很好，我们去公园散步吧。", 3.5, []),
        ("zh", "今天天气很好，我们去公园散步吧。" * 4, 3.5, ["text_too_long"]),
        ("zh", "好。", 12.0, ["text_too_short"]),
        ("en", "The quick brown fox jumps over the lazy dog.", 3.0, []),
        ("en", "The quick brown fox jumps over the lazy dog.", 0.9, ["text_too_long"]),
        ("en", "你好世界", 1.5, ["script_foreign"]),
        ("ja", "今日はいい天気ですね。", 2.0, []),
        ("ko", "오늘은 날씨가 좋네요.", 2.0, []),
        ("yue", "今日天氣好好。", 2.0, []),
        ("en", "Hi.", 0.4, ["length_unused"]),
        ("en", "Hi.", 60.0, ["length_unused", "text_too_short"]),
    ],
)
def test_texts_that_do_not_fit_their_recordings_are_doubted(
    language: str, text: str, seconds: float, codes: list[str]
) -> None:
    found = doubts(Line(1, "a.wav", "", language, text), seconds)
    assert [problem.code for problem in found] == codes
    assert all("line 1" in problem.message for problem in found)


def test_the_length_of_a_recording_is_told(tmp_path: Path) -> None:
    assert seconds_of(save(tmp_path / "a.wav", tones(0, 1.5))) == pytest.approx(1.5)
    (tmp_path / "b.wav").write_bytes(b"nothing")
    with pytest.raises(ProblemError):
        seconds_of(tmp_path / "b.wav")
