"""Weights that the earlier MindSpore port wrote, and weights of wrapped networks, are read like the official ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convert import CorruptCheckpointError, identify, mindspore_ckpt, open_weights
from convert.cli import main
from tests.convert.conftest import sovits_content
from tests.convert.torchfile import Namespace, save

Arrays = dict[str, np.ndarray[Any, Any]]


def plain(value: Any) -> Any:
    """A configuration as the port's converter made JSON of it."""
    if isinstance(value, Namespace):
        return {name: plain(field) for name, field in value.fields.items()}
    return value


def converted(key: str) -> str:
    """The names its converter gave."""
    return key.replace(".gamma", ".layer_norm.weight").replace(".beta", ".layer_norm.bias")


def trained(key: str) -> str:
    """The names its own networks had."""
    for official, ours in (
        ("linear1", "dense1"),
        ("linear2", "dense2"),
        ("word_embeddings.weight", "word_embeddings.embedding_table"),
    ):
        key = key.replace(f".{official}", f".{ours}")
    if ".norm1." in key or ".norm2." in key:
        key = key.replace(".weight", ".gamma").replace(".bias", ".beta")
    return key


def wrapped(key: str) -> str:
    """Layers and norms inside cells of their own."""
    for norm in (".norm1.", ".norm2."):
        key = key.replace(norm, f"{norm}layer_norm.")
    return trained(key) if "norm" not in key else key


def write_port(path: Path, content: dict[str, Any], name: Callable[[str], str], **texts: str) -> Path:
    """A checkpoint of the port."""
    config = {"config": json.dumps(plain(content["config"])), "info": "a voice", **texts}
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        mindspore_ckpt.write(file, config, {name(key): array for key, array in content["weight"].items()})
    return path


def same(found: Path, source: Path) -> None:
    ours, official = open_weights(found), open_weights(source)
    assert (ours.kind, ours.version, ours.symbols) == (official.kind, official.version, official.symbols)
    assert ours.config == official.config and ours.arrays.keys() == official.arrays.keys()
    for key, array in official.arrays.items():
        np.testing.assert_array_equal(ours.arrays[key], array)
    assert identify(found).problem == ""


@pytest.mark.parametrize("name", [converted, trained, wrapped])
@pytest.mark.parametrize("prefix", ["model.", ""])
def test_gpt_weights_of_the_port(
    name: Callable[[str], str], prefix: str, t2s_content: dict[str, Any], tmp_path: Path
) -> None:
    source = save(t2s_content, tmp_path / "voice.ckpt")
    weights = {prefix + key.removeprefix("model."): array for key, array in t2s_content["weight"].items()}
    same(write_port(tmp_path / "voice-ms.ckpt", t2s_content | {"weight": weights}, name), source)


@pytest.mark.parametrize("name", [converted, str])
def test_sovits_weights_of_the_port(name: Callable[[str], str], tmp_path: Path) -> None:
    content = sovits_content("v2")
    source = save(content, tmp_path / "voice.pth")
    same(write_port(tmp_path / "voice-ms.ckpt", content, name), source)


def test_convolutions_with_mindspores_second_axis_are_read(tmp_path: Path) -> None:
    content = sovits_content("v2")
    source = save(content, tmp_path / "voice.pth")
    weight = {
        key: array[:, :, None] if array.ndim == 3 and "emb_rel" not in key and "embed" not in key else array
        for key, array in content["weight"].items()
    }
    same(write_port(tmp_path / "voice-ms.ckpt", content | {"weight": weight}, converted), source)


def test_weights_of_the_port_are_converted_by_the_command(t2s_content: dict[str, Any], tmp_path: Path) -> None:
    path = write_port(tmp_path / "old" / "voice-ms.ckpt", t2s_content, trained)
    assert main(["--g_path", str(path), "--out-dir", str(tmp_path), "--verify"]) == 0
    target = tmp_path / "GPT_weights" / "voice-ms.ckpt"
    assert open_weights(target).arrays.keys() == open_weights(path).arrays.keys()


def test_configuration_that_is_no_json_is_named(t2s_content: dict[str, Any], tmp_path: Path) -> None:
    path = write_port(tmp_path / "voice-ms.ckpt", t2s_content, trained, config="{")
    with pytest.raises(CorruptCheckpointError, match="the configuration in it is not valid JSON"):
        open_weights(path)


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod.", "model._orig_mod."])
def test_weights_of_a_wrapped_network_are_read(prefix: str, t2s_content: dict[str, Any], tmp_path: Path) -> None:
    source = save(t2s_content, tmp_path / "plain.ckpt")
    weight = {prefix + key.removeprefix("model."): array for key, array in t2s_content["weight"].items()}
    same(save(t2s_content | {"weight": weight}, tmp_path / "wrapped.ckpt"), source)
    content = sovits_content("v2Pro")
    plain_voice = save(content, tmp_path / "plain.pth")
    weight = {prefix.removeprefix("model.") + key: array for key, array in content["weight"].items()}
    same(save(content | {"weight": weight}, tmp_path / "wrapped.pth"), plain_voice)


def test_one_wrapped_part_is_enough(tmp_path: Path) -> None:
    content = sovits_content("v2")
    source = save(content, tmp_path / "plain.pth")
    weight = {key.replace("dec.", "dec._orig_mod.", 1): array for key, array in content["weight"].items()}
    same(save(content | {"weight": weight}, tmp_path / "wrapped.pth"), source)


def test_two_names_of_one_weight_are_refused(t2s_content: dict[str, Any], tmp_path: Path) -> None:
    weight = t2s_content["weight"]
    weight["module.model.bert_proj.bias"] = weight["model.bert_proj.bias"]
    with pytest.raises(CorruptCheckpointError, match=r"another key both mean 'model\.bert_proj\.bias'"):
        open_weights(save(t2s_content, tmp_path / "twice.ckpt"))
