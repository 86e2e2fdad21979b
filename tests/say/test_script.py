"""Scripts and voices files mean what the help says, and what is wrong in them is found by line."""

from __future__ import annotations

from pathlib import Path

import pytest

from GPT_SoVITS.say.script import DEFAULT_VOICE, ScriptError, Turn, Voice, load_voices, parse_script

VOICES = {"anna": Voice("a.wav"), "ben": Voice("b.wav")}

VOICES_FILE = """
anna:
  reference: anna.wav
  prompt_text: 那天的云很好看。
  prompt_language: zh
  auxiliary: [more.wav]
ben: {reference: /clips/ben.flac, language: en, speed: 1.1, top_k: 5}
"""


def test_names_give_the_word_and_lines_go_on() -> None:
    script = "# a play\n[anna] 你好。\n我们走吧。\n\n[ben : en] Lovely!\n[anna]\n好。\n"
    assert parse_script(script, VOICES) == [
        Turn("anna", "你好。\n我们走吧。"),
        Turn("ben", "Lovely!", "en"),
        Turn("anna", "好。"),
    ]


def test_text_before_the_first_name_is_the_default_voices() -> None:
    voices = {DEFAULT_VOICE: Voice("d.wav"), **VOICES}
    assert parse_script("Once.\n[ben] Twice.", voices) == [Turn(DEFAULT_VOICE, "Once."), Turn("ben", "Twice.")]


def test_brackets_within_a_line_are_text() -> None:
    assert parse_script("[ben] see [1] and [anna]", VOICES) == [Turn("ben", "see [1] and [anna]")]


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("[anna] a\n[carl] b", "line 2: no voice is named 'carl'; there are: anna, ben"),
        ("\nwho?\n[anna] a", "line 2: the text has no voice"),
        ("# nothing\n[anna]\n", "has no text"),
    ],
)
def test_mistakes_are_found_by_line(script: str, message: str) -> None:
    with pytest.raises(ScriptError, match=message):
        parse_script(script, VOICES)


def test_a_voices_file(tmp_path: Path) -> None:
    path = tmp_path / "voices.yaml"
    path.write_text(VOICES_FILE, encoding="utf-8")
    voices = load_voices(path)
    assert voices["anna"] == Voice(
        str(tmp_path / "anna.wav"), "那天的云很好看。", "zh", None, (str(tmp_path / "more.wav"),)
    )
    assert voices["ben"].reference == "/clips/ben.flac" and voices["ben"].language == "en"
    assert voices["ben"].numbers == {"speed": 1.1, "top_k": 5}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("anna: {}", "voice anna: needs a reference"),
        ("anna: {reference: a.wav, pitch: 2}", "unknown field pitch"),
        ("anna: {reference: a.wav, speed: fast}", "speed is 'fast', expected a number"),
        ("anna: {reference: a.wav, prompt_text: 3}", "prompt_text is 3, expected text"),
        ("anna: {reference: a.wav, auxiliary: b.wav}", "expected a list"),
        ("[1, 2]", "expected names of voices"),
        ("a: [", "is not YAML"),
        ("a: !!python/object/apply:os.system ['true']", "is not YAML"),
    ],
)
def test_mistakes_in_a_voices_file(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "voices.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ScriptError, match=message):
        load_voices(path)
