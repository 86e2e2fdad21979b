"""How a text's frames are cut into chunks that are sampled at once, and how their audio is joined again.

A chunk is the reference's end, then as many frames as fill the length that the network is used to; the last one is
filled with zeros. Neighbouring chunks share a few frames, and the audio of those is cross-faded where both fit best
(``using_vocoder_synthesis_batched_infer`` and ``sola_algorithm`` of the official program).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
SEARCHED = 320
"""Samples by which a chunk may be moved against the one before."""
FLOOR = 1e-8


@dataclass(frozen=True)
class Chunks:
    """Chunks of a text.

    Attributes:
        starts: First frame of each, counted from ``overlap`` frames of silence before the text.
        length: Frames of each.
        overlap: Frames that neighbours share.
        padding: Frames of the last chunk that are beyond the text.
    """

    starts: tuple[int, ...]
    length: int
    overlap: int
    padding: int

    def of(self, frames: Array) -> Array:
        """Cut a text's frames (T, C) -> (chunks, length, C), zero before and beyond the text."""
        padded = np.zeros((self.starts[-1] + self.length, frames.shape[1]), np.float32)
        padded[self.overlap : self.overlap + len(frames)] = frames
        return np.stack([padded[start : start + self.length] for start in self.starts])

    def cut(self, frames: Array) -> Array:
        """Cut frames that begin with the silence before the text, (at least all, C) -> (chunks, length, C)."""
        return np.stack([frames[start : start + self.length] for start in self.starts])

    @property
    def total(self) -> int:
        """Frames from the silence before the text to the end of the last chunk."""
        return self.starts[-1] + self.length

    def spoken(self, rate: int) -> int:
        """Frames of the last chunk whose audio is needed, with ``rate`` samples a frame."""
        return min(self.length, max(self.length - self.padding, self.overlap + ceil(SEARCHED / rate)))


def plan_chunks(frames: int, length: int, overlap: int) -> Chunks:
    """Cut so many frames into chunks.

    Raises:
        ValueError: there are no frames, or a chunk is not longer than the overlap.
    """
    if frames < 1 or length <= overlap:
        raise ValueError(f"{frames} frames in chunks of {length} that share {overlap}")
    end = frames + overlap
    starts = [0]
    while starts[-1] + length - overlap < end:
        starts.append(starts[-1] + length - overlap)
    return Chunks(tuple(starts), length, overlap, max(starts[-1] + length - end, 0))


def join(audio: Array, chunks: Chunks, rate: int) -> Array:
    """Join the audio of chunks to that of the text.

    Args:
        audio: Of one chunk after the other, of the last one as many frames as :meth:`Chunks.spoken` says.
        chunks: How they were cut.
        rate: Samples per frame.
    """
    size, overlap = chunks.length * rate, chunks.overlap * rate
    parts = [audio[at : at + size] for at in range(0, len(chunks.starts) * size, size)]
    beyond = (chunks.spoken(rate) - (chunks.length - chunks.padding)) * rate
    joined = cross_faded(parts, overlap)
    return joined[overlap : len(joined) - beyond]


def cross_faded(parts: Sequence[Array], overlap: int) -> Array:
    """Join parts whose neighbours share about ``overlap`` samples, each moved to where it correlates best."""
    window = 0.5 - 0.5 * np.cos(np.pi * np.arange(2 * overlap) / overlap)
    rising, falling = (half.astype(np.float32) for half in (window[:overlap], window[overlap:]))
    done, last = [], parts[0]
    for part in parts[1:]:
        tail = last[-overlap:]
        moved = part[_best_place(part[: overlap + SEARCHED], tail) :].copy()
        moved[:overlap] = rising * moved[:overlap] + falling * tail
        done.append(last[:-overlap])
        last = moved
    return np.concatenate([*done, last])


def _best_place(searched: Array, tail: Array) -> int:
    """Offset at which ``searched`` correlates best with ``tail``, relative to its own energy there."""
    similarity = np.correlate(searched, tail, mode="valid")
    energy = np.cumsum(np.concatenate([[0.0], searched.astype(np.float64) ** 2]))
    within = energy[len(tail) :] - energy[: len(energy) - len(tail)]
    return int((similarity / np.sqrt(within + FLOOR)).argmax())
