"""Streams of v3 and v4: chunk by chunk of the sampler, each once, and what later tokens change in the first chunk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from GPT_SoVITS.cfm.chunks import join, plan_chunks
from GPT_SoVITS.cfm.estimator import drained
from GPT_SoVITS.cfm.joining import GrowingAudio
from GPT_SoVITS.engine.messages import Streaming
from GPT_SoVITS.features.spectrogram import denormalise_mel
from GPT_SoVITS.inference.bundle import Bundle
from GPT_SoVITS.inference.features import Features
from GPT_SoVITS.inference.mel_streaming import StreamedMelSegment
from GPT_SoVITS.inference.planning import SegmentPlan, plan
from GPT_SoVITS.inference.references import PreparedReference, References
from tests.engine.small import SmallInstallation
from tests.inference.driver import asked, finish, speak_tokens
from tests.inference.test_mel_speech import _synthesizer

TOKENS = np.random.default_rng(3).integers(0, 1024, 330)
"""13 s: three chunks of the sampler."""
RATE = 500


class Blurred:
    """A vocoder whose samples see ``halo`` frames to a side."""

    samples_per_frame = 40

    def __init__(self, halo: int) -> None:
        self.halo = halo

    def stream(self, mel: Any) -> Iterator[Any]:
        """Yield all audio in two pieces."""
        frames = np.convolve(np.tanh(mel.mean(axis=0) / 20), np.ones(2 * self.halo + 1), "same")
        carrier = np.random.default_rng(8).standard_normal(self.samples_per_frame)
        audio = np.outer(frames, carrier).astype(np.float32).ravel()
        yield audio[:100]
        yield audio[100:]


@pytest.mark.parametrize("halo", [0, 5, 20])
@pytest.mark.parametrize("frames", [30, 88, 89, 250, 300])
def test_growing_audio_is_that_of_all_chunks_at_once(halo: int, frames: int) -> None:
    """Also where samples see further than chunks overlap."""
    vocoder, length, overlap = Blurred(halo), 100, 12
    chunks = plan_chunks(frames, length, overlap)
    mels = np.random.default_rng(frames).standard_normal((len(chunks.starts), length, 3), np.float32)
    spoken, rate = chunks.spoken(vocoder.samples_per_frame), vocoder.samples_per_frame
    needed = (len(mels) - 1) * length + spoken
    mel = denormalise_mel(np.concatenate(list(mels)).T)[:, : needed + halo]
    whole = join(np.concatenate(list(vocoder.stream(mel)))[: needed * rate], chunks, rate)
    growing = GrowingAudio(vocoder, length, overlap)
    pieces = [drained(growing.add(each)) for each in mels[:-1]]
    pieces.append(drained(growing.end(mels[-1], spoken, spoken - (chunks.length - chunks.padding))))
    assert all(len(piece) for piece in pieces)
    np.testing.assert_allclose(np.concatenate(pieces), whole, atol=1e-6)


@pytest.fixture(scope="module")
def mel_bundle(bundle: Bundle) -> Bundle:
    return replace(bundle, version="v4", sample_rate=RATE, synthesizer=_synthesizer(), key=bundle.key + 2000)


@pytest.fixture(scope="module")
def mel_voice(home: SmallInstallation, features: Features, mel_bundle: Bundle) -> PreparedReference:
    kept = References(features)
    prepared = finish(kept.prepare(mel_bundle, home.voice))
    kept.close()
    return prepared


def _segment(bundle: Bundle, voice: PreparedReference, **fields: Any) -> SegmentPlan:
    return plan(asked(sample_steps=1, **fields), bundle, voice).segments[0]


@pytest.mark.parametrize("count", [60, 330])
@pytest.mark.parametrize("speed", [1.0, 1.3])
def test_known_tokens_are_streamed_as_the_whole(
    mel_bundle: Bundle, mel_voice: PreparedReference, count: int, speed: float
) -> None:
    whole, _ = speak_tokens(mel_bundle, _segment(mel_bundle, mel_voice, speed=speed), TOKENS[:count])
    segment = _segment(mel_bundle, mel_voice, streaming=Streaming.TOKENS, speed=speed)
    streamed, pieces = speak_tokens(mel_bundle, segment, TOKENS[:count])
    np.testing.assert_allclose(streamed, whole, atol=1e-6)
    assert (len(pieces) > 1) == (count > 60)


def test_audio_leaves_before_all_tokens_are_there(mel_bundle: Bundle, mel_voice: PreparedReference) -> None:
    """The first chunk is that of the tokens known then; it does not depend on how they come."""
    segment = _segment(mel_bundle, mel_voice, streaming=Streaming.TOKENS)
    renderer = StreamedMelSegment(mel_bundle, segment, mel_bundle.synthesizer, mel_voice.mel)  # type: ignore[arg-type]
    renderer.offer(TOKENS[:100], ended=False)
    assert not renderer.pending
    first = 100
    while not renderer.pending:
        first += 1
        renderer.offer(TOKENS[:first], ended=False)
    slow, pieces = speak_tokens(mel_bundle, segment, TOKENS, at_a_time=1)
    fast, _ = speak_tokens(mel_bundle, segment, TOKENS, at_a_time=first)
    assert len(pieces) == 3 and len(slow) == len(fast)
    np.testing.assert_array_equal(slow[: pieces[0]], fast[: pieces[0]])


def test_a_stream_differs_from_the_whole_by_what_later_tokens_change(
    mel_bundle: Bundle, mel_voice: PreparedReference
) -> None:
    whole, _ = speak_tokens(mel_bundle, _segment(mel_bundle, mel_voice), TOKENS)
    segment = _segment(mel_bundle, mel_voice, streaming=Streaming.TOKENS)
    streamed, pieces = speak_tokens(mel_bundle, segment, TOKENS, at_a_time=5)
    assert len(streamed) == len(whole)
    difference = np.abs(streamed - whole)
    assert difference[: pieces[0]].max() > 0
    last = slice(pieces[1] + 400, None)  # behind what is faded over from the chunk before
    np.testing.assert_allclose(streamed[last], whole[last], atol=1e-6)
