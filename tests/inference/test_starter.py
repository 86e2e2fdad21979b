"""The voice that comes with the program, as it is shipped: it speaks, the same every time, and the words are there."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bench.judging import RATE, Errors, Judge, compare
from convert import open_weights
from GPT_SoVITS import TTS, starter
from GPT_SoVITS.audio.decode import check_reference_length, read_audio
from GPT_SoVITS.resources import locate

JUDGE = "GPT_SOVITS_JUDGE"
"""Variable that names the folder of a model of faster-whisper; without it the words are not judged."""
SENTENCES = (
    "The weather is very nice today.",
    "Please bring me a cup of tea.",
    "We will meet again on Friday morning.",
    "The old house stands near the river.",
)
WORD_ERRORS = 0.5
"""Generous: it tells speech from noise, of which a recogniser makes other words. What was measured is in its README."""
LARGEST_MB = 40

pytestmark = pytest.mark.skipif(starter.pair() is None, reason="this installation has left the starter out")


@pytest.fixture(scope="module")
def tts() -> Iterator[TTS]:
    if all(map(locate, ("gpt-v2", "sovits-v2"))):
        pytest.skip("the official weights are installed and take its place")
    with TTS() as opened:
        yield opened


def test_a_sentence_is_as_long_as_speech_and_the_same_every_time(tts: TTS) -> None:
    first, again = (tts.speak(SENTENCES[0], language="en", seed=5) for _ in range(2))
    np.testing.assert_array_equal(first.audio, again.audio)
    assert first.sample_rate == RATE and 1.0 < first.seconds < 6.0
    level = float(np.sqrt(np.square(first.audio).mean()))
    assert 0.01 < level < 0.5 and np.abs(first.audio).max() <= 1


def test_what_is_shipped_is_small_complete_and_licensed() -> None:
    files = [path for path in starter.FOLDER.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")]
    assert sum(path.stat().st_size for path in files) < LARGEST_MB << 20
    assert {"NOTICE", "README.md"} <= {path.name for path in files}
    gpt, sovits = open_weights(starter.GPT), open_weights(starter.SOVITS)
    assert gpt.config["model"]["languages"] == ["en"] and gpt.config["inference"]["sampling"]
    assert sovits.config["model"]["content_encoder"] == "starter"
    assert open_weights(starter.CONTENT_ENCODER).kind == "hubert"


def test_its_voices_are_clips_that_a_reference_may_be() -> None:
    assert starter.voices()
    for voice in starter.voices():
        samples, rate = read_audio(voice.clip)
        check_reference_length(len(samples) / rate)
        assert voice.text and voice.language == "en"


@pytest.mark.skipif(
    importlib.util.find_spec("faster_whisper") is None or not os.environ.get(JUDGE),
    reason=f"words are judged with faster-whisper and the model that {JUDGE} names",
)
def test_the_words_are_there(tts: TTS) -> None:
    judge, errors = Judge(Path(os.environ[JUDGE])), Errors()
    for seed, text in enumerate(SENTENCES):
        errors += compare(text, judge.write_down(tts.speak(text, language="en", seed=seed).audio))
    assert errors.rate <= WORD_ERRORS, errors
