"""Chunks of a text: cut and joined as the official program does, whatever the lengths."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from GPT_SoVITS.cfm.chunks import SEARCHED, cross_faded, join, plan_chunks

Array = np.ndarray[Any, np.dtype[Any]]


def _official(frames: int, length: int, overlap: int) -> tuple[list[int], int]:
    """Starts of the chunks and the padding of the last, as the official loop finds them."""
    total, position, padding = frames + overlap, 0, 0
    starts: list[int] = []
    while True:
        if position:
            position -= overlap
        size = max(min(position + length, total) - position, 0)
        if not size:
            return starts, padding
        starts.append(position)
        padding = length - size
        position += length


@given(st.integers(1, 3000), st.integers(40, 700), st.integers(1, 39))
def test_chunks_are_those_of_the_official_loop(frames: int, length: int, overlap: int) -> None:
    chunks = plan_chunks(frames, length, overlap)
    assert (list(chunks.starts), chunks.padding) == _official(frames, length, overlap)


@given(st.integers(1, 300), st.integers(20, 90))
def test_chunks_hold_every_frame_with_silence_around(frames: int, length: int) -> None:
    chunks = plan_chunks(frames, length, 12)
    rows = np.arange(1, frames + 1, dtype=np.float32)[:, None]
    cut = chunks.of(rows)
    assert cut.shape == (len(chunks.starts), length, 1)
    assert not cut[0, :12].any() and not cut[-1, length - chunks.padding :].any()
    assert set(cut.ravel()) == {0.0, *rows.ravel()}
    np.testing.assert_array_equal(cut[1:, :12], cut[:-1, -12:])


@pytest.mark.parametrize("frames", [5, 60, 88, 89, 100, 350])
def test_audio_that_agrees_where_chunks_overlap_is_joined_without_a_trace(frames: int) -> None:
    rate, chunks = 64, plan_chunks(frames, 100, 12)
    whole = np.random.default_rng(0).standard_normal(chunks.total * rate).astype(np.float32)
    spoken = chunks.spoken(rate)
    parts = [whole[start * rate : (start + chunks.length) * rate] for start in chunks.starts]
    parts[-1] = parts[-1][: spoken * rate]
    joined = join(np.concatenate(parts), chunks, rate)
    assert len(joined) == frames * rate
    np.testing.assert_allclose(joined, whole[12 * rate : (12 + frames) * rate], atol=1e-6)


@pytest.mark.parametrize("late", [0, 7, SEARCHED])
def test_a_late_chunk_is_moved_to_where_it_fits(late: int) -> None:
    rng = np.random.default_rng(1)
    whole = rng.standard_normal(4000).astype(np.float32)
    noise = rng.standard_normal(late).astype(np.float32)
    first, second = whole[:2500], np.concatenate([noise, whole[2000:]])
    np.testing.assert_allclose(cross_faded([first, second], 500), whole, atol=1e-6)


def test_nothing_to_cut_and_chunks_of_overlap_alone_are_refused() -> None:
    for frames, length in ((0, 100), (10, 12)):
        with pytest.raises(ValueError, match="share 12"):
            plan_chunks(frames, length, 12)
