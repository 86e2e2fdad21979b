"""Speaking a segment while its tokens are still coming.

Each chunk is what the offline computation gives for the tokens known at its cut: everything so far is encoded, latent
frames and audio are computed with all the left context that the flow and the generator look at, and the noise of a
frame does not depend on the chunk it is in. So a chunk differs from the offline result only by what the content
encoder, which attends to all tokens, and the frames just before the cut would have made of the tokens that were not
there yet; the last chunk does not differ at all. A chunk ends a few tokens (``overlap_length``) before the last known
one, and the audio of those tokens, spoken with and without what follows, is cross-faded: both have the same phase.

Where chunks are cut depends on the tokens alone, never on when they arrive: same seed, same audio. Every chunk costs an
encoding of what is known and some frames of context beside its own, so chunks grow with the audio that was given out
before them: the first are short, for the sake of the first sound, later ones as long as a listener can wait for.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from GPT_SoVITS.cfm.synthesizer import MelSynthesizer
from GPT_SoVITS.engine.messages import Streaming
from GPT_SoVITS.inference.bundle import Bundle
from GPT_SoVITS.inference.frames import (
    CONTENT_MARGIN,
    CONTENT_TOKENS,
    content_frames,
    encode_phonemes,
    flow_reach,
    latent_frames,
)
from GPT_SoVITS.inference.mel_speech import MelSegment
from GPT_SoVITS.inference.mel_streaming import StreamedMelSegment
from GPT_SoVITS.inference.planning import SegmentPlan
from GPT_SoVITS.inference.speech import Audio, SegmentRenderer, Tokens, WholeSegment, silently
from GPT_SoVITS.sovits.speed import frames_at_speed
from GPT_SoVITS.sovits.synthesizer import EncodedPhonemes

LOOK_AT = 2
"""Tokens beyond the shortest chunk that are looked at before a first cut is chosen (official ``check_token_num``)."""

LONGEST_CHUNK = 64
"""Tokens (2.6 s) that chunks grow to; a request that asks for longer ones gets them."""
FAST_TOKENS = 256
"""Tokens (10 s, as long as the clips that voices are trained on) that a chunk of ``TOKENS_FAST`` is encoded with."""


def open_renderer(bundle: Bundle, segment: SegmentPlan, attempt: int = 1) -> SegmentRenderer:
    """Return what speaks an attempt at a segment in the way that its request streams."""
    streams = segment.request.streaming in (Streaming.TOKENS, Streaming.TOKENS_FAST)
    if isinstance(bundle.synthesizer, MelSynthesizer):
        prompt, is_raised = segment.reference.mel, segment.request.super_sampling and bundle.extension is not None
        if streams and prompt is not None and not is_raised:
            return StreamedMelSegment(bundle, segment, bundle.synthesizer, prompt, attempt)
        return MelSegment(bundle, segment, bundle.synthesizer, attempt)
    if streams:
        return StreamedSegment(bundle, segment, attempt)
    return WholeSegment(bundle, segment, attempt)


class CutRule(Protocol):
    """Says where chunks end."""

    def __call__(self, tokens: Tokens, start: int) -> int | None:
        """Return after how many tokens the chunk that starts at ``start`` is to be spoken up to, None for not yet."""


def grown(length: int, part: int) -> int:
    """Return the length in tokens of a chunk, at least ``length``, that may grow to ``part``."""
    return max(length, min(part, LONGEST_CHUNK))


@dataclass(frozen=True)
class FixedChunks:
    """Chunks of a number of tokens that does not depend on what they are.

    The first is shorter by the overlap, so that it comes as early as it can. A chunk is half as long as everything
    before it once that is more than ``length``: a listener does not run out of audio while it is made as long as speech
    takes less than two thirds of its own time to compute.
    """

    length: int
    overlap: int

    def __call__(self, tokens: Tokens, start: int) -> int | None:
        cut = start + grown(self.length, start // 2) if start else self.length - self.overlap
        return cut if cut + self.overlap <= len(tokens) else None


@dataclass(frozen=True)
class ChunksAtPauses:
    """Chunks of at least so many tokens, cut between two tokens that both sound most like silence.

    The rule of the official ``infer_panel_naive``: similarity to the mute token, both of the pair not below 0, and the
    best pair among those seen when there is one. Unlike there, pairs too early in the chunk are not candidates (they
    keep the official rule from ever cutting), a chunk of twice the length is cut at its best pair whatever that is,
    tokens after the cut belong to the next chunk only, and the length grows to a third of what came before (a third,
    because a chunk may be twice as long as that).
    """

    length: int
    overlap: int
    similarity: NDArray[np.float32]

    def __call__(self, tokens: Tokens, start: int) -> int | None:
        length = grown(self.length, start // 3)
        shortest, longest = length if start else length - self.overlap, 2 * length
        held = max(self.overlap, 1)  # tokens after a cut that must be known
        # As if token after token had just come: where the cut is must not depend on how many there are by now.
        known, last = shortest + max(LOOK_AT, self.overlap), longest + self.overlap
        if len(tokens) - start < known:
            return None
        score = self.similarity[tokens[start : start + last]]
        pairs = score[:-1] + score[1:]
        quiet = np.flatnonzero((score[:-1] >= 0) & (score[1:] >= 0))
        quiet = quiet[(quiet >= shortest - 1) & (quiet < min(len(score) - held, longest))]
        if quiet.size:
            seen = quiet[quiet < max(known - held, int(quiet[0]) + 1)]
            return start + 1 + int(seen[pairs[seen].argmax()])
        if len(score) < last:
            return None
        return start + shortest + int(pairs[shortest - 1 : min(last - held, longest)].argmax())


def cut_rule(bundle: Bundle, segment: SegmentPlan) -> CutRule:
    """Return the rule of a request's streaming mode."""
    length, overlap = segment.request.min_chunk_length, segment.request.overlap_length
    if segment.request.streaming is Streaming.TOKENS_FAST:
        return FixedChunks(length, overlap)
    return ChunksAtPauses(length, overlap, bundle.mute_similarity)


@dataclass(frozen=True)
class _Span:
    """A chunk, in frames after the change of speed.

    Attributes:
        known: Tokens that are encoded.
        start: First frame whose audio is new.
        stop: Frame after the last one whose audio is final.
        end: Frame after the last one that is computed; the audio from ``stop`` on fades into the next chunk.
    """

    known: int
    start: int
    stop: int
    end: int


class StreamedSegment(SegmentRenderer):
    """Speaks a segment chunk by chunk, as its tokens come."""

    def __init__(self, bundle: Bundle, segment: SegmentPlan, attempt: int = 1) -> None:
        super().__init__(bundle, segment, attempt)
        config = self.bundle.vits.config
        self._rule = cut_rule(bundle, segment)
        self._is_fast = segment.request.streaming is Streaming.TOKENS_FAST
        self._overlap, self._speed = segment.request.overlap_length, segment.speed
        self._per_token = config.frames_per_code
        self._vocoder_halo, self._flow_halo = self.bundle.vits.vocoder.halo, flow_reach(config)
        self._cut = 0  # tokens whose audio is final
        self._start = 0  # the same in frames
        self._within_chunk = False
        self._noise_so_far = np.zeros((config.inter_channels, 0), np.float32)
        self._tail: Audio = np.zeros(0, np.float32)

    def _ready(self) -> bool:
        return self._within_chunk or self.ended or self._rule(self.tokens, self._cut) is not None

    def _speak(self) -> Generator[Audio | None, None, None]:
        voice, condition = self.bundle.vits, self.segment.reference.condition
        if not len(self.tokens):
            return
        self._within_chunk = True
        encoded = encode_phonemes(voice, self.segment.phonemes)
        while True:
            self._within_chunk = True
            cut = self._rule(self.tokens, self._cut)
            span = self._span(cut)
            first = max(span.start - self._vocoder_halo, 0)
            context = max(first - self._flow_halo, 0)
            tokens = self.tokens[: span.known]
            needed = max(int(context * self._speed) - 1, 0)
            content = yield from silently(self._content(tokens, encoded, needed))
            chosen = frames_between(content, context, span.end, self._speed)
            frames = yield from silently(latent_frames(voice, chosen, condition, self._noise_of(context, span.end)))
            if cut is not None:
                self._cut, self._start = cut, span.stop
            yield from self._audio(first, frames[:, first - context :], span)
            if cut is None:
                return

    def _content(self, tokens: Tokens, encoded: EncodedPhonemes, needed: int) -> Generator[None, None, Audio]:
        """Compute content (hidden, T) of tokens (N,), whose frames before ``needed`` may be anything."""
        voice, condition = self.bundle.vits, self.segment.reference.condition
        oldest = max(min(needed // self._per_token - CONTENT_MARGIN, len(tokens) - FAST_TOKENS), 0)
        if not self._is_fast or len(tokens) - oldest > CONTENT_TOKENS:
            return (yield from content_frames(voice, tokens, encoded, condition, needed))
        newest = yield from content_frames(voice, tokens[oldest:], encoded, condition)
        return np.pad(newest, ((0, 0), (oldest * self._per_token, 0)))

    def _span(self, cut: int | None) -> _Span:
        if cut is None:
            total = frames_at_speed(len(self.tokens) * self._per_token, self._speed)
            return _Span(len(self.tokens), self._start, total, total)
        known = cut + self._overlap
        stop, end = (int(count * self._per_token / self._speed) for count in (cut, known))
        return _Span(known, self._start, stop, end)

    def _noise_of(self, start: int, end: int) -> NDArray[np.float32]:
        """Noise of frames [start, end), drawn once per frame however often it is used."""
        missing = end - self._noise_so_far.shape[1]
        if missing > 0:
            self._noise_so_far = np.concatenate([self._noise_so_far, self._draw_noise(missing)], axis=1)
        return self._noise_so_far[:, start:end]

    def _audio(self, first: int, frames: NDArray[np.float32], span: _Span) -> Generator[Audio | None, None, None]:
        """Run the vocoder, yield what is new and final, and keep the rest to fade out under the next chunk."""
        rate = self.bundle.vits.vocoder.samples_per_frame
        at = (first - span.start) * rate  # of the next sample, from the first new one
        final = (span.stop - span.start) * rate
        tail, kept = self._tail, []
        for part in self.bundle.vits.vocoder.stream(np.ascontiguousarray(frames), self.segment.reference.condition):
            new = part[max(-at, 0) : max(final - at, 0)]
            kept.append(part[max(final - at, 0) :])
            faded = fade_over(new, tail, max(at, 0))
            at += len(part)
            # The owner must see before it takes the last piece whether there is more to do.
            self._within_chunk = at < (span.end - span.start) * rate
            self._tail = np.concatenate(kept)
            yield faded if faded.size else None


def frames_between(content: NDArray[np.float32], start: int, end: int, speed: float) -> NDArray[np.float32]:
    """Return frames [start, end) of content (C, T) after a change of speed.

    At speed 1 they are the content's own. Else frame ``i`` lies at ``(i + 0.5) * speed - 0.5``, whatever the length;
    offline, officially, the step is stretched so that the last frame meets the end, by less than a frame in all.
    """
    if speed == 1:
        return np.ascontiguousarray(content[:, start:end])
    last = content.shape[1] - 1
    position = np.clip((np.arange(start, end) + 0.5) * speed - 0.5, 0, last)
    left = position.astype(np.int64)
    weight = (position - left).astype(np.float32)
    frames: NDArray[np.float32] = content[:, left] * (1 - weight) + content[:, np.minimum(left + 1, last)] * weight
    return frames


def fade_over(audio: Audio, tail: Audio, offset: int) -> Audio:
    """Cross-fade from the tail of the chunk before; ``offset`` is where this audio (N,) begins in the tail.

    A raised cosine; both sides are the same speech in phase, so the weights add up to 1.
    """
    old = tail[offset : offset + len(audio)]
    if not old.size:
        return audio
    rising = 0.5 - 0.5 * np.cos(np.pi * (np.arange(offset, offset + len(old)) + 0.5) / len(tail))
    faded = audio.copy()
    faded[: len(old)] = rising * audio[: len(old)] + (1 - rising) * old
    return faded
