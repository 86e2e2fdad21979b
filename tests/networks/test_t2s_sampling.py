"""Sampling: what each parameter does, and draws that follow the probabilities; tests/parity has the official ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from GPT_SoVITS.t2s.sampling import SamplingError, SamplingParameters, draw, generator, logits_to_probs, sample

PLAIN = SamplingParameters(top_k=None, top_p=None, repetition_penalty=1.0)
NOTHING = np.zeros(0, np.int64)


def logits(*values: float) -> npt.NDArray[np.float32]:
    return np.array(values, np.float32)


def kept(values: npt.NDArray[np.float32], **parameters: Any) -> list[int]:
    """Ids that may be drawn."""
    chosen = SamplingParameters(**{"top_k": None, "top_p": None, "repetition_penalty": 1.0, **parameters})
    ids: list[int] = np.flatnonzero(logits_to_probs(values, NOTHING, chosen)).tolist()
    return ids


def test_the_penalty_is_written_into_the_logits_once_per_token() -> None:
    values = logits(2.0, -1.0, 3.0, 0.5)
    logits_to_probs(values, np.array([0, 1, 0, 0]), SamplingParameters(repetition_penalty=2.0))
    np.testing.assert_array_equal(values, logits(1.0, -2.0, 3.0, 0.5))


def test_filters_do_not_touch_the_logits() -> None:
    values = logits(2.0, -1.0, 3.0, 0.5)
    logits_to_probs(values, NOTHING, SamplingParameters(top_k=1, top_p=0.1, temperature=0.5))
    np.testing.assert_array_equal(values, logits(2.0, -1.0, 3.0, 0.5))


def test_ties_with_the_last_kept_token_stay() -> None:
    assert kept(logits(1, 3, 2, 2, 0), top_k=2) == [1, 2, 3]


def test_top_p_removes_the_token_that_crosses_the_threshold() -> None:
    halves = np.log(logits(0.5, 0.3, 0.2))
    assert kept(halves, top_p=0.6) == [0]
    assert kept(halves, top_p=0.81) == [0, 1]


def test_top_p_keeps_the_best_token_whatever_it_is() -> None:
    assert kept(logits(0, 5, 1), top_p=0.0) == [1]


def test_top_p_sees_the_logits_before_the_temperature() -> None:
    assert kept(np.log(logits(0.5, 0.3, 0.2)), top_p=0.81, temperature=100.0) == [0, 1]


def test_temperature_zero_is_greedy() -> None:
    assert kept(logits(1.0, 1.1, 0.9), temperature=0.0) == [1]


def test_draws_follow_the_probabilities() -> None:
    probabilities = logits(0.6, 0.3, 0.0, 0.1)
    rng = generator(1)
    counts = np.bincount([draw(probabilities, rng) for _ in range(20_000)], minlength=4) / 20_000
    assert counts[2] == 0
    # Four standard deviations of the most uncertain frequency.
    np.testing.assert_allclose(counts, probabilities, atol=4 * 0.5 / np.sqrt(20_000))


class _Zeros:
    """A generator whose draws are the rare exact zeros."""

    def standard_exponential(self, size: int, dtype: type) -> npt.NDArray[np.float32]:
        return np.zeros(size, dtype)


def test_a_draw_of_zero_does_not_choose_a_removed_token() -> None:
    assert draw(logits(0.0, 0.4, 0.6), _Zeros()) == 2  # type: ignore[arg-type]


def test_the_seed_decides() -> None:
    values = np.random.default_rng(0).standard_normal(1025).astype(np.float32)

    def tokens(seed: int) -> list[int]:
        rng = generator(seed)
        return [sample(values.copy(), NOTHING, PLAIN, rng) for _ in range(20)]

    assert tokens(5) == tokens(5)
    assert tokens(5) != tokens(6)


@pytest.mark.parametrize(
    "parameters",
    [
        *({"top_k": 0}, {"top_p": -0.1}, {"top_p": float("nan")}, {"temperature": -1.0}),
        *({"temperature": float("inf")}, {"repetition_penalty": 0.0}, {"repetition_penalty": float("nan")}),
    ],
)
def test_parameters_out_of_range_are_errors(parameters: dict[str, float]) -> None:
    with pytest.raises(SamplingError, match=next(iter(parameters))):
        SamplingParameters(**parameters)  # type: ignore[arg-type]
