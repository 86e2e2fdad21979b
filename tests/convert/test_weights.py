"""Opening weights for a network: complete, of the right shapes, with configuration and version."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convert import (
    CorruptCheckpointError,
    UnsupportedCheckpointError,
    WeightsMismatchError,
    mindspore_ckpt,
    open_weights,
)
from convert.expected import expected_keys
from convert.keymap import map_official
from convert.writer import verify, write
from tests.convert.conftest import CHECKPOINTS, T2S_MODEL, random_state, sovits_content
from tests.convert.test_formats import write_safetensors
from tests.convert.torchfile import save, save_legacy

Content = dict[str, Any]


def test_gpt_weights(t2s_content: Content, tmp_path: Path) -> None:
    weights = open_weights(save(t2s_content, tmp_path / "voice-e1.ckpt"))
    assert (weights.kind, weights.version, weights.symbols) == ("t2s", "v2", "v2")
    assert weights.config["model"]["hidden_dim"] == T2S_MODEL["hidden_dim"]
    assert {k: a.shape for k, a in weights.arrays.items()} == expected_keys("t2s", weights.config)
    name = "h.layers.0.linear1.weight"
    np.testing.assert_array_equal(weights.arrays[name], t2s_content["weight"][f"model.{name}"])


@pytest.mark.parametrize(
    ("version", "head"), [("v1", b"PK"), ("v2", b"PK"), ("v2Pro", b"05"), ("v2ProPlus", b"06"), ("v2Pro", b"PK")]
)
def test_sovits_weights(version: str, head: bytes, tmp_path: Path) -> None:
    content = sovits_content(version)
    weights = open_weights(save(content, tmp_path / "voice.pth", head=head))
    assert (weights.kind, weights.version) == ("sovits", version)
    assert weights.config["model"]["version"] == version
    assert {k: a.shape for k, a in weights.arrays.items()} == expected_keys("sovits", weights.config)
    wanted = map_official("sovits", content["weight"]).arrays
    for key, array in weights.arrays.items():
        np.testing.assert_array_equal(array, wanted[key])


def test_legacy_file(t2s_content: Content, tmp_path: Path) -> None:
    old = open_weights(save_legacy(t2s_content, tmp_path / "old.ckpt"))
    new = open_weights(save(t2s_content, tmp_path / "new.ckpt"))
    assert old.arrays.keys() == new.arrays.keys()
    assert all(np.array_equal(old.arrays[key], new.arrays[key]) for key in old.arrays)


def test_lightning_checkpoint(t2s_content: Content, tmp_path: Path) -> None:
    state = t2s_content["weight"] | {"model.ar_accuracy_metric.tp": np.zeros(1, np.int64)}
    content = {"epoch": 3, "state_dict": state, "hyper_parameters": {"config": t2s_content["config"]}}
    weights = open_weights(save(content, tmp_path / "epoch=3.ckpt"))
    assert weights.report.ignored == {"model.ar_accuracy_metric.tp": "state of the accuracy metric of training"}


def test_training_checkpoint_keeps_everything_for_training(tmp_path: Path) -> None:
    exported = sovits_content("v2")
    config = {"model": exported["config"].fields["model"].fields}
    state = random_state("sovits", config, dtype=np.float32)
    path = save({"model": state, "iteration": 1, "optimizer": {}, "learning_rate": 1e-4}, tmp_path / "G_1.pth")
    weights = open_weights(path, training=True, config=config)
    assert weights.arrays.keys() == state.keys()
    assert "enc_q.proj.bias" in weights.arrays and "dec.ups.0.weight_g" in weights.arrays
    with pytest.raises(WeightsMismatchError):  # without its configuration the published sizes are assumed
        open_weights(path)


def test_missing_and_misshapen_keys_are_all_named(t2s_content: Content, tmp_path: Path) -> None:
    weight = t2s_content["weight"]
    del weight["model.h.layers.1.norm2.bias"]
    weight["model.bert_proj.bias"] = np.zeros(3, np.float16)
    path = save(t2s_content, tmp_path / "x.ckpt")
    with pytest.raises(WeightsMismatchError) as caught:
        open_weights(path)
    assert caught.value.missing == {"h.layers.1.norm2.bias": (8,)}
    assert caught.value.misshapen == {"bert_proj.bias": ((3,), (8,))}
    assert not open_weights(path, strict=False).arrays.keys() >= {"h.layers.1.norm2.bias"}


def test_unexpected_key_is_left_out_and_reported(t2s_content: Content, tmp_path: Path) -> None:
    t2s_content["weight"]["model.extra.weight"] = np.zeros(3, np.float16)
    weights = open_weights(save(t2s_content, tmp_path / "x.ckpt"))
    assert "extra.weight" not in weights.arrays
    assert weights.report.unexpected == {"extra.weight": (3,)}
    assert any("extra.weight" in line for line in weights.report.lines())


def test_hugging_face_folder(tmp_path: Path) -> None:
    config = {
        "vocab_size": 11,
        "hidden_size": 4,
        "intermediate_size": 8,
        "num_attention_heads": 2,
        "num_hidden_layers": 2,
        "max_position_embeddings": 6,
        "type_vocab_size": 2,
    }
    state = random_state("bert", config, "bert.", np.float32)
    write_safetensors(tmp_path / "model.safetensors", state | {"cls.predictions.bias": np.zeros(11, np.float32)})
    (tmp_path / "config.json").write_text(json.dumps(config))
    for path in (tmp_path, tmp_path / "model.safetensors"):  # the folder, or the file in it
        weights = open_weights(path)
        assert (weights.kind, weights.version) == ("bert", "")
        assert set(weights.report.ignored) == {"cls.predictions.bias"}
        assert len(weights.arrays) == len(state)


@pytest.mark.parametrize("dtype", ["fp32", "fp16"])
def test_converted_file_opens_like_its_source(dtype: str, tmp_path: Path) -> None:
    source = open_weights(save(sovits_content("v2Pro"), tmp_path / "voice.pth", head=b"05"))
    target = tmp_path / "SoVITS_weights" / "voice-ms.ckpt"
    write(source, target, dtype)
    verify(source, target, dtype)
    found = open_weights(target)
    assert (found.kind, found.version, found.symbols, found.config) == ("sovits", "v2Pro", "v2", source.config)
    assert (found.how, found.report.ignored) == (source.how, source.report.ignored)
    for key, array in source.arrays.items():
        np.testing.assert_array_equal(found.arrays[key], array.astype({"fp32": np.float32, "fp16": np.float16}[dtype]))


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"format": 1, "version": "v2", "config": []}'])
def test_damaged_metadata_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "x-ms.ckpt"
    with path.open("wb") as file:
        mindspore_ckpt.write(file, {mindspore_ckpt.METADATA_TAG: text}, {"a": np.zeros(1, np.float32)})
    with pytest.raises(CorruptCheckpointError, match="metadata"):
        open_weights(path)


def test_configuration_with_odd_values_survives_conversion(t2s_content: Content, tmp_path: Path) -> None:
    t2s_content["config"]["train"] = {"betas": (0.9, 0.95), 3: "x", "scale": np.zeros(2, np.float32)}
    source = open_weights(save(t2s_content, tmp_path / "x.ckpt"))
    assert source.config["train"] == {"betas": [0.9, 0.95], "3": "x", "scale": None}
    write(source, tmp_path / "x-ms.ckpt")
    assert open_weights(tmp_path / "x-ms.ckpt").config == source.config


def test_file_of_no_network_is_refused() -> None:
    with pytest.raises(UnsupportedCheckpointError, match=r"pytorch_model\.bin.*no network"):
        open_weights(CHECKPOINTS / "pytorch_model.bin")
