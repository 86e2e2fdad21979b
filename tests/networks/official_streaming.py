"""The official streaming of a synthesizer, which cross-fades content; ``inference/streaming.py`` fades audio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from GPT_SoVITS.sovits.speed import change_speed, frames_at_speed
from GPT_SoVITS.sovits.synthesizer import EncodedPhonemes, Synthesizer

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class StreamedChunk:
    """Audio (samples,) of a streaming chunk, and the content (hidden, T) whose end fades into the next chunk."""

    audio: Array
    content: Array


def decode_streaming(
    synthesizer: Synthesizer,
    codes: Array,
    text: EncodedPhonemes,
    condition: Array,
    *,
    result_length: int | None = None,
    overlap: Array | None = None,
) -> StreamedChunk:
    """Speak the newest of the semantic tokens there are so far, without noise.

    Agrees with the official ``SynthesizerTrn.decode_streaming``: everything so far is encoded, the end of it becomes
    audio, and its first frames fade in from the end of the previous chunk's content.

    Args:
        synthesizer: What speaks.
        codes: All semantic tokens (N,) so far.
        text: The segment's phonemes, encoded.
        condition: (gin,).
        result_length: Semantic tokens at the end that become audio; None for all.
        overlap: (hidden, K) last frames of the previous chunk's content.
    """
    content = synthesizer.content(codes, text, condition)
    if result_length is not None:
        content = content[:, -result_length * synthesizer.config.frames_per_code :]
    if overlap is not None:
        content = cross_fade(content, overlap)
    latent = synthesizer.latent(change_speed(content, 1.0), condition, None, 0.0)
    return StreamedChunk(synthesizer.vocoder(latent.frames, condition), content)


def noise_shape(synthesizer: Synthesizer, codes: int, speed: float = 1.0) -> tuple[int, int]:
    """Return the shape of the noise of that many semantic tokens' latent frames."""
    config = synthesizer.config
    return config.inter_channels, frames_at_speed(codes * config.frames_per_code, speed)


def cross_fade(content: Array, previous: Array) -> Array:
    """Fade from the end of the previous chunk's content into this one's; (C, T) and (C, overlap) -> (C, T).

    The official streaming weights are a rising sine for the new frames and, starting at 1, a falling one for the old.

    Raises:
        ValueError: the overlap is longer than the content.
    """
    overlap = previous.shape[1]
    if overlap > content.shape[1]:
        raise ValueError(f"overlap of {overlap} frames with content of only {content.shape[1]}")
    angle = np.arange(2 * overlap, dtype=np.float32) * np.float32(np.pi) / np.float32(2 * overlap)
    window = np.sin(angle).astype(content.dtype)
    blended = content.copy()
    blended[:, :overlap] = window[:overlap] * content[:, :overlap] + window[overlap:] * previous
    return blended
