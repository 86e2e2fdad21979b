"""From a request to segments: checks, cutting, limits, subsets."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from GPT_SoVITS.engine.errors import InvalidRequestError, WeightsMissingError
from GPT_SoVITS.engine.messages import Reference, Streaming
from GPT_SoVITS.inference.bundle import Bundle
from GPT_SoVITS.inference.frames import LONGEST_TEXT
from GPT_SoVITS.inference.planning import LONGEST_SEGMENT, halve, plan, validate
from GPT_SoVITS.inference.reading import text_errors
from GPT_SoVITS.inference.references import PreparedReference
from GPT_SoVITS.t2s.decoding import Ending
from GPT_SoVITS.text.errors import MissingResourceError
from tests.inference.driver import TEXT, asked


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"speed": 0.1}, "speed is 0.1, expected 0.25 to 4"),
        ({"speed": math.nan}, "speed is nan"),
        ({"fragment_interval": -1.0}, "fragment_interval is -1, expected 0 to 60 s"),
        ({"seed": -1}, "seed is -1"),
        ({"max_attempts": 0}, "max_attempts is 0, expected 1 to 10"),
        ({"streaming": Streaming.TOKENS, "min_chunk_length": 1}, "min_chunk_length is 1, expected 4 to"),
        ({"streaming": Streaming.TOKENS_FAST, "overlap_length": 16}, "overlap_length is 16, expected 0 to 15"),
        ({"language": "klingon"}, "'klingon' is no text language"),
        ({"how_to_cut": "scissors"}, "'scissors' is no cutting method"),
        ({"text": " \n"}, "the text is empty"),
        ({"reference": Reference("x.wav", "text", "elvish")}, "'elvish' is no text language"),
    ],
)
def test_a_field_out_of_range_is_refused_before_anything_is_computed(fields: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidRequestError) as raised:
        validate(replace(asked(), **fields))  # type: ignore[arg-type]
    assert message in str(raised.value)


def test_what_does_not_matter_is_not_checked() -> None:
    validate(asked(min_chunk_length=1))  # not streaming by tokens
    validate(asked(reference=Reference("x.wav", "text", "elvish"), ref_free=True))


@pytest.mark.parametrize("text", ["。。。！", "😀😀", "..."])
def test_a_text_without_a_sound_is_refused(bundle: Bundle, voice: PreparedReference, text: str) -> None:
    with pytest.raises(InvalidRequestError, match=r"nothing in the text can be spoken|nothing to read"):
        plan(asked(text), bundle, voice)


def test_a_missing_language_package_is_a_missing_resource() -> None:
    with pytest.raises(WeightsMissingError, match="pip install jamo"), text_errors():
        raise MissingResourceError("Korean needs jamo; pip install jamo")


def test_segments_are_the_sentences_of_the_cutting_method(bundle: Bundle, voice: PreparedReference) -> None:
    texts = plan(asked(how_to_cut="cut5"), bundle, voice).texts
    assert len(texts) > 2
    assert "".join(texts).replace(" ", "") == TEXT.replace(" ", "")
    assert plan(asked(how_to_cut="cut0"), bundle, voice).texts == (TEXT,)


def test_a_subset_has_the_numbers_of_the_whole(bundle: Bundle, voice: PreparedReference) -> None:
    whole, part = plan(asked(), bundle, voice), plan(asked(segments=(2, 0, 2)), bundle, voice)
    assert part.wanted == (0, 2) and part.texts == whole.texts
    logits = np.random.default_rng(0).standard_normal(1025).astype(np.float32)
    rows = [each.segments[2].row() for each in (whole, part)]
    for row in rows:
        for _ in range(8):
            row.accept(logits.copy())
    assert rows[0].tokens.tolist() == rows[1].tokens.tolist()


@pytest.mark.parametrize("segments", [(), (99,), (-1, 0)])
def test_segments_that_do_not_exist_are_refused(
    bundle: Bundle, voice: PreparedReference, segments: tuple[int, ...]
) -> None:
    with pytest.raises(InvalidRequestError, match="were asked for; the text has 0 to"):
        plan(asked(segments=segments), bundle, voice)


def test_a_text_asks_for_silence_and_pace(bundle: Bundle, voice: PreparedReference) -> None:
    marked = "We begin here. [pause 0.8s] Then we go on."
    first, second = plan(asked(text=marked, how_to_cut="cut0", speed=1.5), bundle, voice).segments
    assert (first.silence, second.silence) == (0.8, asked().fragment_interval)
    slow = '<speak>We begin here. <prosody rate="80%">Then we go on.</prosody></speak>'
    first, second = plan(asked(text=slow, how_to_cut="cut0", speed=1.5), bundle, voice).segments
    assert first.speed == 1.5
    assert second.speed == pytest.approx(1.2)


def test_what_is_not_read_is_remarked_once_also_where_a_sentence_is_halved(
    bundle: Bundle, voice: PreparedReference
) -> None:
    def remarks(text: str) -> list[str]:
        segments = plan(asked(text=text, how_to_cut="cut0"), bundle, voice).segments
        return [segment.remark for segment in segments if segment.remark]

    assert remarks("We begin here.") == []
    assert remarks("We say Привет here.") == ["not spoken, for this text language does not read it: Привет"]
    long = remarks("We say Привет here, and then we go on and on. " * 20)
    assert long and all(remark.endswith(": Привет") for remark in long)


def test_the_reading_of_the_request_is_taken(bundle: Bundle, voice: PreparedReference) -> None:
    said = [
        plan(asked(text="The 1990s were great.", reading=reading), bundle, voice).segments[0].sentence.norm_text
        for reading in ("natural", "official")
    ]
    assert said == ["The nineteen nineties were great.", "The nineteen ninety seconds were great."]
    with pytest.raises(InvalidRequestError, match="is no reading"):
        validate(asked(reading="robotic"))


def test_without_a_seed_one_is_drawn_and_told(bundle: Bundle, voice: PreparedReference) -> None:
    seeds = {plan(asked(seed=None), bundle, voice).seed for _ in range(4)}
    assert len(seeds) == 4


def test_attempts_at_a_segment_draw_other_numbers(bundle: Bundle, voice: PreparedReference) -> None:
    segment = plan(asked(), bundle, voice).segments[0]
    assert segment.row(1).rng.random() != segment.row(2).rng.random()
    assert segment.noise(1).random() != segment.noise(2).random()


def test_a_row_ends_at_the_segments_limit(bundle: Bundle, voice: PreparedReference) -> None:
    segment = plan(asked(), bundle, voice).segments[0]
    row, never = segment.row(), np.zeros(bundle.decoder.config.vocab_size, np.float32)
    never[-1] = -1e9
    while row.accept(never.copy()) is None:
        pass
    assert row.ending is Ending.EARLY_STOP
    assert len(row.result(always_drop_last=True).semantic) == segment.token_limit


def test_a_segment_that_is_too_long_is_cut_further(bundle: Bundle, voice: PreparedReference) -> None:
    words = "every word of it counts and "
    segments = plan(asked(words * 60, how_to_cut="cut0"), bundle, voice).segments
    assert len(segments) > 1
    assert "".join(segment.text for segment in segments).replace(" ", "") == (words * 60).replace(" ", "")
    for segment in segments:
        assert segment.expected_tokens <= LONGEST_SEGMENT and len(segment.phonemes) <= LONGEST_TEXT
        filled = len(voice.phonemes) + len(segment.phonemes) + len(voice.tokens)
        assert filled + segment.token_limit < bundle.decoder.max_length


def test_a_prompt_that_leaves_no_room_is_refused(bundle: Bundle, voice: PreparedReference) -> None:
    size = bundle.decoder.max_length
    endless = replace(voice, phonemes=np.zeros(size, np.int64), bert=np.zeros((1024, size), np.float32))
    with pytest.raises(InvalidRequestError, match=r"give less reference text|there is no room"):
        plan(asked("Hello."), bundle, endless)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("one, two three four", ("one,", " two three four")),
        ("one two three", ("one ", "two three")),
        ("abcdef", ("abc", "def")),
        ("啊。喔。", ("啊。", "喔。")),
    ],
)
def test_halves_end_at_the_sign_nearest_to_the_middle(text: str, parts: tuple[str, str]) -> None:
    assert halve(text) == parts
