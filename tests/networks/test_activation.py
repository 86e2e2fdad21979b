"""Activations agree with their definitions over the whole float range, in float32 and float16."""

from __future__ import annotations

import math

import numpy as np

from GPT_SoVITS import compiled
from GPT_SoVITS.layers.activation import Gelu, Mish
from GPT_SoVITS.layers.gelu import GELU_TAIL
from tests.networks.features_small import Array

_erfc = np.vectorize(math.erfc)


def _exact(x: Array) -> Array:
    return np.asarray(0.5 * x * _erfc(-x / np.sqrt(2)))


def _compute(x: Array) -> Array:
    result: Array = compiled.compile_cell(Gelu())(compiled.to_tensor(x)).asnumpy()
    return result


def test_the_polynomial_is_within_its_error_bound() -> None:
    """4.4e-7 in exact arithmetic; the largest float64 result on a fine grid shows it."""
    t = np.linspace(0, 40, 400001)
    tail = t * np.exp(sum(c * t**k for k, c in enumerate(GELU_TAIL)))
    assert np.abs(tail - 0.5 * t * _erfc(t / np.sqrt(2))).max() < 4.5e-7


def test_gelu_in_float32() -> None:
    x = np.linspace(-20, 20, 400001).astype(np.float32)
    assert np.abs(_compute(x) - _exact(x.astype(np.float64))).max() < 1.2e-6


def test_gelu_of_extreme_values() -> None:
    x = np.array([0.0, -0.0, 1e-38, -1e-38, 1e-4, -1e-4, 1e3, -1e3, 1e10, -1e10, 1e30, -1e30], np.float32)
    np.testing.assert_allclose(_compute(x), _exact(x.astype(np.float64)), rtol=1e-4, atol=1e-30)


def test_gelu_in_float16() -> None:
    x = np.concatenate([np.linspace(-8, 8, 4001), [-65504, -3e4, -300, 300, 3e4, 65504]]).astype(np.float16)
    actual, expected = _compute(x).astype(np.float64), _exact(x.astype(np.float64))
    np.testing.assert_allclose(actual, expected, rtol=4e-3, atol=4e-3)


def test_mish_over_the_whole_range() -> None:
    """Loud references reach hundreds, where MindSpore's own operator gives NaN."""
    x = np.concatenate([np.linspace(-30, 60, 9001), [-1e30, -3e4, 88.0, 281.0, 3e4, 1e30]])
    for dtype, tolerance in ((np.float32, 1e-6), (np.float16, 2e-3)):
        given = x[np.abs(x) < 6e4].astype(dtype) if dtype is np.float16 else x.astype(dtype)
        wanted = given * np.tanh(np.logaddexp(0, given.astype(np.float64)))
        actual = compiled.compile_cell(Mish())(compiled.to_tensor(given)).asnumpy().astype(np.float64)
        np.testing.assert_allclose(actual, wanted, rtol=tolerance, atol=tolerance)
