"""Configurations are bounded and typed, and weights are numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convert import ConfigurationError, NotFiniteError, identify, open_weights
from convert.cli import main
from convert.defaults import default_config
from convert.keymap import KINDS
from convert.ranges import as_json, check_config
from convert.version import VERSIONS
from convert.writer import write
from tests.convert.conftest import sovits_content
from tests.convert.torchfile import save

NAN, INF = float("nan"), float("inf")

T2S: list[tuple[str, Any]] = [
    ("data.max_sec", NAN),
    ("data.max_sec", INF),
    ("data.max_sec", 0),
    ("data.max_sec", -54),
    ("data.max_sec", "54"),
    ("data.max_sec", 1e9),
    ("model.n_layer", 10**6),
    ("model.n_layer", 0),
    ("model.n_layer", 24.0),
    ("model.head", 0),
    ("model.hidden_dim", -8),
    ("model.hidden_dim", True),
    ("model.hidden_dim", "8"),
    ("model.vocab_size", 1 << 70),
    ("model.dropout", NAN),
    ("model.EOS", None),
    ("model.EOS", [16]),
    ("model.phoneme_vocab_size", {"a": 1}),
    ("model.bert_dim", 0),
    ("model.mute_token", -1),
    ("model.languages", ["xx"]),
    ("model.languages", "en"),
    ("model.languages", []),
]
SOVITS: list[tuple[str, Any]] = [
    ("data.sampling_rate", 10**9),
    ("data.sampling_rate", 0),
    ("data.sampling_rate", -32000),
    ("data.sampling_rate", "32000"),
    ("data.sampling_rate", 32000.5),
    ("data.sampling_rate", INF),
    ("data.hop_length", 0),
    ("data.filter_length", 1 << 40),
    ("model.n_layers", 10**9),
    ("model.n_heads", 0),
    ("model.n_heads", 3),
    ("model.upsample_rates", [0, 2]),
    ("model.upsample_rates", [4, 2, 2]),
    ("model.upsample_rates", "42"),
    ("model.upsample_rates", [10**9, 2]),
    ("model.upsample_kernel_sizes", []),
    ("model.resblock_dilation_sizes", [[1, 3], 3]),
    ("model.resblock_dilation_sizes", [[1, 3]]),
    ("model.semantic_frame_rate", "0hz"),
    ("model.semantic_frame_rate", 25),
    ("model.ssl_dim", 0),
    ("model.codebook_size", 1 << 40),
    ("model.style_hidden", 1 << 20),
    ("model.mrte_hidden", 16.0),
    ("model.mrte_heads", 0),
    ("model.flow_count", 1000),
    ("model.flow_layers", 0),
    ("model.content_encoder", "../../elsewhere"),
    ("model.content_encoder", None),
    ("model.gin_channels", -1),
    ("model.p_dropout", NAN),
    ("train.segment_size", 1 << 60),
]


def changed(config: dict[str, Any], field: str, value: Any) -> None:
    section, name = field.split(".")
    config.setdefault(section, {})[name] = value


@pytest.mark.parametrize(("field", "value"), T2S)
def test_gpt_configuration_out_of_its_range_is_refused_by_name(
    field: str, value: Any, t2s_content: dict[str, Any], tmp_path: Path
) -> None:
    changed(t2s_content["config"], field, value)
    path = save(t2s_content, tmp_path / "voice.ckpt")
    with pytest.raises(ConfigurationError, match=rf"{field.split('.')[1]} is .*; expected "):
        open_weights(path)
    with pytest.raises(ConfigurationError):
        identify(path)


@pytest.mark.parametrize(("field", "value"), SOVITS)
def test_sovits_configuration_out_of_its_range_is_refused_by_name(field: str, value: Any, tmp_path: Path) -> None:
    content = sovits_content("v2")
    config = {name: dict(part.fields) for name, part in content["config"].fields.items()}
    changed(config, field, value)
    message = r"|".join((field.split(".")[1], "upsample_rates|resblock_kernel_sizes|hidden_channels"))
    with pytest.raises(ConfigurationError, match=rf"({message}) (is|has) .*; expected "):
        open_weights(save(content | {"config": config}, tmp_path / "voice.pth"))


def test_the_message_names_field_value_and_range(t2s_content: dict[str, Any], tmp_path: Path) -> None:
    changed(t2s_content["config"], "model.n_layer", 10**6)
    with pytest.raises(
        ConfigurationError, match=r"field model\.n_layer is 1000000; expected a whole number from 1 to 200"
    ):
        open_weights(save(t2s_content, tmp_path / "voice.ckpt"))


def test_width_that_the_heads_cannot_share_is_refused(t2s_content: dict[str, Any], tmp_path: Path) -> None:
    changed(t2s_content["config"], "model.head", 3)
    with pytest.raises(ConfigurationError, match=r"hidden_dim is 8; expected a multiple of model\.head, 3"):
        open_weights(save(t2s_content, tmp_path / "voice.ckpt"))


def test_a_section_that_is_no_table_is_refused(t2s_content: dict[str, Any], tmp_path: Path) -> None:
    t2s_content["config"]["data"] = "everything"
    with pytest.raises(ConfigurationError, match=r"field data is 'everything'; expected a table"):
        open_weights(save(t2s_content, tmp_path / "voice.ckpt"))


def test_not_a_number_is_refused_in_fields_that_nothing_reads(t2s_content: dict[str, Any], tmp_path: Path) -> None:
    t2s_content["config"]["train"] = {"rates": [0.1, NAN]}
    with pytest.raises(ConfigurationError, match=r"field train\.rates is nan; expected a finite number"):
        open_weights(save(t2s_content, tmp_path / "voice.ckpt"))


def test_configurations_without_end_are_refused() -> None:
    deep: Any = {}
    for _ in range(900):
        deep = {"a": deep}
    with pytest.raises(ConfigurationError, match="nested"):
        as_json(deep)
    with pytest.raises(ConfigurationError, match="values"):
        as_json({"a": list(range(100_000))})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("version", VERSIONS)
def test_published_configurations_are_within_their_ranges(kind: str, version: str) -> None:
    check_config(kind, as_json(default_config(kind, version)))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_weights_that_are_no_numbers_are_refused_by_name(
    bad: float, dtype: type, t2s_content: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = "model.h.layers.1.norm2.weight"
    array = t2s_content["weight"][key].astype(dtype)
    array[3] = bad
    t2s_content["weight"][key] = array
    path = save(t2s_content, tmp_path / "voice.ckpt")
    with pytest.raises(
        NotFiniteError, match=r"voice\.ckpt: h\.layers\.1\.norm2\.weight: holds values that are not finite"
    ):
        open_weights(path)
    assert main(["--g_path", str(path), "--out-dir", str(tmp_path)]) == 1
    assert "h.layers.1.norm2.weight" in capsys.readouterr().err
    assert not (tmp_path / "GPT_weights").exists()


def test_folded_weights_that_become_no_numbers_are_refused(tmp_path: Path) -> None:
    content = sovits_content("v2")
    content["weight"]["dec.ups.0.weight_v"] = np.zeros_like(content["weight"]["dec.ups.0.weight_v"])
    with pytest.raises(NotFiniteError, match=r"dec\.ups\.0\.weight"):
        open_weights(save(content, tmp_path / "voice.pth"))


def test_a_converted_file_with_such_values_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = sovits_content("v2")
    content["weight"]["enc_p.proj.bias"][0] = np.nan
    with monkeypatch.context() as patched:
        patched.setattr("convert.weights.check_values", lambda arrays: None)
        write(open_weights(save(content, tmp_path / "voice.pth")), tmp_path / "voice-ms.ckpt")
    with pytest.raises(NotFiniteError, match=r"enc_p\.proj\.bias"):
        open_weights(tmp_path / "voice-ms.ckpt")


def test_values_that_only_training_needs_may_be_anything(tmp_path: Path) -> None:
    content = sovits_content("v2")
    content["weight"]["quantizer.vq.layers.0._codebook.cluster_size"][0] = np.nan
    assert open_weights(save(content, tmp_path / "voice.pth")).kind == "sovits"


def test_identity_tells_why_a_file_would_not_load(t2s_content: dict[str, Any], tmp_path: Path) -> None:
    assert identify(save(t2s_content, tmp_path / "whole.ckpt")).problem == ""
    del t2s_content["weight"]["model.h.layers.0.linear1.bias"]
    found = identify(save(t2s_content, tmp_path / "part.ckpt"))
    assert found.kind == "t2s" and found.problem == "missing: h.layers.0.linear1.bias [32]"
