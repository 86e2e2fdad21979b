"""Optimisers and rates equal the official ones at every step, and go on exactly where they stood."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mindspore as ms
import numpy as np

from GPT_SoVITS.compiled import to_tensor
from GPT_SoVITS.layers.parameters import overwrite
from GPT_SoVITS.training.optim.adamw import AdamW, Group
from GPT_SoVITS.training.optim.scaled_adam import ScaledAdam
from tests.parity.runner import run_folder

PARITY = Path(__file__).parents[1] / "data" / "parity"
SHAPES = {"weight": (3, 2), "bias": (3,), "scale": (1,)}


def test_parameters_after_every_step_and_all_rates_are_the_official_ones() -> None:
    result = run_folder(PARITY / "train_optim", quick=True)
    assert result is not None and result.ok, result and (result.errors, result.failures)
    assert all(name.startswith("official:") for name in result.unchecked)


def _parameters() -> list[tuple[str, ms.Parameter]]:
    rng = np.random.default_rng(0)
    return [(n, ms.Parameter(ms.Tensor(rng.standard_normal(s).astype(np.float32)), name=n)) for n, s in SHAPES.items()]


def _gradients(step: int) -> list[Any]:
    rng = np.random.default_rng(step + 1)
    return [to_tensor(rng.standard_normal(shape).astype(np.float32)) for shape in SHAPES.values()]


def _values(named: list[tuple[str, ms.Parameter]]) -> list[Any]:
    return [np.array(parameter.asnumpy()) for _, parameter in named]


def test_scaled_adam_goes_on_exactly_also_between_two_steps() -> None:
    named = _parameters()
    optimiser = ScaledAdam(named)
    for step in range(6):
        optimiser.accumulate(_gradients(step))
        if step % 2:
            optimiser.step(0.01)
    optimiser.accumulate(_gradients(6))
    state, values = optimiser.state(), _values(named)
    optimiser.accumulate(_gradients(7))
    optimiser.step(0.01)
    expected = _values(named)
    for (_, parameter), value in zip(named, values, strict=True):
        overwrite(parameter, value)
    optimiser.restore(state)
    optimiser.accumulate(_gradients(7))
    optimiser.step(0.01)
    assert all(np.array_equal(a, b) for a, b in zip(_values(named), expected, strict=True))


def test_adamw_goes_on_exactly() -> None:
    named = _parameters()
    optimiser = AdamW([Group(named[:1]), Group(named[1:], 0.4)])
    for step in range(3):
        optimiser.step(1e-3, _gradients(step))
    state, values = optimiser.state(), _values(named)
    optimiser.step(1e-3, _gradients(3))
    expected = _values(named)
    for (_, parameter), value in zip(named, values, strict=True):
        overwrite(parameter, value)
    optimiser.restore(state)
    optimiser.step(1e-3, _gradients(3))
    assert all(np.array_equal(a, b) for a, b in zip(_values(named), expected, strict=True))
