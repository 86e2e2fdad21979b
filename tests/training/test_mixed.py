"""Networks in mixed precision: what computes in float16, that it learns, and that it goes on where it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mindspore as ms
import numpy as np
import pytest

from convert.weights import open_weights
from GPT_SoVITS.compiled import compile_cell, to_tensor
from GPT_SoVITS.layers.convolution import Conv1d
from GPT_SoVITS.layers.linear import ChannelLinear, Linear
from GPT_SoVITS.layers.normalisation import LayerNorm
from GPT_SoVITS.layers.parameters import overwrite
from GPT_SoVITS.training.checkpoint import Position
from GPT_SoVITS.training.data.folder import Folder
from GPT_SoVITS.training.gpt.trainer import GptTrainer
from GPT_SoVITS.training.half import compute_in_half
from GPT_SoVITS.training.options import GptOptions
from GPT_SoVITS.training.scaling import FIRST_SCALE
from GPT_SoVITS.training.trainer import StepResult, Trainer
from tests.training.small import gpt_file, training_folder

Array = np.ndarray[Any, np.dtype[Any]]
STEPS = 60
TOLERANCE = 1e-3
"""Largest distance of the two loss curves, relative."""


def half(array: Array) -> Array:
    return array.astype(np.float16).astype(np.float32)


@pytest.mark.parametrize(
    "layer", [Linear(24, 16), ChannelLinear(24, 16), Conv1d(24, 16, 1)], ids=lambda x: type(x).__name__
)
def test_a_product_rounds_what_it_takes_and_what_it_makes(layer: ms.nn.Cell) -> None:
    rng = np.random.default_rng(0)
    for parameter in layer.get_parameters():
        overwrite(parameter, rng.standard_normal(parameter.shape).astype(np.float32))
    weight, bias = (np.array(p.asnumpy()) for p in layer.get_parameters())
    x = rng.standard_normal((2, 24, 5)).astype(np.float32)
    weight = weight.reshape(16, 24)
    exact = np.einsum("oi,bit->bot", half(weight), half(x)) + bias[:, None]
    assert compute_in_half(layer) == 1
    given = x.swapaxes(1, 2) if isinstance(layer, Linear) else x
    found = compile_cell(layer)(to_tensor(given)).asnumpy()
    found = found.swapaxes(1, 2) if isinstance(layer, Linear) else found
    assert found.dtype == np.float32
    error = np.abs(found - exact).max()
    assert 0 < error < 2e-2, "a sum of 24 products in the range of 20, rounded to float16"


def test_norms_and_named_parts_stay_float32() -> None:
    cells = ms.nn.CellList([LayerNorm(8), Linear(8, 8), Linear(8, 8)])
    assert compute_in_half(cells, leave=("1.",)) == 1


class Small:
    """A folder and weights of a small GPT, and trainers on it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        training_folder(root / "voice")
        self.weights = gpt_file(root / "gpt.ckpt")

    def trainer(self, precision: Any, **more: Any) -> GptTrainer:
        options = GptOptions(
            self.root / "voice", "voice", self.root, batch_size=8, dropout_pool=4096, precision=precision, **more
        )
        folder = Folder(self.root / "voice", "v2")
        return GptTrainer(open_weights(self.weights, training=True), folder, options)


def trained(trainer: Trainer, steps: int, first: int = 0) -> list[StepResult]:
    """Take steps; return what they show."""
    length = trainer.epoch_steps(1)
    return [trainer.step(Position(1 + step // length, step % length, step)) for step in range(first, first + steps)]


def curve(results: list[StepResult]) -> Array:
    return np.array([result.losses["total"] for result in results])


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    return Small(tmp_path_factory.mktemp("mixed"))


@pytest.fixture(scope="module")
def compiled_once(small: Small) -> tuple[GptTrainer, dict[str, Array]]:
    """A trainer in mixed precision, whose graphs compile for seconds, and the state that it begins with."""
    trainer = small.trainer("fp16")
    return trainer, kept(trainer)


@pytest.fixture
def mixed(compiled_once: tuple[GptTrainer, dict[str, Array]]) -> GptTrainer:
    """The trainer as at its beginning."""
    trainer, first = compiled_once
    trainer.restore(first)
    return trainer


def kept(trainer: GptTrainer) -> dict[str, Array]:
    """Copy a trainer's state as a checkpoint keeps it."""
    return {name: np.array(np.atleast_1d(array)) for name, array in trainer.state().items()}


def with_scale(trainer: GptTrainer, scale: float) -> GptTrainer:
    """Let a trainer go on with another scale."""
    trainer.restore(kept(trainer) | {"scaler/scale": np.array([scale])})
    return trainer


@pytest.fixture(scope="module")
def results(small: Small) -> dict[str, list[StepResult]]:
    mixed = with_scale(small.trainer("fp16"), 1024.0)
    return {"fp32": trained(small.trainer("fp32"), STEPS), "fp16": trained(mixed, STEPS)}


@pytest.mark.full
def test_losses_of_mixed_precision_fall_as_those_of_float32(results: dict[str, list[StepResult]]) -> None:
    exact, mixed = (curve(results[name]) for name in ("fp32", "fp16"))
    assert np.median(exact[-12:]) < 0.98 * np.median(exact[:12])
    distance = np.abs(mixed / exact - 1)
    assert 0 < distance.max() < TOLERANCE


@pytest.mark.full
def test_steps_tell_their_scale_only_where_losses_are_scaled(results: dict[str, list[StepResult]]) -> None:
    assert {result.loss_scale for result in results["fp32"]} == {None}
    assert {result.loss_scale for result in results["fp16"]} == {1024.0}


def test_an_overflow_is_told_changes_no_weight_and_is_survived(mixed: GptTrainer) -> None:
    trainer = with_scale(mixed, 2.0**30)
    before = trainer.state()
    first = trained(trainer, 5)
    after = trainer.state()
    assert [result.overflowed for result in first] == [False] * 4 + [True]
    assert first[-1].loss_scale == 2.0**29
    for name, array in after.items():
        if not name.startswith(("scaler/", "optimiser/rms")):  # sizes of parameters are noted at the first step
            np.testing.assert_array_equal(array, before[name], err_msg=name)
    (good,) = (result for result in trained(with_scale(trainer, 256.0), 4, first=5) if result.gradient_norm)
    assert not good.overflowed and good.gradient_norm is not None and np.isfinite(good.gradient_norm)
    moved = trainer.state()
    assert any(np.any(moved[name] != before[name]) for name in moved if name.startswith("network/"))


def test_a_training_in_mixed_precision_goes_on_with_equal_losses(mixed: GptTrainer) -> None:
    expected = trained(mixed, 11)
    assert any(result.overflowed for result in expected[:9]), "so that the scale has moved before the state is taken"
    state = kept(mixed)
    expected += trained(mixed, 9, first=11)
    mixed.restore(state)
    found = trained(mixed, 9, first=11)
    assert [(r.losses, r.loss_scale, r.overflowed) for r in found] == [
        (r.losses, r.loss_scale, r.overflowed) for r in expected[11:]
    ]
    assert expected[-1].loss_scale is not None and expected[-1].loss_scale < FIRST_SCALE
