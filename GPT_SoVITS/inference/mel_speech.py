"""From the tokens of a segment to its audio with v3 and v4."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from GPT_SoVITS.cfm.sampler import Sampling
from GPT_SoVITS.cfm.synthesizer import MelSynthesizer
from GPT_SoVITS.inference.bundle import Bundle
from GPT_SoVITS.inference.frames import content_frames, encode_phonemes
from GPT_SoVITS.inference.planning import SegmentPlan
from GPT_SoVITS.inference.speech import Audio, SegmentRenderer, limited, silently


class MelSegment(SegmentRenderer):
    """Speaks a segment when all its tokens are there, as the official program does one segment; one piece of audio.

    Everything else has its turns between the parts of a sampler's step.
    """

    def __init__(self, bundle: Bundle, segment: SegmentPlan, voice: MelSynthesizer, attempt: int = 1) -> None:
        super().__init__(bundle, segment, attempt)
        self._voice = voice

    def _ready(self) -> bool:
        return self.ended

    def _speak(self) -> Generator[Audio | None, None, None]:
        voice, timbre, prompt = self._voice, self.segment.reference.condition, self.segment.reference.mel
        if not len(self.tokens) or prompt is None:
            return
        encoded = encode_phonemes(voice, self.segment.phonemes)
        content = yield from silently(content_frames(voice, self.tokens, encoded, timbre))
        condition = voice.mel_condition(content, timbre, len(self.tokens), self.segment.speed)
        yield None
        noise = self._noise.standard_normal((voice.noise_frames(condition, prompt), voice.cfm.mel), np.float32)
        sampling = Sampling(self.segment.request.sample_steps)
        audio = limited((yield from silently(voice.audio_parts(condition, prompt, noise, sampling))))
        if self.segment.request.super_sampling and self.bundle.extension is not None:
            raising = self.bundle.extension().parts(audio, self.bundle.sample_rate)
            audio = limited((yield from silently(raising)))
        yield audio
