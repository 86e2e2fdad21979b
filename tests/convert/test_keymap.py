"""From official keys to ours: prefixes, weight norm, what is left out and why."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convert import CorruptCheckpointError, UnsupportedCheckpointError
from convert.keymap import fold_weight_norm, map_official

RNG = np.random.default_rng(1)


def normal(*shape: int) -> np.ndarray[Any, Any]:
    return RNG.standard_normal(shape).astype(np.float32)


def test_weight_norm_is_folded_per_output_channel() -> None:
    g, v = normal(3, 1, 1), normal(3, 4, 5)
    wanted = np.stack([g[i, 0, 0] * v[i] / np.linalg.norm(v[i]) for i in range(3)])
    folded = fold_weight_norm(g, v)
    assert folded.dtype == np.float32
    np.testing.assert_allclose(folded, wanted, rtol=1e-6)


def test_positional_convolution_is_folded_per_kernel_position() -> None:
    g, v = normal(1, 1, 6), normal(4, 2, 6)
    mapped = map_official(
        "hubert", {f"hubert.encoder.pos_conv_embed.conv.weight_{k}": a for k, a in (("g", g), ("v", v))}
    )
    wanted = np.stack([g[0, 0, k] * v[:, :, k] / np.linalg.norm(v[:, :, k]) for k in range(6)], axis=2)
    np.testing.assert_allclose(mapped.arrays["encoder.pos_conv_embed.conv.weight"], wanted, rtol=1e-6)


def test_both_spellings_of_weight_norm_give_the_same() -> None:
    g, v = normal(3, 1, 1), normal(3, 4, 5)
    old = map_official("sovits", {"dec.ups.0.weight_g": g, "dec.ups.0.weight_v": v})
    new = map_official("sovits", {f"dec.ups.0.parametrizations.weight.original{i}": a for i, a in enumerate((g, v))})
    assert list(old.arrays) == list(new.arrays) == ["dec.ups.0.weight"]
    np.testing.assert_array_equal(old.arrays["dec.ups.0.weight"], new.arrays["dec.ups.0.weight"])


def test_half_precision_is_folded_in_more() -> None:
    g, v = np.full((1, 1, 1), 2, np.float16), np.full((1, 1, 4000), 60, np.float16)
    folded = fold_weight_norm(g, v)  # the sum of squares is far beyond fp16
    np.testing.assert_allclose(folded, np.full((1, 1, 4000), 2 / np.sqrt(4000)), rtol=1e-6)


def test_training_keeps_weight_norm_and_training_parts() -> None:
    state = {
        "enc_q.pre.weight": normal(2, 2, 1),
        "flow.flows.0.enc.in_layers.0.parametrizations.weight.original0": normal(2, 1, 1),
        "flow.flows.0.enc.in_layers.0.parametrizations.weight.original1": normal(2, 2, 1),
        "quantizer.vq.layers.0._codebook.embed_avg": normal(2, 2),
    }
    layer = "flow.flows.0.enc.in_layers.0"
    trained = map_official("sovits", state, training=True)
    assert set(trained.arrays) == {
        "enc_q.pre.weight",
        f"{layer}.weight_g",
        f"{layer}.weight_v",
        "quantizer.vq.layers.0._codebook.embed_avg",
    }
    used = map_official("sovits", state)
    assert set(used.arrays) == {f"{layer}.weight"}
    assert set(used.ignored) == {"enc_q.pre.weight", "quantizer.vq.layers.0._codebook.embed_avg"}
    assert all("training" in reason for reason in used.ignored.values())


@pytest.mark.parametrize(
    ("kind", "key", "ours"),
    [
        ("t2s", "model.h.layers.0.norm1.weight", "h.layers.0.norm1.weight"),
        ("hubert", "hubert.encoder.layer_norm.bias", "encoder.layer_norm.bias"),
        ("bert", "bert.embeddings.LayerNorm.gamma", "embeddings.LayerNorm.weight"),
        ("bert", "encoder.layer.3.output.LayerNorm.beta", "encoder.layer.3.output.LayerNorm.bias"),
        ("sovits", "enc_p.encoder2.norm_layers_1.0.gamma", "enc_p.encoder2.norm_layers_1.0.gamma"),
        ("eres2netv2", "bn1.running_mean", "bn1.running_mean"),
    ],
)
def test_key_is_renamed(kind: str, key: str, ours: str) -> None:
    assert list(map_official(kind, {key: normal(2)}).arrays) == [ours]


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("t2s", "model.ar_accuracy_metric.tp"),
        ("hubert", "masked_spec_embed"),
        ("bert", "cls.predictions.bias"),
        ("bert", "bert.pooler.dense.weight"),
        ("bert", "bert.embeddings.position_ids"),
        ("eres2netv2", "layer3.0.bn1.num_batches_tracked"),
        ("sovits", "cfm.estimator.rotary_embed.inv_freq"),
        ("bigvgan", "resblocks.0.activations.0.downsample.lowpass.filter"),
    ],
)
def test_key_is_ignored_with_a_reason(kind: str, key: str) -> None:
    mapped = map_official(kind, {key: normal(2)})
    assert not mapped.arrays
    assert len(mapped.ignored[key]) > 10


def test_generator_in_a_v3_file_is_ignored() -> None:
    mapped = map_official("sovits", {"cfm.estimator.proj_out.bias": normal(2), "dec.conv_pre.bias": normal(2)})
    assert list(mapped.arrays) == ["cfm.estimator.proj_out.bias"]
    assert list(mapped.ignored) == ["dec.conv_pre.bias"]


def test_plain_weights_are_passed_through_without_copying() -> None:
    array = normal(4)
    assert map_official("sovits", {"enc_p.proj.bias": array}).arrays["enc_p.proj.bias"] is array


def test_two_keys_for_one_parameter_are_refused() -> None:
    with pytest.raises(CorruptCheckpointError, match=r"encoder\.layer_norm\.bias"):
        map_official("hubert", {"hubert.encoder.layer_norm.bias": normal(2), "encoder.layer_norm.bias": normal(2)})


def test_weight_norm_that_does_not_fit_is_refused() -> None:
    with pytest.raises(CorruptCheckpointError, match="weight norm"):
        fold_weight_norm(normal(2, 1, 1), normal(3, 4, 5))


def test_unknown_kind_is_refused() -> None:
    with pytest.raises(UnsupportedCheckpointError, match="vocoder"):
        map_official("vocoder", {})
