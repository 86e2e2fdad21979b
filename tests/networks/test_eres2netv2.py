"""Speaker verifier: padding and folded batch norms change nothing; the full network agrees with the official one."""

from __future__ import annotations

import numpy as np
import pytest

from GPT_SoVITS import compiled
from GPT_SoVITS.features.errors import FeatureError
from GPT_SoVITS.features.fbank import fbank, mel_banks
from GPT_SoVITS.features.speaker import SpeakerVerifier, fold_batch_norms, load_speaker_arrays, padded_input
from GPT_SoVITS.features.speaker_network import SpeakerConfig, SpeakerEmbedding, SpeakerProjection
from GPT_SoVITS.layers.weights import WeightsError
from tests.networks.features_small import FIXTURES, SPEAKER, Array, speaker_arrays
from tests.parity.weights import load_config, load_io

ARRAYS = speaker_arrays()
FEATURES = np.random.default_rng(1).standard_normal((37, SPEAKER.mel_bins)).astype(np.float32)


def _run(network: SpeakerEmbedding | SpeakerProjection, length: int) -> Array:
    load_speaker_arrays(network, ARRAYS)
    inputs = map(compiled.to_tensor, padded_input(FEATURES, length))
    result: Array = compiled.compile_cell(network)(*inputs).asnumpy()
    return result


@pytest.mark.parametrize("length", [38, 40, 64])
@pytest.mark.parametrize("kind", [SpeakerEmbedding, SpeakerProjection])
def test_padding_changes_nothing(kind: type[SpeakerEmbedding] | type[SpeakerProjection], length: int) -> None:
    exact = _run(kind(SPEAKER), len(FEATURES))
    assert np.abs(exact).max() > 0.1
    np.testing.assert_allclose(_run(kind(SPEAKER), length), exact, atol=1e-5)


def test_the_embedding_has_the_size_of_the_last_map() -> None:
    assert _run(SpeakerEmbedding(SPEAKER), len(FEATURES)).shape == (1, SPEAKER.embedding_dim)
    assert SpeakerConfig().embedding_dim == 20480


def test_a_folded_batch_norm_is_the_batch_norm() -> None:
    folded = fold_batch_norms(ARRAYS)
    x = np.random.default_rng(2).standard_normal(2 * SPEAKER.stage_channels(3))
    norm = {part: ARRAYS[f"fuse34.local_att.1.{part}"] for part in ("weight", "bias", "running_mean", "running_var")}
    y = ARRAYS["fuse34.local_att.0.weight"][:, :, 0, 0] @ x + ARRAYS["fuse34.local_att.0.bias"]
    expected = (y - norm["running_mean"]) / np.sqrt(norm["running_var"] + 1e-5) * norm["weight"] + norm["bias"]
    actual = folded["fuse34.local_att.0.weight"][:, :, 0, 0] @ x + folded["fuse34.local_att.0.bias"]
    np.testing.assert_allclose(actual, expected, atol=1e-5)
    assert not any("running" in key for key in folded)


@pytest.mark.parametrize(
    "key", ["layer1.0.bn1.running_mean", "layer2.0.shortcut.0.weight", "layer3_ds.weight", "layer4.0.bn3.running_var"]
)
def test_a_missing_array_is_an_error(key: str) -> None:
    with pytest.raises(WeightsError):
        SpeakerVerifier(SPEAKER, {name: array for name, array in ARRAYS.items() if name != key})


def test_a_batch_norm_of_another_network_is_named() -> None:
    with pytest.raises(WeightsError, match=r"stem\.norm"):
        fold_batch_norms({**ARRAYS, "stem.norm.running_var": np.ones(3, np.float32)})


def test_the_official_configuration_is_read() -> None:
    assert SpeakerConfig.from_official(load_config(FIXTURES / "eres2netv2")) == SpeakerConfig()
    with pytest.raises(FeatureError, match="num_blocks"):
        SpeakerConfig.from_official({"num_blocks": [3, 4, 6]})


def test_filterbank_features_agree_with_kaldi() -> None:
    """Fixture ``eres2netv2``, tolerance 1e-4, largest error seen 6.0e-5."""
    io = load_io(FIXTURES / "eres2netv2")
    for i in (0, 1):
        np.testing.assert_allclose(fbank(io[f"wave16k_{i}"]), io[f"fbank_{i}"], atol=1e-4)


def test_silence_has_the_floor_as_energy() -> None:
    features = fbank(np.zeros(1600, np.float32))
    assert features.shape == (8, 80)
    np.testing.assert_allclose(features, np.log(np.finfo(np.float32).eps), rtol=1e-6)


def test_filters_overlap_to_one_between_the_outer_centres() -> None:
    banks = mel_banks(80)
    assert banks.shape == (80, 257) and banks[:, -1].max() < 1e-4
    np.testing.assert_allclose(banks.sum(axis=0)[4:240], 1, atol=1e-4)


@pytest.mark.parametrize("wave", [np.zeros(399, np.float32), np.zeros((2, 800), np.float32)])
def test_a_wave_without_a_frame_is_refused(wave: Array) -> None:
    with pytest.raises(FeatureError, match="400 samples"):
        fbank(wave)


def test_the_verifier_pads_and_returns_one_embedding() -> None:
    verifier = SpeakerVerifier(SPEAKER, ARRAYS)
    wave = (0.1 * np.random.default_rng(3).standard_normal(9000)).astype(np.float32)
    exact = SpeakerEmbedding(SPEAKER)
    load_speaker_arrays(exact, ARRAYS)
    features = fbank(wave, SPEAKER.mel_bins)
    inputs = map(compiled.to_tensor, padded_input(features, len(features)))
    np.testing.assert_allclose(verifier(wave), compiled.compile_cell(exact)(*inputs).asnumpy(), atol=1e-5)
