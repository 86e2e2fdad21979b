"""What the fake engine says: a tone for each character, another one for whatever else changes how a text sounds."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from GPT_SoVITS.engine.messages import SynthesisRequest, WeightsPair

SAMPLE_RATE = 32000
SECONDS_PER_CHARACTER = 0.08


def voice_of(request: SynthesisRequest, weights: WeightsPair, seed: int) -> int:
    """A number that differs whenever the audio should."""
    said = (request.reference, request.language, request.speed, request.sampling, request.ref_free, weights, seed)
    return zlib.crc32(repr(said).encode())


def tones(text: str, voice: int, speed: float = 1.0) -> NDArray[np.float32]:
    """The fake's audio of a segment, (N,) float32: a tone for each character."""
    count = round(SECONDS_PER_CHARACTER / speed * SAMPLE_RATE)
    at = np.arange(count) / SAMPLE_RATE
    pitches = [110 + (zlib.crc32(char.encode()) + voice) % 880 for char in text]
    waves = [np.sin(2 * np.pi * pitch * at) * 0.3 for pitch in pitches]
    audio: NDArray[np.float32] = np.concatenate(waves).astype(np.float32)
    return audio
