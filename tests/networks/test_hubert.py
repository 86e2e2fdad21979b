"""HuBERT: windows, padding and folded statistics change nothing; the full network agrees with the official one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from GPT_SoVITS import compiled
from GPT_SoVITS.features.errors import FeatureError
from GPT_SoVITS.features.hubert import HubertEncoder
from GPT_SoVITS.features.hubert_config import HubertConfig
from GPT_SoVITS.features.hubert_extractor import Hubert, with_trailing_silence
from GPT_SoVITS.features.hubert_graphs import SMALLEST_LENGTH, split_arrays
from GPT_SoVITS.features.lengths import padded_length, padded_lengths
from GPT_SoVITS.layers.parameters import load_arrays
from GPT_SoVITS.layers.weights import WeightsError
from tests.networks.features_small import FIXTURES, HUBERT, Array, compiled_hubert, hubert_arrays
from tests.parity.weights import load_config

ARRAYS = hubert_arrays()
WAVE = (0.1 * np.random.default_rng(1).standard_normal(1803) + 0.02).astype(np.float32)


@pytest.fixture(scope="module")
def hubert() -> Hubert:
    return compiled_hubert()


def _gelu(x: Array) -> Array:
    error_function = np.vectorize(math.erf)
    return np.asarray(0.5 * x * (1 + error_function(x / np.sqrt(2))))


def _convolution(x: Array, weight: Array, stride: int) -> Array:
    windows = np.lib.stride_tricks.sliding_window_view(x, weight.shape[2], axis=1)[:, ::stride]
    return np.asarray(np.einsum("clk,ock->ol", windows, weight))


def _official_frames(wave: Array) -> Array:
    """The frame encoder as its paper draws it: whole recording, normalised after the first convolution, in double."""
    prefix = "feature_extractor.conv_layers"
    x = wave[None].astype(np.float64)
    for i, stride in enumerate(HUBERT.conv_stride):
        x = _convolution(x, ARRAYS[f"{prefix}.{i}.conv.weight"].astype(np.float64), stride)
        if i == 0:
            x = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5)
            gain, shift = (ARRAYS[f"{prefix}.0.layer_norm.{name}"] for name in ("weight", "bias"))
            x = x * gain[:, None] + shift[:, None]
        x = _gelu(x)
    return x.T


@pytest.mark.parametrize("samples", [30, 640, 1300, 1803])
def test_windowed_frames_are_those_of_the_whole_recording(hubert: Hubert, samples: int) -> None:
    wave = WAVE[:samples]
    frames = hubert.frame_features(wave)
    expected = _official_frames(wave)
    assert frames.shape == expected.shape == (HUBERT.frames(samples), 12)
    np.testing.assert_allclose(frames, expected, atol=1e-5)


def test_a_loud_low_hum_does_not_spoil_the_statistics(hubert: Hubert) -> None:
    wave = WAVE * 0.01 + 0.5 * np.sin(np.arange(WAVE.size) * 0.001).astype(np.float32)
    np.testing.assert_allclose(hubert.frame_features(wave), _official_frames(wave), atol=1e-4)


def test_padding_to_a_longer_graph_changes_nothing(hubert: Hubert) -> None:
    encoder = HubertEncoder(HUBERT)
    load_arrays(encoder, split_arrays(ARRAYS, HUBERT).encoder)
    frames = hubert.frame_features(WAVE)
    mask = np.ones((1, len(frames)), np.float32)
    (exact,) = compiled.compile_cell(encoder)(compiled.to_tensor(frames[None]), compiled.to_tensor(mask))
    state = hubert(WAVE)
    assert padded_length(len(frames), SMALLEST_LENGTH) > len(frames)
    assert np.abs(state).max() > 0.5
    np.testing.assert_allclose(state, exact.asnumpy(), atol=1e-5)


def test_a_batch_of_two_lengths_is_each_alone() -> None:
    encoder = HubertEncoder(HUBERT, states=(0, 1, 2))
    load_arrays(encoder, split_arrays(ARRAYS, HUBERT).encoder)
    run = compiled.compile_cell(encoder)
    frames = np.random.default_rng(2).standard_normal((2, 11, 12)).astype(np.float32)
    mask = (np.arange(11)[None] < np.array([[11], [7]])).astype(np.float32)
    batch = run(compiled.to_tensor(frames), compiled.to_tensor(mask))
    for item, length in enumerate((11, 7)):
        company = [item, item]  # of the same shape as the batch, so that nothing compiles
        alone = run(*map(compiled.to_tensor, (frames[company], mask[company])))
        for together, single in zip(batch, alone, strict=True):
            np.testing.assert_allclose(together.asnumpy()[item, :length], single.asnumpy()[0, :length], atol=1e-5)


def test_a_missing_projection_is_named() -> None:
    arrays = {key: array for key, array in ARRAYS.items() if key != "encoder.layers.1.attention.k_proj.weight"}
    with pytest.raises(WeightsError, match=r"layers\.1\.attention\.k_proj\.weight"):
        Hubert(HUBERT, arrays)


@pytest.mark.parametrize("key", ["feature_extractor.conv_layers.0.layer_norm.bias", "encoder.layer_norm.weight"])
def test_any_other_missing_array_is_named(key: str) -> None:
    arrays = {name: array for name, array in ARRAYS.items() if name != key}
    with pytest.raises(WeightsError):
        Hubert(HUBERT, arrays)


def test_arrays_of_another_network_are_refused() -> None:
    with pytest.raises(WeightsError, match="lm_head"):
        Hubert(HUBERT, {**ARRAYS, "lm_head.weight": np.zeros((3, 16), np.float32)})


@pytest.mark.parametrize("wave", [np.zeros(29, np.float32), np.zeros((2, 900), np.float32), np.zeros(0, np.float32)])
def test_a_wave_without_a_frame_is_refused(hubert: Hubert, wave: Array) -> None:
    with pytest.raises(FeatureError, match="30 samples"):
        hubert(wave)


def test_silence_gives_finite_features(hubert: Hubert) -> None:
    assert np.isfinite(hubert(np.zeros(700, np.float32))).all()


def test_the_official_configuration_is_read() -> None:
    official = load_config(FIXTURES / "hubert_base")
    config = HubertConfig.from_official(official)
    assert (config.hop, config.layers, config.frames(16000), config.steps_before(1)) == (320, 12, 49, 400)
    with pytest.raises(FeatureError, match="do_stable_layer_norm"):
        HubertConfig.from_official({**official, "do_stable_layer_norm": True})
    with pytest.raises(FeatureError, match="hidden_size"):
        HubertConfig.from_official({key: value for key, value in official.items() if key != "hidden_size"})


def test_trailing_silence_is_six_tenths_of_a_second() -> None:
    padded = with_trailing_silence(WAVE)
    assert padded.dtype == np.float32 and padded.size == WAVE.size + 9600
    np.testing.assert_array_equal(padded[: WAVE.size], WAVE)
    assert not padded[WAVE.size :].any()


def test_padded_lengths_waste_a_quarter_at_most() -> None:
    for length in range(1, 2000):
        size = padded_length(length, 64)
        assert size >= length and (size == 64 or size < 1.25 * length + 1)
    assert padded_lengths(300, 64) == [64, 80, 96, 112, 128, 160, 192, 224, 256, 320]
