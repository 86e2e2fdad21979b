"""HuBERT and RoBERTa over the native layers: the numbers of the compiled graphs, for every number of rows.

Against the official program (``tests/parity`` weights, float32): HuBERT within 9e-5, RoBERTa within 1e-5.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from GPT_SoVITS.features.host_frames import frame_matrices
from GPT_SoVITS.features.hubert_extractor import Hubert
from GPT_SoVITS.features.roberta_graph import Roberta
from GPT_SoVITS.features.stack import StackedRoberta, hubert_layers, roberta_layers
from GPT_SoVITS.layers.weights import WeightsError
from GPT_SoVITS.native import library
from GPT_SoVITS.native.decoder import NativeError, Precision
from GPT_SoVITS.native.encoder import EncoderSizes, NativeEncoder
from GPT_SoVITS.native.products import NativeProducts
from tests.networks.features_small import (
    HUBERT,
    ROBERTA,
    compiled_hubert,
    compiled_roberta,
    hubert_arrays,
    roberta_arrays,
)

Array = np.ndarray[Any, np.dtype[Any]]
PRECISIONS: tuple[Precision, ...] = ("fp32", "int8")
HUBERT_SIZES = EncoderSizes(HUBERT.hidden_size, HUBERT.heads, HUBERT.layers, HUBERT.intermediate_size, 1e-5)
ROBERTA_SIZES = EncoderSizes(
    ROBERTA.hidden_size, ROBERTA.heads, ROBERTA.feature_layers, ROBERTA.intermediate_size, ROBERTA.layer_norm_eps
)


@pytest.fixture(scope="module")
def handle() -> ctypes.CDLL:
    found = library.load()
    if found.handle is None:
        pytest.skip(found.description)
    return found.handle


@pytest.fixture(scope="module")
def roberta() -> Roberta:
    """The compiled network."""
    return compiled_roberta()


@pytest.fixture(scope="module")
def hubert() -> Hubert:
    """The compiled network."""
    return compiled_hubert()


def _roberta(
    handle: ctypes.CDLL, arrays: Mapping[str, Array], precision: Precision = "fp32", threads: int = 0
) -> StackedRoberta:
    stack = NativeEncoder(handle, ROBERTA_SIZES, roberta_layers(arrays), precision, threads=threads)
    return StackedRoberta(ROBERTA, arrays, stack)


@pytest.mark.parametrize("tokens", [1, 2, 13, ROBERTA.positions])
def test_roberta_is_the_compiled_network(handle: ctypes.CDLL, roberta: Roberta, tokens: int) -> None:
    ids = np.random.default_rng(tokens).integers(0, ROBERTA.vocabulary, (1, tokens))
    np.testing.assert_allclose(_roberta(handle, roberta_arrays())(ids), roberta(ids), atol=2e-5)


def test_padding_of_a_batch_is_left_out(handle: ctypes.CDLL) -> None:
    roberta = _roberta(handle, roberta_arrays())
    ids = np.array([[1, 2, 3, 4, 5], [6, 7, 8, 0, 0]])
    both = roberta(ids, np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]))
    np.testing.assert_array_equal(both[1, :3], roberta(ids[1:, :3])[0])
    np.testing.assert_array_equal(both[1, 3:], 0)


def test_threads_do_not_change_a_bit(handle: ctypes.CDLL) -> None:
    ids = np.arange(20)[None]
    one, three = (_roberta(handle, roberta_arrays(), threads=n)(ids) for n in (1, 3))
    np.testing.assert_array_equal(one, three)


def test_float16_files_are_held_exactly(handle: ctypes.CDLL) -> None:
    narrow = {key: array.astype(np.float16) for key, array in roberta_arrays().items()}
    wide = {key: array.astype(np.float32) for key, array in narrow.items()}
    ids = np.arange(9)[None]
    np.testing.assert_array_equal(_roberta(handle, narrow, "fp16")(ids), _roberta(handle, wide, "fp32")(ids))


def test_int8_computes_nearly_the_same(handle: ctypes.CDLL) -> None:
    ids = np.arange(20)[None]
    exact, rounded = (_roberta(handle, roberta_arrays(), held)(ids) for held in PRECISIONS)
    assert 0 < np.abs(rounded - exact).max() < 0.03 * np.abs(exact).max()


@pytest.mark.parametrize("samples", [300, 5000])
def test_hubert_is_the_compiled_network(handle: ctypes.CDLL, hubert: Hubert, samples: int) -> None:
    arrays = hubert_arrays()
    stack = NativeEncoder(handle, HUBERT_SIZES, hubert_layers(arrays), "fp32")
    wave = np.random.default_rng(samples).standard_normal(samples).astype(np.float32)
    np.testing.assert_allclose(Hubert(HUBERT, arrays, stack=stack)(wave), hubert(wave), atol=3e-5)


def test_a_missing_tensor_is_named(handle: ctypes.CDLL) -> None:
    arrays = {key: array for key, array in roberta_arrays().items() if key != "encoder.layer.1.output.dense.weight"}
    with pytest.raises(WeightsError, match=r"missing: encoder\.layer\.1\.output\.dense\.weight"):
        _roberta(handle, arrays)


def test_a_misshapen_or_infinite_tensor_is_named(handle: ctypes.CDLL) -> None:
    key = "encoder.layer.0.intermediate.dense.weight"
    arrays = roberta_arrays()
    with pytest.raises(NativeError, match=r"up\.weight of layer 0 has 4 numbers"):
        _roberta(handle, {**arrays, key: np.zeros((2, 2), np.float32)})
    with pytest.raises(NativeError, match=r"up\.weight of layer 0 holds a number that is not finite"):
        _roberta(handle, {**arrays, key: np.full_like(arrays[key], np.inf)})


@pytest.mark.parametrize("frames", [1, 8, 21])
def test_convolutions_on_the_host_are_the_compiled_ones(handle: ctypes.CDLL, hubert: Hubert, frames: int) -> None:
    arrays = hubert_arrays()
    products = NativeProducts(handle, frame_matrices(HUBERT, arrays))
    wave = np.random.default_rng(frames).standard_normal(HUBERT.steps_before(frames) + 1).astype(np.float32)
    host, expected = Hubert(HUBERT, arrays, products=products), hubert.frame_features(wave)
    assert len(expected) == frames and np.abs(expected).max() > 1e-2
    np.testing.assert_allclose(host.frame_features(wave), expected, atol=1e-5)
