"""Content and latent frames of any length from graphs of a few lengths, window by window.

Windows of the latent's flow overlap by its whole reach, so they give exactly what one run over everything gives. The
content encoder attends to all tokens; up to :data:`CONTENT_TOKENS` (20 s, longer than the clips it was trained on) it
sees them all, and of longer segments as many at a time.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from GPT_SoVITS.sovits.config import SovitsConfig
from GPT_SoVITS.sovits.synthesizer import Buckets, ContentEncoder, EncodedPhonemes, Synthesizer

Array = NDArray[np.float32]
Tokens = NDArray[np.int64]

CONTENT_TOKENS = 512
CONTENT_MARGIN = 64
"""Tokens (2.6 s) at the cut edges of a content window that only serve as context."""
LATENT_FRAMES = 512
LONGEST_TEXT = 512
"""Phonemes that a segment may have; content is computed over so many, masked, to spare a graph per length."""
BUCKETS = Buckets(
    codes=(32, 64, 128, 256, CONTENT_TOKENS),
    phonemes=(64, 128, 256, LONGEST_TEXT),
    frames=(64, 128, 256, LATENT_FRAMES),
    reference=(256, 512),
    features=(256, 544),
)
"""Lengths that graphs are compiled for while warming up; nothing else is asked for afterwards."""

NOISE_SCALE = 0.5
"""Standard deviation of the latent noise relative to the prior's, as in official inference."""


@dataclass(frozen=True)
class Window:
    """Items [start, stop) are computed, [first, last) of them kept."""

    start: int
    stop: int
    first: int
    last: int


def windows(length: int, size: int, margin: int) -> list[Window]:
    """Cover ``length`` items by windows of at most ``size``, ``margin`` items of context at every cut edge."""
    if length <= size:
        return [Window(0, length, 0, length)]
    found = [Window(0, size, 0, size - margin)]
    while found[-1].last < length:
        start = min(found[-1].last - margin, length - size)
        stop = start + size
        found.append(Window(start, stop, found[-1].last, length if stop == length else stop - margin))
    return found


def flow_reach(config: SovitsConfig) -> int:
    """Frames on each side that a latent frame depends on."""
    return config.flow_count * config.flow_layers * (config.flow_kernel_size // 2)


def encode_phonemes(voice: ContentEncoder, phonemes: NDArray[Any]) -> EncodedPhonemes:
    """Encode the phonemes (L,) of a segment; for graphs padded to the one length that content is computed over."""
    encoded = voice.phonemes(phonemes)
    if not voice.encoders.needs_compiling:
        return encoded
    missing = voice.buckets.phonemes[-1] - encoded.mask.shape[2]
    if missing <= 0:
        return encoded
    ends = ((0, 0), (0, 0), (0, missing))
    return EncodedPhonemes(np.pad(encoded.encoding, ends), np.pad(encoded.mask, ends))


def content_frames(
    voice: ContentEncoder, tokens: Tokens, encoded: EncodedPhonemes, condition: Array, start: int = 0
) -> Generator[None, None, Array]:
    """Compute the content (hidden, T) of tokens (N,), yielding after each window.

    Args:
        voice: The synthesizer.
        tokens: Semantic tokens.
        encoded: From :func:`encode_phonemes`.
        condition: (gin,).
        start: First frame that is needed; windows before it are left out and those frames are zeros.
    """
    size = min(CONTENT_TOKENS, voice.buckets.codes[-1])
    rate = voice.config.frames_per_code
    content = np.zeros((voice.config.hidden_channels, len(tokens) * rate), np.float32)
    for window in windows(len(tokens), size, min(CONTENT_MARGIN, size // 4)):
        if window.last * rate <= start:
            continue
        part = voice.content(tokens[window.start : window.stop], encoded, condition)
        kept = part[:, (window.first - window.start) * rate : (window.last - window.start) * rate]
        content[:, window.first * rate : window.last * rate] = kept
        yield
    return content


def latent_frames(voice: Synthesizer, content: Array, condition: Array, noise: Array) -> Generator[None, None, Array]:
    """Compute latent frames (inter, T) of content (hidden, T) and noise (inter, T), yielding after each window."""
    reach, size = flow_reach(voice.config), min(LATENT_FRAMES, voice.buckets.frames[-1])
    parts = []
    for window in windows(content.shape[1], size, reach):
        within = slice(window.start, window.stop)
        frames = voice.latent(content[:, within], condition, noise[:, within], NOISE_SCALE).frames
        parts.append(frames[:, window.first - window.start : window.last - window.start])
        yield
    return np.ascontiguousarray(np.concatenate(parts, axis=1))
