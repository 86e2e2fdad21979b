"""Subtitles say when each sentence is heard, in files that every player takes."""

from __future__ import annotations

from GPT_SoVITS.audio.subtitles import Cue, sentence_cues, subrip, webvtt
from GPT_SoVITS.engine.messages import SegmentDone

CUES = [Cue("先帝创业未半。", 0.0, 1.2345), Cue("Hello <b>& goodbye</b>", 1.5, 3661.001)]


def test_subrip() -> None:
    assert subrip(CUES) == (
        "1\n00:00:00,000 --> 00:00:01,234\n先帝创业未半。\n\n2\n00:00:01,500 --> 01:01:01,001\nHello <b>& goodbye</b>\n"
    )


def test_webvtt_escapes_what_it_would_read_as_markup() -> None:
    assert webvtt(CUES) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.234\n先帝创业未半。\n\n"
        "00:00:01.500 --> 01:01:01.001\nHello &lt;b&gt;&amp; goodbye&lt;/b&gt;\n"
    )


def test_the_engines_segments_are_cues() -> None:
    done = SegmentDone("id", segment=0, text="Hello.", start=0.02, end=0.5, tokens=12)
    assert subrip([done]) == "1\n00:00:00,020 --> 00:00:00,500\nHello.\n"


def test_text_cannot_forge_a_cue() -> None:
    forged = Cue("one\n\n2\n00:00:09,000 --> 00:00:10,000\ntwo", 0.0, 1.0)
    assert subrip([forged]).count("-->") == 1 and subrip([forged]).count("\n\n") == 0
    assert webvtt([forged]).count("--") == 1


def test_cues_do_not_overlap_and_none_is_empty() -> None:
    text = subrip([Cue("a", 0.0, 1.5), Cue(" ", 1.0, 1.2), Cue("b", 1.0, 1.0)])
    assert text == "1\n00:00:00,000 --> 00:00:01,000\na\n\n2\n00:00:01,000 --> 00:00:01,001\nb\n"


def test_pieces_of_a_sentence_are_one_cue() -> None:
    pieces = [
        Cue("先帝创业，", 0.0, 1.0), Cue("未半。", 1.2, 2.0), Cue("Dr.", 2.5, 2.8), Cue("Smith came.", 3.0, 4.0),
        Cue("And", 4.5, 5.0),
    ]  # fmt: skip
    assert sentence_cues(pieces) == [
        Cue("先帝创业，未半。", 0.0, 2.0), Cue("Dr. Smith came.", 2.5, 4.0), Cue("And", 4.5, 5.0),
    ]  # fmt: skip


def test_signs_that_cutting_adds_are_not_shown() -> None:
    for spoken, shown in (
        (".Dr Smith.", "Dr Smith."),
        ("Who is it?.", "Who is it?"),
        ("One two. .", "One two."),
        ("。好。", "好。"),
    ):
        assert subrip([Cue(spoken, 0, 1)]).splitlines()[2] == shown
    assert subrip([Cue("Wait...", 0, 1)]).splitlines()[2] == "Wait..."


def test_no_segments_are_empty_files() -> None:
    assert subrip([]) == "" and webvtt([]) == "WEBVTT\n"
