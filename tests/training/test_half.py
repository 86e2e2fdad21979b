"""Mixed precision: what computes in float16, how the loss is scaled, and that a training with it learns and resumes."""

from __future__ import annotations

import numpy as np
import pytest

from GPT_SoVITS.training.scaling import FIRST_SCALE, GROWTH_PERIOD, LOWEST_SCALE, LossScaler
from GPT_SoVITS.training.trainer import NotFiniteError


def after(scaler: LossScaler, norm: float) -> bool:
    """Take a step with gradients of a norm; return whether it was left out."""
    scaler.accepts(norm)
    return scaler.update()


def test_a_scale_is_halved_where_gradients_overflow_and_doubled_after_many_good_steps() -> None:
    scaler = LossScaler("fp16")
    assert scaler.scale == FIRST_SCALE == 65536
    assert after(scaler, float("inf")) and after(scaler, float("nan")) and scaler.scale == FIRST_SCALE / 4
    assert not any(after(scaler, 1.0) for _ in range(GROWTH_PERIOD - 1)) and scaler.scale == FIRST_SCALE / 4
    assert not after(scaler, 1.0) and scaler.scale == FIRST_SCALE / 2 and scaler.skipped == 2


def test_an_overflow_begins_the_count_of_good_steps_anew() -> None:
    scaler = LossScaler("fp16")
    for _ in range(GROWTH_PERIOD - 1):
        after(scaler, 1.0)
    after(scaler, float("inf"))
    for _ in range(GROWTH_PERIOD - 1):
        after(scaler, 1.0)
    assert scaler.scale == FIRST_SCALE / 2


def test_one_overflow_of_two_optimisers_halves_once_and_leaves_out_that_one_alone() -> None:
    scaler = LossScaler("fp16")
    assert not scaler.accepts(float("inf")) and scaler.accepts(1.0)
    assert scaler.update() and scaler.scale == FIRST_SCALE / 2 and not after(scaler, 1.0)


def test_gradients_that_overflow_at_every_scale_end_the_training() -> None:
    scaler = LossScaler("fp16")
    with pytest.raises(NotFiniteError, match="whatever the loss is multiplied by"):
        for _ in range(100):
            after(scaler, float("nan"))
    assert scaler.scale < LOWEST_SCALE


def test_in_float32_nothing_is_scaled_and_a_gradient_that_is_no_number_ends_the_training() -> None:
    scaler = LossScaler("fp32")
    assert scaler.scale == 1 and scaler.told() is None and scaler.state("x/") == {}
    assert scaler.accepts(1e30) and not scaler.update()
    with pytest.raises(NotFiniteError, match="norm of the gradients is nan"):
        scaler.accepts(float("nan"))
    with pytest.raises(NotFiniteError, match="loss total is inf"):
        scaler.checked({"total": float("inf")})


def test_a_scale_goes_on_from_its_state() -> None:
    scaler, other = LossScaler("fp16"), LossScaler("fp16")
    after(scaler, float("inf"))
    for _ in range(GROWTH_PERIOD - 1):
        after(scaler, 1.0)
    state = {name: np.atleast_1d(array) for name, array in scaler.state("x/").items()}
    other.restore(state, "x/")
    after(scaler, 1.0), after(other, 1.0)
    assert other.scale == scaler.scale == FIRST_SCALE and other.skipped == 1
