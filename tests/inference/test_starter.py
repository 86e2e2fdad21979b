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
from GPT_SoVITS.engine.errors import EngineError
from GPT_SoVITS.engine.messages import WeightsPair
from GPT_SoVITS.resources import locate

JUDGE = "GPT_SOVITS_JUDGE"
"""Variable that names the folder of a model of faster-whisper; without it the words are not judged."""
SENTENCES = {
    "en": (
        "The weather is very nice today.",
        "Please bring me a cup of tea.",
        "We will meet again on Friday morning.",
        "The old house stands near the river.",
    ),
    "ja": ("明日の朝は早く起きるつもりです。", "父は毎朝新聞を読みます。", "窓から富士山が見えます。"),
    "zh": ("明天早上我要早点起床。", "爸爸每天早上都看报纸。", "请把门关上，外面很冷。"),
}
ERRORS = 0.5
"""Generous: it tells speech from noise, of which a recogniser makes other words. What was measured is in its README."""
LARGEST_MB, ALL_MB = 40, 56
"""Of one language's pair with the content encoder and its clips, and of all languages together."""
LANGUAGES = tuple(starter.pairs())

pytestmark = pytest.mark.skipif(starter.pair() is None, reason="this installation has left the starter out")


@pytest.fixture(scope="module")
def tts() -> Iterator[TTS]:
    if all(map(locate, ("gpt-v2", "sovits-v2"))):
        pytest.skip("the official weights are installed and take its place")
    with TTS() as opened:
        yield opened


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_is_as_long_as_speech_and_the_same_every_time(tts: TTS, language: str) -> None:
    first, again = (tts.speak(SENTENCES[language][0], language=language, seed=5) for _ in range(2))
    np.testing.assert_array_equal(first.audio, again.audio)
    assert first.sample_rate == RATE and 1.0 < first.seconds < 6.0
    level = float(np.sqrt(np.square(first.audio).mean()))
    assert 0.01 < level < 0.5 and np.abs(first.audio).max() <= 1


def test_a_voice_refuses_in_words_what_its_pair_does_not_speak(tts: TTS) -> None:
    for voice in starter.voices():
        clip = {"reference": str(voice.clip), "reference_text": voice.text, "reference_language": voice.language}
        text, language = ("Good morning.", "en") if voice.language == "ja" else ("おはようございます。", "ja")
        with pytest.raises(EngineError, match=f"speak {voice.language} only"):
            tts.speak(text, language=language, weights=WeightsPair(*voice.pair), **clip)


def test_what_is_shipped_is_small_complete_and_licensed() -> None:
    files = [path for path in starter.FOLDER.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")]
    sizes = {path.name: path.stat().st_size for path in files}
    assert sum(sizes.values()) < ALL_MB << 20
    assert {"NOTICE", "README.md"} <= {path.name for path in files}
    for language in LANGUAGES:
        gpt, sovits = map(open_weights, starter.files()[language])
        own = sum(path.stat().st_size for path in starter.files()[language])
        others = sum(path.stat().st_size for pair in starter.files().values() for path in pair if path.exists()) - own
        assert sum(sizes.values()) - others < LARGEST_MB << 20
        assert gpt.config["model"]["languages"] == [language] and gpt.config["inference"]["sampling"]
        assert sovits.config["model"]["content_encoder"] == "starter"
    assert open_weights(starter.CONTENT_ENCODER).kind == "hubert"


def test_its_voices_are_clips_that_a_reference_may_be() -> None:
    assert {voice.language for voice in starter.voices()} == set(LANGUAGES)
    for voice in starter.voices():
        samples, rate = read_audio(voice.clip)
        check_reference_length(len(samples) / rate)
        assert voice.text and voice.pair == starter.pairs()[voice.language]


@pytest.mark.skipif(
    importlib.util.find_spec("faster_whisper") is None or not os.environ.get(JUDGE),
    reason=f"words are judged with faster-whisper and the model that {JUDGE} names",
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_are_there(tts: TTS, language: str) -> None:
    judge, errors = Judge(Path(os.environ[JUDGE]), language=language), Errors()
    for seed, text in enumerate(SENTENCES[language]):
        errors += compare(text, judge.write_down(tts.speak(text, language=language, seed=seed).audio), language)
    assert errors.rate <= ERRORS, errors
