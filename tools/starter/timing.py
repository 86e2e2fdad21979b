"""From the grid of the codes to the time of the audio, and back.

A code says which phoneme sounds in the middle of its 40 ms, so a boundary of phonemes is known to the codes within
20 ms. A network that should tell spectra in the time of the audio cannot know where within these it lies, and blurs
what happens there: most of all the consonants. So it is taught in the time of the codes, in which every boundary lies
at an edge of the grid, and the audio is looked at where that is.
"""

from __future__ import annotations

import numpy as np

from tools.starter.dataset import RATE, SAMPLES_PER_CODE, Array, Utterance
from tools.starter.phones import CODE_SECONDS

_FRAME = SAMPLES_PER_CODE // 2
"""Samples of a latent frame."""
_SHORTEST = 1e-3
"""Seconds between neighbouring anchors at least, so that time always goes on."""


def anchors(item: Utterance) -> tuple[Array, Array]:
    """Return times of the codes' grid, and when it is in the audio then, both rising, in seconds.

    A phoneme that is too short for a code of its own is parted between its neighbours.
    """
    count = item.code_count
    _, segments = item.codes_until(count)
    changes = np.flatnonzero(np.diff(segments))
    end = count * CODE_SECONDS
    grid = np.concatenate([[0.0], (changes + 1) * CODE_SECONDS, [end]])
    inner = (item.ends[segments[changes]] + item.ends[segments[changes + 1] - 1]) / 2
    audio = np.concatenate([[0.0], inner, [max(end, inner.max(initial=0.0) + _SHORTEST)]])
    return grid, audio


def frame_centres(count: int) -> Array:
    """Return the middle of latent frames, in seconds."""
    return (np.arange(count) + 0.5) * _FRAME / RATE


def centres_in_audio(item: Utterance) -> Array:
    """Return where in the audio the middle of every latent frame of the codes lies, in samples, (T,) int64."""
    grid, audio = anchors(item)
    count = 2 * item.code_count
    samples: Array = np.round(np.interp(frame_centres(count), grid, audio) * RATE).astype(np.int64)
    return samples


def places_on_grid(item: Utterance) -> Array:
    """Return where on the codes' grid every 20 ms of the audio lie, in latent frames, (T,) float; 0 is a middle."""
    grid, audio = anchors(item)
    count = 2 * item.code_count
    return np.clip(np.interp(frame_centres(count), audio, grid) * RATE / _FRAME - 0.5, 0, count - 1)
