"""The VR networks and everything around them agree with the official tool's own run."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest

from convert import torch_writer
from GPT_SoVITS.layers.weights import WeightsError
from GPT_SoVITS.separation.arrays import VrConfig, fold_batch_norms, read_config
from GPT_SoVITS.separation.errors import SeparationError
from GPT_SoVITS.separation.vr import VrSeparator, open_vr
from tests.separation.generated import TINY, arrays_for, recording

Golden: TypeAlias = dict[str, "np.ndarray[Any, Any]"]
GOLDEN = Path(__file__).parents[1] / "data" / "separation.npz"
FAMILIES = sorted(TINY)


@pytest.fixture(scope="module")
def golden() -> Golden:
    """What the official code gave with the same weights and recording; of waves every 7th sample."""
    with np.load(GOLDEN) as file:
        return dict(file)


def official_arrays(golden: Golden, family: str) -> Golden:
    shapes = [tuple(map(int, str(shape).split())) for shape in golden[f"{family}_shapes"]]
    return arrays_for(dict(zip(map(str, golden[f"{family}_names"]), shapes, strict=True)))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_recording_is_separated_as_officially(family: str, golden: Golden, tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    torch_writer.save(official_arrays(golden, family), path)
    heard: list[float] = []
    parts = open_vr(path, 10)(recording(), heard.append)
    # In both families the official tool writes what the network keeps under the first of these names.
    kept, rest = ("instrument", "vocal") if family == "aspp" else ("vocal", "instrument")
    for wave, name in ((parts.kept, kept), (parts.rest, rest)):
        official = golden[f"{family}_{name}"] / 32768
        assert np.abs(wave.T[::7][: len(official)] - official).max() < 1e-4
    assert heard[-1] == 1.0 and heard == sorted(heard)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_network_is_told_by_its_arrays(family: str, golden: Golden) -> None:
    assert read_config(official_arrays(golden, family)) == VrConfig(family, *TINY[family])  # type: ignore[arg-type]


def test_arrays_of_something_else_are_refused_by_name(golden: Golden) -> None:
    with pytest.raises(WeightsError, match=r"out\.weight"):
        read_config({"enc_p.proj.weight": np.zeros((2, 3, 1), np.float32)})
    arrays = official_arrays(golden, "aspp")
    del arrays["stg2_bridge.conv.1.bias"]
    with pytest.raises(WeightsError, match=r"stg2_bridge\.conv\.1 lacks bias"):
        fold_batch_norms(arrays)


def test_silence_stays_silence() -> None:
    separator = VrSeparator(lambda x: np.full_like(x, 0.5), VrConfig("aspp", 8), 10)
    parts = separator(np.zeros((2, 44100), np.float32))
    assert not parts.kept.any() and not parts.rest.any()


def test_a_mask_of_ones_keeps_what_the_bands_carry() -> None:
    separator = VrSeparator(np.ones_like, VrConfig("aspp", 8), 0)
    wave = recording(3.0)
    parts = separator(wave)
    inner = slice(4410, parts.kept.shape[1] - 4410)
    residue = wave[:, inner] - parts.kept[:, inner]
    assert np.sqrt((residue**2).mean() / (wave[:, inner] ** 2).mean()) < 0.05
    assert np.abs(parts.rest[:, inner]).max() < 1e-3


def test_aggressiveness_suppresses_and_is_bounded() -> None:
    loud = [
        np.square(VrSeparator(lambda x: np.full_like(x, 0.5), VrConfig("aspp", 8), agg)(recording(1.0)).kept).mean()
        for agg in (0, 20)
    ]
    assert loud[1] < loud[0]
    with pytest.raises(SeparationError, match="agg is 21"):
        VrSeparator(np.ones_like, VrConfig("aspp", 8), 21)
