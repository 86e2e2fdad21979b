"""Speaking while tokens come. What holds exactly, and what does not.

Exactly: the audio does not depend on when tokens arrive; every chunk is the offline result for the tokens known at its
cut (largest difference seen 4e-7), outside the overlap with the chunk before and the frames whose right context was
missing; the last chunk is the offline result for all tokens. Not: chunks before the last one are not the offline
result for all tokens, because the content encoder attends to all of them (``docs/ARCHITECTURE.md``).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from GPT_SoVITS.engine.messages import Streaming
from GPT_SoVITS.inference.bundle import Bundle
from GPT_SoVITS.inference.planning import SegmentPlan, plan
from GPT_SoVITS.inference.references import PreparedReference
from GPT_SoVITS.inference.streaming import (
    LONGEST_CHUNK,
    ChunksAtPauses,
    CutRule,
    FixedChunks,
    fade_over,
    frames_between,
    open_renderer,
)
from GPT_SoVITS.sovits.speed import change_speed
from tests.inference.driver import Audio, asked, drain, speak_tokens

TOKENS = np.random.default_rng(5).integers(0, 1024, 90)
BOTH = pytest.mark.parametrize("mode", [Streaming.TOKENS, Streaming.TOKENS_FAST])


def segment_of(bundle: Bundle, voice: PreparedReference, **fields: Any) -> SegmentPlan:
    return plan(asked(**fields), bundle, voice).segments[0]


def offline(bundle: Bundle, voice: PreparedReference, tokens: NDArray[Any], **fields: Any) -> Audio:
    return speak_tokens(bundle, segment_of(bundle, voice, **fields), tokens)[0]


@BOTH
@pytest.mark.parametrize("speed", [1.0, 0.8])
def test_audio_does_not_depend_on_when_tokens_come(
    bundle: Bundle, voice: PreparedReference, mode: Streaming, speed: float
) -> None:
    segment = segment_of(bundle, voice, streaming=mode, speed=speed)
    at_once, _ = speak_tokens(bundle, segment, TOKENS)
    for step in (1, 7, 40):
        np.testing.assert_array_equal(speak_tokens(bundle, segment, TOKENS, step)[0], at_once)


@BOTH
@pytest.mark.parametrize("speed", [1.0, 0.8, 1.25])
def test_a_stream_is_as_long_as_the_whole(
    bundle: Bundle, voice: PreparedReference, mode: Streaming, speed: float
) -> None:
    streamed, pieces = speak_tokens(bundle, segment_of(bundle, voice, streaming=mode, speed=speed), TOKENS)
    assert len(streamed) == len(offline(bundle, voice, TOKENS, speed=speed))
    assert len(pieces) > 3
    assert np.abs(streamed).max() <= 1


def test_every_chunk_is_the_offline_result_for_the_tokens_known_at_its_cut(
    bundle: Bundle, voice: PreparedReference
) -> None:
    length, overlap = 24, 6
    fields = {"streaming": Streaming.TOKENS_FAST, "min_chunk_length": length, "overlap_length": overlap}
    streamed, _ = speak_tokens(bundle, segment_of(bundle, voice, **fields), TOKENS)
    per_token = bundle.sample_rate // 25
    blind = bundle.synthesizer.vocoder.halo * bundle.synthesizer.vocoder.samples_per_frame
    start = 0
    for cut in (18, 42, 66, None):
        known = len(TOKENS) if cut is None else cut + overlap
        prefix = offline(bundle, voice, TOKENS[:known])
        begin = start * per_token + (overlap * per_token if start else 0)
        end = len(prefix) if cut is None else cut * per_token
        assert end - begin > 2 * blind
        np.testing.assert_allclose(streamed[begin:end], prefix[begin:end], atol=1e-5)
        start = cut or 0


def test_the_last_chunk_is_the_offline_result(bundle: Bundle, voice: PreparedReference) -> None:
    fields = {"streaming": Streaming.TOKENS_FAST, "min_chunk_length": 16, "overlap_length": 2}
    streamed, _ = speak_tokens(bundle, segment_of(bundle, voice, **fields), TOKENS)
    whole = offline(bundle, voice, TOKENS)
    from_last_seam = (69 + 2) * bundle.sample_rate // 25
    np.testing.assert_allclose(streamed[from_last_seam:], whole[from_last_seam:], atol=1e-5)


def test_a_short_segment_is_the_offline_result(bundle: Bundle, voice: PreparedReference) -> None:
    streamed, _ = speak_tokens(bundle, segment_of(bundle, voice, streaming=Streaming.TOKENS), TOKENS[:13])
    np.testing.assert_allclose(streamed, offline(bundle, voice, TOKENS[:13]), atol=1e-6)


def test_audio_comes_with_the_first_chunk_of_tokens(bundle: Bundle, voice: PreparedReference) -> None:
    speech = open_renderer(bundle, segment_of(bundle, voice, streaming=Streaming.TOKENS_FAST, min_chunk_length=12))
    speech.offer(TOKENS[:11], ended=False)
    assert not speech.pending
    speech.offer(TOKENS[:12], ended=False)
    first = drain(speech)
    assert sum(map(len, first)) == 10 * bundle.sample_rate // 25
    assert not speech.pending and not speech.finished


def test_seams_are_no_louder_than_speech(bundle: Bundle, voice: PreparedReference) -> None:
    """A click would be a step between samples that nothing else in the audio has."""
    streamed, pieces = speak_tokens(bundle, segment_of(bundle, voice, streaming=Streaming.TOKENS_FAST), TOKENS)
    steps = np.abs(np.diff(streamed))
    at_seams = [steps[end - 2 : end + 2].max() for end in pieces[:-1]]
    assert max(at_seams) <= steps.max()
    assert np.median(at_seams) < 3 * np.median([steps[i : i + 4].max() for i in range(0, len(steps) - 4, 40)])


def cuts_of(rule: CutRule, tokens: NDArray[Any]) -> list[int]:
    cuts = [0]
    while (cut := rule(tokens, cuts[-1])) is not None:
        cuts.append(cut)
    return cuts


def test_fixed_chunks_grow_to_half_of_what_came_before_them_and_not_beyond_a_length() -> None:
    tokens = np.resize(TOKENS, 400)
    cuts = cuts_of(FixedChunks(16, 2), tokens)
    assert cuts == [0, 14, 30, 46, 69, 103, 154, 218, 282, 346]
    assert max(np.diff(cuts)) == LONGEST_CHUNK
    assert cuts_of(FixedChunks(100, 2), tokens) == [0, 98, 198, 298, 398], "chunks that are longer are asked for"


def test_chunks_at_pauses_end_between_two_mute_tokens() -> None:
    similarity = np.full(1024, -0.5, np.float32)
    similarity[486] = 1.0
    tokens = np.full(60, 7)
    tokens[5:7] = 486  # too early in the chunk
    tokens[20:23] = 486
    rule = ChunksAtPauses(16, 2, similarity)
    assert rule(tokens[:22], 0) is None, "the pause is not known to be one before its second token and the overlap"
    assert rule(tokens, 0) == 21
    assert rule(tokens[:40], 21) is None
    assert rule(np.r_[tokens, tokens[:30]], 21) is not None, "no pause for twice the length"


@pytest.mark.parametrize("known", [30, 45, 90])
def test_where_a_chunk_ends_does_not_depend_on_the_tokens_after_it(known: int) -> None:
    similarity = np.random.default_rng(0).uniform(-1, 1, 1024).astype(np.float32)
    rule = ChunksAtPauses(16, 3, similarity)
    cut = next(found for n in range(len(TOKENS)) if (found := rule(TOKENS[:n], 0)) is not None)
    assert rule(TOKENS[: max(known, cut + 8)], 0) == cut


def test_every_chunk_has_at_least_its_length_and_at_most_twice() -> None:
    rng = np.random.default_rng(1)
    for overlap in (0, 2, 9):
        rule = ChunksAtPauses(12, overlap, rng.uniform(-1, 0.1, 1024).astype(np.float32))
        tokens = rng.integers(0, 1024, 600)
        cuts = np.array(cuts_of(rule, tokens))
        lengths, allowed = np.diff(cuts), np.clip(cuts[:-1] // 3, 12, LONGEST_CHUNK)
        assert lengths[0] >= 12 - overlap and (lengths[1:] >= allowed[1:]).all() and (lengths <= 2 * allowed).all()
        assert 600 - cuts[-1] <= 2 * LONGEST_CHUNK + overlap


def test_without_a_pause_a_chunk_ends_where_it_is_quietest() -> None:
    similarity = np.full(1024, -0.5, np.float32)
    similarity[9] = -0.1
    tokens = np.full(60, 7)
    tokens[24:26] = 9
    rule = ChunksAtPauses(16, 2, similarity)
    assert rule(tokens[:33], 0) is None
    assert rule(tokens, 0) == 25


def test_fast_streams_look_at_the_last_ten_seconds_only(bundle: Bundle, voice: PreparedReference) -> None:
    """A segment of 12 s: its last chunks are what the offline computation gives for the newest tokens."""
    tokens = np.resize(TOKENS, 300)
    segment = segment_of(bundle, voice, streaming=Streaming.TOKENS_FAST)
    streamed, _ = speak_tokens(bundle, segment, tokens)
    other = tokens.copy()
    other[:20] = 1  # 11 s before the end: out of sight of the last chunk, but not of the first
    changed, _ = speak_tokens(bundle, segment, other)
    last = 218 * bundle.sample_rate // 25 + bundle.sample_rate // 5
    np.testing.assert_array_equal(streamed[last:], changed[last:])
    assert not np.array_equal(streamed[:last], changed[:last])


def test_change_of_speed_is_the_same_for_any_part() -> None:
    ramp = np.arange(50, dtype=np.float32)[None]
    np.testing.assert_array_equal(frames_between(ramp, 5, 9, 1.0), ramp[:, 5:9])
    whole = frames_between(ramp, 0, 40, 1.25)
    np.testing.assert_array_equal(frames_between(ramp, 13, 29, 1.25), whole[:, 13:29])
    drift = np.abs(whole - change_speed(ramp, 1.25)[:, :40])
    assert drift.max() < 1.25, "the official grid stretches a little to meet the end"


def test_a_fade_keeps_what_both_sides_agree_on() -> None:
    audio = np.sin(np.arange(50, dtype=np.float32))
    nothing = np.zeros(20, np.float32)
    np.testing.assert_allclose(fade_over(audio, audio[:20], 0), audio, atol=1e-6)
    parts = [fade_over(audio[:8], nothing, 0), fade_over(audio[8:], nothing, 8)]
    np.testing.assert_allclose(np.concatenate(parts), fade_over(audio, nothing, 0), atol=1e-7)
    assert abs(parts[0][0]) < 0.01
