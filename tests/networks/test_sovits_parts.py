"""Building blocks of the synthesizer against their definitions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from GPT_SoVITS import compiled
from GPT_SoVITS.layers.parameters import load_arrays
from GPT_SoVITS.sovits.activation import Tanh
from GPT_SoVITS.sovits.attention import RelativeAttention, key_bias
from GPT_SoVITS.sovits.config import ConfigError, GeneratorConfig, SovitsConfig
from GPT_SoVITS.sovits.flow import Flow
from GPT_SoVITS.sovits.speed import change_speed, frames_at_speed
from GPT_SoVITS.sovits.upsampling import Upsample, phase_weight
from tests.networks.official_streaming import cross_fade
from tests.networks.sovits_small import SMALL, random_arrays

Array = np.ndarray[Any, np.dtype[Any]]


def _random(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def _run(cell: Any, *inputs: Array) -> Array:
    result: Array = compiled.compile_cell(cell)(*(compiled.to_tensor(array) for array in inputs)).asnumpy()
    return result


def _transposed_convolution(x: Array, weight: Array, bias: Array, stride: int, padding: int) -> Array:
    _, outputs, kernel = weight.shape
    full = np.zeros((outputs, (x.shape[1] - 1) * stride + kernel))
    for i in range(x.shape[1]):
        full[:, i * stride : i * stride + kernel] += np.tensordot(x[:, i].astype(float), weight.astype(float), (0, 0))
    cut: Array = full[:, padding : full.shape[1] - padding] + bias[:, None]
    return cut


@pytest.mark.parametrize(("kernel", "stride"), [(16, 10), (20, 10), (16, 8), (8, 2), (2, 2), (11, 5), (3, 3)])
def test_upsampling_is_the_transposed_convolution(kernel: int, stride: int) -> None:
    padding = (kernel - stride) // 2
    weight, bias, x = _random(6, 4, kernel), _random(4, seed=1), _random(1, 6, 9, seed=2)
    cell = Upsample(6, 4, kernel, stride)
    load_arrays(cell, {"weight": phase_weight(weight, stride, padding), "bias": bias})
    expected = _transposed_convolution(x[0], weight, bias, stride, padding)
    np.testing.assert_allclose(_run(cell, x)[0], expected, atol=1e-5)


def _relative_attention(x: Array, w: dict[str, Array], heads: int, window: int, length: int) -> Array:
    """The definition, position by position, over the first ``length`` positions."""
    x = x[:, :length].astype(float)
    q, k, v = (w[f"conv_{n}.weight"][:, :, 0] @ x + w[f"conv_{n}.bias"][:, None] for n in "qkv")
    dim = x.shape[0] // heads
    y = np.zeros_like(x)
    for h in range(heads):
        part = slice(h * dim, (h + 1) * dim)
        for i in range(length):
            scores = np.array([q[part, i] @ k[part, j] for j in range(length)])
            near = [j for j in range(length) if abs(j - i) <= window]
            for j in near:
                scores[j] += q[part, i] @ w["emb_rel_k"][0, j - i + window]
            weights = np.exp((scores - scores.max()) / np.sqrt(dim))
            weights /= weights.sum()
            y[part, i] = v[part] @ weights
            for j in near:
                y[part, i] += weights[j] * w["emb_rel_v"][0, j - i + window]
    result: Array = w["conv_o.weight"][:, :, 0] @ y + w["conv_o.bias"][:, None]
    return result


@pytest.mark.parametrize(("length", "size"), [(12, 12), (7, 12), (3, 3), (1, 6)])
def test_relative_attention_is_its_definition(length: int, size: int) -> None:
    cell = RelativeAttention(8, 2, 4)
    shapes = {name: p.shape for name, p in cell.parameters_and_names()}
    weights = {name: _random(*shape, seed=i) for i, (name, shape) in enumerate(shapes.items())}
    load_arrays(cell, weights)
    x = _random(1, 8, size, seed=9)
    mask = (np.arange(size) < length).astype(np.float32)[None, None]
    bias = key_bias(compiled.to_tensor(mask), 2, size).asnumpy()
    expected = _relative_attention(x[0], weights, 2, 4, length)
    np.testing.assert_allclose(_run(cell, x, bias)[0, :, :length], expected, atol=2e-5)


def test_flow_undoes_the_forward_coupling() -> None:
    """Every reversed layer leaves one half alone; adding back what it predicts from that half restores the input."""
    flow = Flow(SMALL)
    weights = random_arrays(SMALL)
    prefix = "flow."
    load_arrays(flow, {k.removeprefix(prefix): v for k, v in weights.items() if k.startswith(prefix)})
    mask, condition = np.ones((1, 1, 11), np.float32), _random(1, 12, 1)
    x = _random(1, 8, 11, seed=1)
    y = _run(flow, x, mask, condition)
    for i in range(0, flow.count, 2):
        layer = flow.flows[i]
        kept, shifted = y[:, :4], y[:, 4:]
        negative = _run(layer, np.concatenate([kept, np.zeros_like(kept)], 1), mask, condition)[:, 4:]
        y = np.concatenate([kept, shifted - negative], 1)[:, ::-1]
    np.testing.assert_allclose(y, x, atol=1e-5)


def test_tanh_is_exact_where_the_kernel_is_not() -> None:
    x = np.linspace(-12, 12, 4001, dtype=np.float32)
    np.testing.assert_allclose(_run(Tanh(), x), np.tanh(x.astype(float)), atol=3e-6)


def test_speed_has_the_official_extra_frame() -> None:
    assert [frames_at_speed(40, s) for s in (1.0, 1.25, 0.8, 2.0)] == [40, 33, 51, 21]


@pytest.mark.parametrize("speed", [1.25, 0.8, 3.0])
def test_change_of_speed_interpolates_between_frame_centres(speed: float) -> None:
    content = _random(3, 40)
    count = int(40 / speed) + 1
    position = np.clip((np.arange(count) + 0.5) * 40 / count - 0.5, 0, 39)
    expected = [np.interp(position, np.arange(40), row) for row in content]
    np.testing.assert_allclose(change_speed(content, speed), expected, atol=1e-5)


def test_change_of_speed_rounds_positions_as_pytorch_does() -> None:
    """Content that jumps between frames shows each position; numbers by ``F.interpolate`` (torch 2.13, CPU)."""
    content = np.where(np.arange(2000) % 2, -1000, 1000).astype(np.float32)[None]
    at = [4, 600, 1138, 2200]
    expected = [97.16555786132812, 521.728515625, 582.8857421875, -485.83984375]  # rounded twice: 583.008 at 1138
    np.testing.assert_allclose(change_speed(content, 0.9)[0, at], expected, atol=1e-3)


def test_speed_one_changes_nothing() -> None:
    content = _random(3, 7)
    assert change_speed(content, 1.0) is content


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan"), float("inf")])
def test_impossible_speeds_are_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="speed"):
        frames_at_speed(10, speed)


def test_cross_fade_starts_with_the_old_frames_and_leaves_the_rest() -> None:
    new, old = np.ones((2, 6), np.float32), np.full((2, 3), 5, np.float32)
    faded = cross_fade(new, old)
    angle = np.pi * np.arange(3) / 6
    np.testing.assert_allclose(faded[0, :3], np.sin(angle) + 5 * np.cos(angle), atol=1e-6)
    np.testing.assert_array_equal(faded[:, 3:], new[:, 3:])
    with pytest.raises(ValueError, match="overlap of 3"):
        cross_fade(new[:, :2], old)


MODEL: dict[str, Any] = {
    "inter_channels": 192, "hidden_channels": 192, "filter_channels": 768,
    "n_heads": 2, "n_layers": 6, "kernel_size": 3, "gin_channels": 512,
    "resblock": "1", "resblock_kernel_sizes": [3, 7, 11], "resblock_dilation_sizes": [[1, 3, 5]] * 3,
    "upsample_rates": [10, 8, 2, 2, 2], "upsample_kernel_sizes": [16, 16, 8, 2, 2], "upsample_initial_channel": 512,
    "semantic_frame_rate": "25hz", "version": "v2",
}  # fmt: skip
DATA = {"filter_length": 2048, "sampling_rate": 32000}


def test_configuration_follows_the_version() -> None:
    config = SovitsConfig.from_official({"model": MODEL, "data": DATA})
    assert (config.phoneme_count, config.reference_bins, config.is_pro) == (732, 704, False)
    assert (config.frames_per_code, config.generator.samples_per_frame) == (2, 640)
    old = SovitsConfig.from_official({"model": MODEL, "data": DATA}, version="v1")
    assert (old.phoneme_count, old.reference_bins) == (322, 1025)
    assert SovitsConfig.from_official({"model": MODEL, "data": DATA}, version="v2ProPlus").is_pro


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": "v9"}, "v9"),
        ({"resblock": "2"}, "type '2'"),
        ({"semantic_frame_rate": "12hz"}, "12hz"),
        ({"upsample_kernel_sizes": [15, 16, 8, 2, 2]}, "by 10 with kernel 15"),
        ({"upsample_initial_channel": 500}, "500 initial channels"),
    ],
)
def test_configurations_that_cannot_be_built_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        SovitsConfig.from_official({"model": MODEL | change, "data": DATA})


def test_missing_configuration_key_is_named() -> None:
    with pytest.raises(ConfigError, match="n_heads"):
        SovitsConfig.from_official({"model": {k: v for k, v in MODEL.items() if k != "n_heads"}, "data": DATA})


def test_generator_channels_halve_per_stage() -> None:
    config: GeneratorConfig = SMALL.generator
    assert [config.channels(stage) for stage in (0, 1)] == [8, 4]
