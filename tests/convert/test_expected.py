"""Keys and shapes computed from a configuration are those of the official networks."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from convert import UnsupportedCheckpointError, WeightsMismatchError
from convert.compare import compare_keys
from convert.defaults import default_config
from convert.expected import expected_keys
from convert.keymap import Mapped, map_official
from tests.convert.conftest import PARITY

NETWORKS = {
    "t2s_v1": "t2s",
    "t2s_v2": "t2s",
    "s2_v1": "sovits",
    "s2_v2": "sovits",
    "s2_v2Pro": "sovits",
    "s2_v2ProPlus": "sovits",
    "s2_v3": "sovits",
    "hubert_base": "hubert",
    "bert_large": "bert",
    "eres2netv2": "eres2netv2",
    "bigvgan_v2_24khz_100band_256x": "bigvgan",
    "hifigan_v4_48khz": "hifigan",
    "train_s2_v2": "discriminator",
    "train_s2_v2Pro": "discriminator",
}


def official_shapes(folder: str) -> dict[str, tuple[int, ...]]:
    name = "manifest_d.json" if NETWORKS[folder] == "discriminator" else "manifest.json"
    content = json.loads((PARITY / folder / name).read_text(encoding="utf-8"))
    return {key: tuple(entry["shape"]) for key, entry in content["params"].items()}


def config_of(folder: str) -> dict[str, Any]:
    config: dict[str, Any] = json.loads((PARITY / folder / "config.json").read_text(encoding="utf-8"))
    if folder == "s2_v3":
        config["model"]["dit_depth"] = 4  # the fixture is shallower than the published network
    return config


def views(shapes: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray[Any, Any]]:
    """Arrays of the given shapes that take no memory."""
    return {key: np.broadcast_to(np.float32(0), shape) for key, shape in shapes.items()}


def folded(shapes: dict[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """What folding weight norm makes of the keys."""
    kept = {key: shape for key, shape in shapes.items() if not key.endswith("weight_g")}
    return {key.removesuffix("_v") if key.endswith("weight_v") else key: shape for key, shape in kept.items()}


@pytest.mark.parametrize("folder", NETWORKS)
@pytest.mark.parametrize("training", [False, True])
def test_generator_agrees_with_the_official_network(folder: str, training: bool) -> None:
    kind = NETWORKS[folder]
    mapped = map_official(kind, views(official_shapes(folder)), training, fold=False)
    shapes = {key: array.shape for key, array in mapped.arrays.items()}
    assert expected_keys(kind, config_of(folder), training) == (shapes if training else folded(shapes))


@pytest.mark.parametrize("folder", NETWORKS)
def test_default_configuration_is_the_published_one(folder: str) -> None:
    kind, config = NETWORKS[folder], config_of(folder)
    version = config["model"]["version"] if kind == "sovits" else "v1" if folder == "t2s_v1" else "v2"
    default = dict(default_config(kind, "v2Pro" if folder == "train_s2_v2Pro" else version))
    if kind == "sovits":
        extra = {"version": version} | ({"dit_depth": 4} if version == "v3" else {})
        default["model"] = default["model"] | extra
    assert expected_keys(kind, default, True) == expected_keys(kind, config, True)


def test_report_names_every_key_that_does_not_fit() -> None:
    expected = {"a": (2,), "b": (3, 4), "c": (1,)}
    mapped = Mapped({"a": np.zeros(2), "b": np.zeros((4, 3)), "d": np.zeros(5)}, {"e": "for fun"})
    report = compare_keys(expected, mapped)
    assert report.mapped == ("a",)
    assert report.missing == {"c": (1,)}
    assert report.misshapen == {"b": ((4, 3), (3, 4))}
    assert report.unexpected == {"d": (5,)}
    assert any("for fun" in line for line in report.lines())
    with pytest.raises(WeightsMismatchError, match=r"missing: c \[1\].*misshapen: b is \[4, 3\]"):
        report.check()


@pytest.mark.parametrize(
    "change",
    [{"n_layer": 0}, {"n_layer": 10**9}, {"hidden_dim": "512"}, {"vocab_size": None}, {"embedding_dim": True}],
)
def test_impossible_configuration_is_refused(change: dict[str, Any]) -> None:
    config = config_of("t2s_v2")
    config["model"] |= change
    with pytest.raises(UnsupportedCheckpointError, match="t2s"):
        expected_keys("t2s", config)


def test_missing_size_is_named() -> None:
    config = config_of("t2s_v2")
    del config["model"]["n_layer"]
    with pytest.raises(UnsupportedCheckpointError, match="n_layer"):
        expected_keys("t2s", config)
