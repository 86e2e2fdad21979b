"""Speaker verifier: padding and folded batch norms change nothing, and every form gives the same embedding."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping

import numpy as np
import pytest

from GPT_SoVITS import compiled
from GPT_SoVITS.features.errors import FeatureError
from GPT_SoVITS.features.fbank import fbank, mel_banks
from GPT_SoVITS.features.speaker import SpeakerVerifier
from GPT_SoVITS.features.speaker_arrays import fold_batch_norms
from GPT_SoVITS.features.speaker_config import SpeakerConfig
from GPT_SoVITS.features.speaker_graph import load_speaker_arrays, padded_input
from GPT_SoVITS.features.speaker_host import FIRST_STAGE_FRAMES, speaker_matrices
from GPT_SoVITS.features.speaker_network import SpeakerProjection
from GPT_SoVITS.layers.products import Layers, PlainProducts, Products
from GPT_SoVITS.layers.weights import WeightsError
from GPT_SoVITS.native.library import load
from GPT_SoVITS.native.products import NativeProducts
from tests.networks.features_small import FIXTURES, SPEAKER, Array, speaker_arrays
from tests.parity.weights import load_config, load_io

ARRAYS = speaker_arrays()
FEATURES = np.random.default_rng(1).standard_normal((37, SPEAKER.mel_bins)).astype(np.float32)


def _run(network: SpeakerProjection, length: int) -> Array:
    load_speaker_arrays(network, ARRAYS)
    inputs = map(compiled.to_tensor, padded_input(FEATURES, length))
    result: Array = compiled.compile_cell(network)(*inputs).asnumpy()
    return result


def test_padding_changes_nothing() -> None:
    """The embedding before its projection is held against plain numpy below."""
    exact = _run(SpeakerProjection(SPEAKER), len(FEATURES))
    assert np.abs(exact).max() > 0.1
    np.testing.assert_allclose(_run(SpeakerProjection(SPEAKER), 64), exact, atol=1e-5)


def test_the_official_embedding_has_the_size_of_the_last_map() -> None:
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


def plain(layers: Layers) -> Products:
    return PlainProducts(layers)


def native(layers: Layers) -> Products:
    library = load()
    if library.handle is None:
        pytest.skip(library.reason)
    return NativeProducts(library.handle, layers)


every_form = pytest.mark.parametrize("form", [None, plain, native], ids=["graph", "plain", "native"])
Form = Callable[[Layers], Products] | None


def verifier(form: Form, config: SpeakerConfig = SPEAKER, arrays: Mapping[str, Array] = ARRAYS) -> SpeakerVerifier:
    return SpeakerVerifier(config, arrays, products=None if form is None else form(speaker_matrices(config, arrays)))


@every_form
@pytest.mark.parametrize(
    "key", ["layer1.0.bn1.running_mean", "layer2.0.shortcut.0.weight", "layer3_ds.weight", "layer4.0.bn3.running_var"]
)
def test_a_missing_array_is_an_error(key: str, form: Form) -> None:
    with pytest.raises(WeightsError):
        verifier(form, arrays={name: array for name, array in ARRAYS.items() if name != key})


@every_form
def test_an_array_that_no_layer_has_is_an_error(form: Form) -> None:
    with pytest.raises(WeightsError, match="layer9"):
        verifier(form, arrays={**ARRAYS, "layer9.weight": np.zeros(3, np.float32)})


def test_a_batch_norm_of_another_network_is_named() -> None:
    with pytest.raises(WeightsError, match=r"stem\.norm"):
        fold_batch_norms({**ARRAYS, "stem.norm.running_var": np.ones(3, np.float32)})


def test_the_official_configuration_is_read() -> None:
    assert SpeakerConfig.from_official(load_config(FIXTURES / "eres2netv2")) == SpeakerConfig()
    with pytest.raises(FeatureError, match="num_blocks"):
        SpeakerConfig.from_official({"num_blocks": [3, 4, 6]})


def test_filterbank_features_agree_with_kaldi() -> None:
    """Fixture ``eres2netv2``, tolerance 1e-4, largest error seen 6.3e-5."""
    io = load_io(FIXTURES / "eres2netv2")
    for i in (0, 1):
        np.testing.assert_allclose(fbank(io[f"wave16k_{i}"]), io[f"fbank_{i}"], atol=1e-4)


def test_quiet_frames_are_as_close_to_kaldi_as_kaldi_is_to_itself() -> None:
    """The official numbers of the same recording from its transforms for AVX-512, AVX2 and SSE, none of them better.

    They differ from each other by up to 4.2e-4, in bins more than 60 dB below the loudest; ours from them by 4.15e-4.
    """
    with np.load(FIXTURES / "eres2netv2/quiet.npz") as recorded:
        ours = fbank(recorded["wave"].astype(np.float32) / 32768)
        official = [recorded[f"fbank_{name}"] for name in ("avx512", "avx2", "sse")]
    apart = max(float(np.abs(one - other).max()) for one, other in itertools.combinations(official, 2))
    assert 1e-4 < apart < 5e-4
    for one in official:
        difference = np.abs(ours - one)
        assert difference.max() <= apart and np.count_nonzero(difference > 1e-4) <= 4


def test_silence_has_the_floor_as_energy() -> None:
    features = fbank(np.zeros(1600, np.float32))
    assert features.shape == (8, 80)
    np.testing.assert_allclose(features, np.log(np.finfo(np.float32).eps), rtol=1e-6)


def test_filters_overlap_to_one_between_the_outer_centres() -> None:
    banks = mel_banks(80)
    assert banks.shape == (80, 257) and not banks[:, -1].any()
    np.testing.assert_allclose(banks.sum(axis=0)[4:240], 1, atol=1e-4)


@pytest.mark.parametrize("wave", [np.zeros(399, np.float32), np.zeros((2, 800), np.float32)])
def test_a_wave_without_a_frame_is_refused(wave: Array) -> None:
    with pytest.raises(FeatureError, match="400 samples"):
        fbank(wave)


@pytest.fixture(scope="module")
def graph() -> SpeakerVerifier:
    """The graph form, whose graphs the tests share."""
    return verifier(None)


@pytest.mark.parametrize("frames", [1, 54, 2 * FIRST_STAGE_FRAMES + 1])
def test_every_form_gives_the_embedding_of_the_unpadded_recording(graph: SpeakerVerifier, frames: int) -> None:
    """Plain numpy, which pads nothing, agrees with the official network in ``tests/parity``."""
    wave = (0.1 * np.random.default_rng(3).standard_normal(400 + 160 * (frames - 1))).astype(np.float32)
    assert len(fbank(wave, SPEAKER.mel_bins)) == frames
    expected = verifier(plain)(wave)
    for each in (graph, *((verifier(native),) if load().handle is not None else ())):
        found = each(wave)
        assert found.shape == (1, SPEAKER.embedding_dim) and found.dtype == np.float32
        np.testing.assert_allclose(found, expected, atol=1e-5)


@every_form
def test_warming_up_leaves_the_embedding_as_it_is(form: Form, graph: SpeakerVerifier) -> None:
    wave = (0.1 * np.random.default_rng(5).standard_normal(8000)).astype(np.float32)
    cold, warm = graph if form is None else verifier(form), verifier(form)
    assert warm.warm_up(1.0) > 0
    np.testing.assert_array_equal(warm(wave), cold(wave))
