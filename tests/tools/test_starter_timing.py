"""The time of the codes and that of the audio: boundaries lie at edges of the grid, near where they are heard."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tools.starter import english
from tools.starter.dataset import RATE, Utterance
from tools.starter.phones import CODE_SECONDS, codes_of
from tools.starter.timing import anchors, centres_in_audio, frame_centres, places_on_grid


def utterance(phones: Sequence[str], ends: Sequence[float]) -> Utterance:
    """A sentence without sound, its leading silence first."""
    classes = np.array([0, *english.classes(phones)])
    return Utterance("a", "en", "", "b", list(phones), np.zeros(0), classes, np.array(ends), np.zeros(0, np.int16))


def drawn(seed: int) -> Utterance:
    """Phonemes of 25 to 150 ms, as the teacher has them."""
    rng = np.random.default_rng(seed)
    durations = 0.025 * rng.integers(1, 7, 21)
    return utterance(["AH0", "T"] * 10, list(np.cumsum(durations) - 0.02))


def test_a_boundary_is_an_edge_of_the_grid_less_than_half_a_code_away() -> None:
    for seed in range(20):
        item = drawn(seed)
        grid, audio = anchors(item)
        np.testing.assert_allclose(grid / CODE_SECONDS, np.round(grid / CODE_SECONDS), atol=1e-9)
        assert (np.diff(grid) > 0).all() and (np.diff(audio) > 0).all()
        assert np.abs(grid - audio)[1:-1].max() <= CODE_SECONDS / 2 + 1e-9
        assert len(grid) == 1 + len(set(codes_of(item.classes, item.ends, item.code_count)[1].tolist()))


def test_where_codes_say_all_the_two_times_are_one() -> None:
    item = utterance(["AH0", "T", "AH0"], [0.08, 0.2, 0.28, 0.4])
    middles = np.round(frame_centres(2 * item.code_count) * RATE)
    np.testing.assert_allclose(centres_in_audio(item), middles, atol=1)
    np.testing.assert_allclose(places_on_grid(item), np.arange(len(middles)), atol=1e-6)


def test_a_phoneme_without_a_code_is_parted_between_its_neighbours() -> None:
    item = utterance(["AH0", "T", "AH0"], [0.0, 0.105, 0.13, 0.24])  # T lies between the middles of two codes
    assert english.classes(["T"])[0] not in codes_of(item.classes, item.ends, item.code_count)[0] // 3
    grid, audio = anchors(item)
    assert np.interp(0.12, grid, audio) == (0.105 + 0.13) / 2


def test_there_and_back_is_the_same_place() -> None:
    item = drawn(3)
    there = centres_in_audio(item) / RATE
    back = np.interp(there, frame_centres(2 * item.code_count), places_on_grid(item))
    inner = slice(4, -8)
    np.testing.assert_allclose(back[inner], np.arange(2 * item.code_count)[inner], atol=0.35)
