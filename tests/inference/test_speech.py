"""A segment's tokens to its audio, all at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from GPT_SoVITS.engine.errors import WeightsInvalidError
from GPT_SoVITS.engine.messages import Streaming, SynthesisRequest
from GPT_SoVITS.inference.bundle import Bundle
from GPT_SoVITS.inference.features import Features
from GPT_SoVITS.inference.planning import SegmentPlan, plan
from GPT_SoVITS.inference.references import PreparedReference
from GPT_SoVITS.inference.speech import Audio, WholeSegment, limited
from GPT_SoVITS.inference.streaming import open_renderer
from tests.inference.driver import asked, drain, silence_after, speak_alone, speak_tokens
from tests.networks.official_streaming import noise_shape

TOKENS = np.random.default_rng(3).integers(0, 1024, 40)


def _segment(bundle: Bundle, voice: PreparedReference, request: SynthesisRequest | None = None) -> SegmentPlan:
    return plan(request or asked(), bundle, voice).segments[0]


@pytest.mark.parametrize("speed", [1.0, 1.3])
def test_audio_is_what_the_synthesizer_decodes(bundle: Bundle, voice: PreparedReference, speed: float) -> None:
    segment, synthesizer = _segment(bundle, voice, asked(speed=speed)), bundle.vits
    channels, frames = noise_shape(synthesizer, len(TOKENS), speed)
    noise = segment.noise().standard_normal((frames, channels), np.float32).T
    expected = synthesizer.decode(TOKENS, segment.phonemes, voice.condition, noise=noise, speed=speed)
    audio, pieces = speak_tokens(bundle, segment, TOKENS)
    np.testing.assert_allclose(audio, expected, atol=1e-5)
    assert len(pieces) == 1, "a segment is one piece of audio"


def test_nothing_is_done_before_the_tokens_have_ended(bundle: Bundle, voice: PreparedReference) -> None:
    speech = open_renderer(bundle, _segment(bundle, voice))
    speech.offer(TOKENS, ended=False)
    assert not speech.pending and speech.work() is None and not speech.samples
    speech.offer(TOKENS, ended=True)
    assert sum(map(len, drain(speech))) == speech.samples > 0
    assert speech.finished and speech.work() is None


def test_work_comes_in_bounded_pieces(bundle: Bundle, voice: PreparedReference) -> None:
    speech = open_renderer(bundle, _segment(bundle, voice))
    speech.offer(np.tile(TOKENS, 10), ended=True)
    silent = 0
    while speech.pending and speech.work() is None:
        silent += 1
    assert silent > 10, "400 tokens are two encodings, two runs of the flow and many windows"


@pytest.mark.parametrize("streaming", [Streaming.OFF, Streaming.TOKENS])
def test_samples_that_are_no_numbers_are_the_weights_fault_and_never_heard(
    streaming: Streaming, bundle: Bundle, voice: PreparedReference, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(frames: Audio, condition: Audio, **rest: object) -> Iterator[Audio]:
        yield np.full(frames.shape[1] * 640, np.nan, np.float32)

    speech = open_renderer(bundle, _segment(bundle, voice, asked(streaming=streaming)))
    monkeypatch.setattr(bundle.synthesizer.vocoder, "stream", broken)
    speech.offer(TOKENS, ended=True)
    with pytest.raises(WeightsInvalidError, match="samples that are not numbers"):
        drain(speech)
    assert not speech.samples


def test_a_segment_without_tokens_is_silent(bundle: Bundle, voice: PreparedReference) -> None:
    speech = open_renderer(bundle, _segment(bundle, voice))
    speech.offer(TOKENS[:0], ended=True)
    assert drain(speech) == [] and speech.finished


def test_the_same_seed_is_the_same_audio_and_another_is_not(
    bundle: Bundle, features: Features, voice: PreparedReference
) -> None:
    one, again = (speak_alone(bundle, features, voice, asked(segments=(0,))) for _ in range(2))
    other = speak_alone(bundle, features, voice, asked(segments=(0,), seed=8))
    np.testing.assert_array_equal(one[0], again[0])
    assert len(other[0]) != len(one[0]) or np.abs(other[0] - one[0]).max() > 1e-3


def test_a_segment_does_not_depend_on_which_others_are_spoken(
    bundle: Bundle, features: Features, voice: PreparedReference
) -> None:
    whole = speak_alone(bundle, features, voice, asked())
    part = speak_alone(bundle, features, voice, asked(segments=(2,)))
    assert len(whole) > 2 and list(part) == [2]
    np.testing.assert_array_equal(part[2], whole[2])


def test_attempts_differ_in_their_noise_too(bundle: Bundle, voice: PreparedReference) -> None:
    segment = _segment(bundle, voice)
    audio = []
    for attempt in (1, 2):
        speech = WholeSegment(bundle, segment, attempt)
        speech.offer(TOKENS, ended=True)
        audio.append(np.concatenate(drain(speech)))
    assert np.abs(audio[0] - audio[1]).max() > 1e-4


def test_without_a_prompt_speech_is_possible(bundle: Bundle, features: Features, voice: PreparedReference) -> None:
    bare = replace(voice, tokens=voice.tokens[:0], phonemes=voice.phonemes[:0], bert=voice.bert[:, :0])
    assert speak_alone(bundle, features, bare, asked("Hello there."))[0].any()


def test_loud_audio_is_divided_by_its_peak() -> None:
    loud = np.array([0.5, -2.0, 1.0], np.float32)
    np.testing.assert_allclose(limited(loud), [0.25, -1.0, 0.5])
    quiet = np.array([0.5, -1.0], np.float32)
    np.testing.assert_array_equal(limited(quiet), quiet)


def test_silence_follows_for_the_time_asked_for(bundle: Bundle, voice: PreparedReference) -> None:
    segment = _segment(bundle, voice, asked(fragment_interval=0.25))
    silence = silence_after(bundle, segment)
    assert len(silence) == bundle.sample_rate // 4 and not silence.any()
