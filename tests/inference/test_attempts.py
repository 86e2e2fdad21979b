"""What is wrong with tokens, and the random numbers of attempts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from GPT_SoVITS.inference.attempts import (
    Purpose,
    doubt,
    generator_for,
    judge,
    judge_so_far,
    loop_period,
    token_limit,
    tokens_per_phoneme,
)
from GPT_SoVITS.t2s.decoding import Ending, Generation


@dataclass(frozen=True)
class Segment:
    expected_tokens: int = 100


SEGMENT = Segment()


def varied(count: int, seed: int = 0) -> NDArray[np.int64]:
    return np.random.default_rng(seed).integers(0, 1024, count)


def ended(tokens: NDArray[Any], ending: Ending = Ending.END_TOKEN) -> Generation:
    return Generation(np.asarray(tokens, np.int64), 0, ending)


@pytest.mark.parametrize("count", [41, 100, 340])
def test_speech_of_a_plausible_length_is_usable(count: int) -> None:
    assert judge(ended(varied(count)), SEGMENT) is None


@pytest.mark.parametrize(
    ("generation", "reason"),
    [
        (ended(varied(30)), "only 30 tokens, about 100 were expected"),
        (ended(varied(400)), "400 tokens, only about 100 were expected"),
        (ended(varied(550), Ending.EARLY_STOP), "no end after 550 tokens"),
        (ended(varied(150), Ending.MAX_STEPS), "no end after 150 tokens"),
        (ended(np.r_[varied(20), np.tile(varied(12, 1), 4)]), "repeats itself every 0.48 s"),
        (ended(np.r_[varied(50), np.full(80, 486)]), "repeats itself every 0.04 s"),
    ],
)
def test_each_failure_is_told_in_words(generation: Generation, reason: str) -> None:
    assert reason in str(judge(generation, SEGMENT))


def test_pauses_and_refrains_are_no_loops() -> None:
    assert loop_period(np.r_[varied(30), np.full(60, 486), varied(30, 1)]) is None  # 2.4 s of silence
    assert loop_period(np.r_[varied(20), np.tile(varied(25, 1), 2), varied(20, 2)]) is None  # said twice
    assert loop_period(np.tile(varied(4), 7)) is None  # 28 tokens, 1.1 s


@pytest.mark.parametrize("period", [1, 3, 4, 17, 64])
def test_a_loop_is_found_wherever_it_is_and_whatever_its_period(period: int) -> None:
    loop = np.tile(varied(period, 3), max(4, 100 // period))
    assert loop_period(np.r_[varied(33, 1), loop, varied(20, 2)]) == period


def test_a_loop_under_way_is_noticed_without_looking_far_back() -> None:
    assert judge_so_far(varied(700)) is None
    assert judge_so_far(np.r_[np.tile(varied(10), 10), varied(300, 1)]) is None, "it got out of it"
    assert judge_so_far(np.r_[varied(300), np.tile(varied(10), 10)]) is not None


def test_no_tokens_are_no_loop() -> None:
    assert loop_period(np.zeros(0, np.int64)) is None
    assert judge_so_far(varied(1)) is None


def test_the_least_doubtful_attempt_is_the_one_of_the_most_plausible_length() -> None:
    lengths = {count: doubt(ended(varied(count), Ending.EARLY_STOP), SEGMENT) for count in (20, 130, 550)}
    assert min(lengths, key=lambda count: lengths[count]) == 130
    assert doubt(ended(np.tile(varied(13), 10)), SEGMENT) > lengths[130], "a loop of that length is worse"


def test_the_limit_leaves_room_for_everything_that_is_usable() -> None:
    for expected in (1, 30, 100, 1000):
        assert token_limit(expected) > 3 * expected + 50


def test_a_prompt_tells_how_fast_its_voice_speaks_within_reason() -> None:
    assert tokens_per_phoneme(0, 0) == pytest.approx(2.3)
    assert tokens_per_phoneme(115, 50) == pytest.approx(2.0)  # 15 of them are the silence after it
    assert tokens_per_phoneme(265, 2) == pytest.approx(6.0)
    assert tokens_per_phoneme(20, 80) == pytest.approx(1.3)


def test_random_numbers_depend_on_seed_segment_attempt_and_purpose_alone() -> None:
    places = [(1, 0, 1), (2, 0, 1), (1, 1, 1), (1, 0, 2)]
    draws = {(*p, purpose): generator_for(*p, purpose).random() for p in places for purpose in Purpose}
    assert len(set(draws.values())) == len(draws)
    assert draws[1, 0, 1, Purpose.TOKENS] == generator_for(1, 0, 1, Purpose.TOKENS).random()


def test_noise_may_be_drawn_in_parts() -> None:
    whole = generator_for(3, 1, 1, Purpose.NOISE).standard_normal((40, 7), np.float32)
    rng = generator_for(3, 1, 1, Purpose.NOISE)
    parts = np.concatenate([rng.standard_normal((n, 7), np.float32) for n in (1, 13, 26)])
    np.testing.assert_array_equal(parts, whole)
