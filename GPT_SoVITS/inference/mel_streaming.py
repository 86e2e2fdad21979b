"""Speaking a segment with v3 and v4 while its tokens are still coming, chunk by chunk of the sampler.

The sampler's chunks (about five seconds after the reference's end) are those of the offline result, with the same
noise, and each is sampled once. A chunk is sampled as soon as the tokens for its frames are known and
``overlap_length`` more. Its condition comes from the tokens known then, where offline all tokens are; that is the whole
difference: the last chunk, and a segment of one chunk, have the offline condition. At another speed than 1 a
condition's frames may lie up to a frame elsewhere. Samples beyond 1 are cut off, because the peak that the offline
result is divided by is not known.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
from numpy.typing import NDArray

from GPT_SoVITS.cfm.chunks import plan_chunks
from GPT_SoVITS.cfm.joining import GrowingAudio
from GPT_SoVITS.cfm.sampler import Sampling
from GPT_SoVITS.cfm.synthesizer import MelPrompt, MelSynthesizer
from GPT_SoVITS.inference.bundle import Bundle
from GPT_SoVITS.inference.frames import content_frames, encode_phonemes
from GPT_SoVITS.inference.planning import SegmentPlan
from GPT_SoVITS.inference.speech import Audio, SegmentRenderer, Tokens, silently
from GPT_SoVITS.sovits.speed import frames_at_speed
from GPT_SoVITS.sovits.synthesizer import EncodedPhonemes

Array = NDArray[np.float32]


class StreamedMelSegment(SegmentRenderer):
    """Speaks a segment chunk by chunk, as its tokens come."""

    def __init__(
        self, bundle: Bundle, segment: SegmentPlan, voice: MelSynthesizer, prompt: MelPrompt, attempt: int = 1
    ) -> None:
        super().__init__(bundle, segment, attempt)
        self._voice, self._prompt = voice, prompt
        self._length = voice.cfm.frames.chunk - len(prompt.mel)
        self._chunk = 0
        self._within_chunk = False
        self._noise_so_far = np.zeros((0, voice.cfm.mel), np.float32)

    def _ready(self) -> bool:
        return self._within_chunk or self.ended or self._frames() > self._end(self._chunk)

    def _frames(self) -> int:
        """Frames of condition that the tokens give for certain."""
        known = max(len(self.tokens) - self.segment.request.overlap_length, 0)
        frames = frames_at_speed(known * self._voice.config.frames_per_code, self.segment.speed)
        return int(frames * self._voice.cfm.frames.per_content_frame)

    def _end(self, chunk: int) -> int:
        """Frame of the text after a chunk's last one; a chunk that does not reach the text's end is not the last."""
        return (chunk + 1) * (self._length - self._voice.cfm.frames.overlap)

    def _speak(self) -> Generator[Audio | None, None, None]:
        if not len(self.tokens):
            return
        encoded = encode_phonemes(self._voice, self.segment.phonemes)
        overlap = self._voice.cfm.frames.overlap
        audio = GrowingAudio(self._voice.vocoder, self._length, overlap)
        while True:
            self._within_chunk = True
            tokens, ended = self.tokens, self.ended  # more may come while parts of the work are done
            condition = yield from silently(self._condition(tokens, encoded))
            mel = yield from silently(self._mel(condition))
            if ended and len(condition) <= self._end(self._chunk):
                break
            new = yield from silently(audio.add(mel))
            self._chunk += 1
            self._within_chunk = False
            yield np.clip(new, -1.0, 1.0)
        chunks = plan_chunks(len(condition), self._length, overlap)
        spoken = chunks.spoken(self._voice.vocoder.samples_per_frame)
        beyond = spoken - (chunks.length - chunks.padding)
        new = yield from silently(audio.end(mel, spoken, beyond))
        yield np.clip(new, -1.0, 1.0)

    def _condition(self, tokens: Tokens, encoded: EncodedPhonemes) -> Generator[None, None, Array]:
        """The condition (T, text) of tokens."""
        voice, timbre = self._voice, self.segment.reference.condition
        content = yield from content_frames(voice, tokens, encoded, timbre)
        return voice.mel_condition(content, timbre, len(tokens), self.segment.speed)

    def _mel(self, condition: Array) -> Generator[None, None, Array]:
        """Sample the chunk that is due: normalised mel (length, bins)."""
        overlap = self._voice.cfm.frames.overlap
        start = self._chunk * (self._length - overlap)
        padded = np.zeros((self._length, condition.shape[1]), np.float32)
        silence = overlap if start == 0 else 0
        own = condition[max(start - overlap, 0) : start - overlap + self._length]
        padded[silence : silence + len(own)] = own
        sampling = Sampling(self.segment.request.sample_steps)
        noise = self._noise_of(start, start + self._length)
        flow = self._voice.flow(padded, self._prompt, noise, sampling)
        while not flow.finished:
            yield from flow.step_parts()
        return np.asarray(flow.mel[0, len(self._prompt.mel) :], np.float32)

    def _noise_of(self, start: int, end: int) -> Array:
        """Noise of frames [start, end), the offline result's: drawn in order, once for every frame."""
        missing = end - len(self._noise_so_far)
        if missing > 0:
            drawn = self._noise.standard_normal((missing, self._noise_so_far.shape[1]), np.float32)
            self._noise_so_far = np.concatenate([self._noise_so_far, drawn])
        return self._noise_so_far[start:end]
