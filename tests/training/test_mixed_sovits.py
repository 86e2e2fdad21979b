"""The trainings of S2 in mixed precision: their losses follow those of float32, and they go on where they were."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convert.official import find
from convert.reader import load
from convert.weights import open_weights
from GPT_SoVITS.training.cfm.trainer import MelTrainer
from GPT_SoVITS.training.checkpoint import Position
from GPT_SoVITS.training.data.folder import Folder
from GPT_SoVITS.training.options import MelOptions, SovitsOptions
from GPT_SoVITS.training.sovits.trainer import SovitsTrainer
from GPT_SoVITS.training.trainer import StepResult
from tests.training.small import discriminator_file, mel_file, sovits_file, training_folder

Made = SovitsTrainer | MelTrainer
STEPS, KEPT = 12, 8
COMPARED = {"sovits": 4, "mel": STEPS}
"""Steps whose losses are compared: two trainings of a GAN drift apart, however little they differ at first."""
TOLERANCE = {"sovits": 0.005, "mel": 0.01}
"""Largest distance of the two curves of the summed loss, relative."""
NORM_TOLERANCE = 0.01
"""Largest distance of the first step's norms of the gradient, relative."""
SCALE = {"sovits": 256.0, "mel": 1024.0}
"""So that no step is left out, which would set one curve behind the other."""


def sovits(root: Path, precision: Any) -> SovitsTrainer:
    weights = open_weights(sovits_file(root / "sovits.pth", rate=1e-4), training=True)  # the official rate
    judging = {key: tensor.array() for key, tensor in find(load(discriminator_file(root / "d.pth"))).weights.items()}
    options = SovitsOptions(root / "voice", "voice", root, 2, bucket=32, dropout_pool=4096, precision=precision)
    return SovitsTrainer(weights, judging, Folder(root / "voice", "v2"), options)


def mel(root: Path, precision: Any) -> MelTrainer:
    weights = open_weights(mel_file(root / "mel.pth"), training=True)
    options = MelOptions(root / "voice", "voice", root, 2, lora_rank=16, dropout_pool=4096, precision=precision)
    return MelTrainer(weights, Folder(root / "voice", "v2"), options)


def trained(trainer: Made, first: int, last: int) -> list[StepResult]:
    return [trainer.step(Position(1, step, step)) for step in range(first, last)]


@pytest.mark.full
@pytest.mark.parametrize("make", [sovits, mel], ids=lambda make: make.__name__)
def test_losses_in_mixed_precision_follow_those_of_float32_and_go_on_from_a_state(
    tmp_path: Path, make: Callable[[Path, Any], Made]
) -> None:
    training_folder(tmp_path / "voice", clips=1)
    exact = trained(make(tmp_path, "fp32"), 0, STEPS)
    trainer = make(tmp_path, "fp16")
    begun = {name: np.atleast_1d(array) for name, array in trainer.state().items()}
    trainer.restore(begun | {"scaler/scale": np.array([SCALE[make.__name__]])})
    mixed = trained(trainer, 0, KEPT)
    state = {name: np.atleast_1d(array) for name, array in trainer.state().items()}
    rest = trained(trainer, KEPT, STEPS)
    trainer.restore(state)
    assert [result.losses for result in trained(trainer, KEPT, STEPS)] == [result.losses for result in rest]
    mixed += rest
    assert not any(result.overflowed for result in mixed)
    assert mixed[0].gradient_norm == pytest.approx(exact[0].gradient_norm, rel=NORM_TOLERANCE)
    curves = [np.array([result.losses["total"] for result in results]) for results in (exact, mixed)]
    distance = np.abs(curves[1] / curves[0] - 1)[: COMPARED[make.__name__]]
    print(f"{make.__name__}: from {curves[0][0]:.1f} to {curves[0][-1]:.1f}, largest distance {distance.max():.1e}")
    assert 0 < distance.max() < TOLERANCE[make.__name__]
    before = trainer.state()
    trainer.restore(before | {"scaler/scale": np.array([2.0**40])})
    (left_out,) = trained(trainer, STEPS, STEPS + 1)
    assert left_out.overflowed and left_out.loss_scale == 2.0**39
    for name, array in trainer.state().items():
        if not name.startswith("scaler/"):
            np.testing.assert_array_equal(array, before[name], err_msg=name)
