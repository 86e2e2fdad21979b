"""Matrices that are put together while they are packed: parts under one another, and what is added to them."""

from __future__ import annotations

import ctypes
from typing import Any, NamedTuple

import numpy as np
import pytest

from GPT_SoVITS.layers.products import Part, PlainProducts, Stacked
from GPT_SoVITS.native.decoder import NativeError
from GPT_SoVITS.native.library import load
from GPT_SoVITS.native.products import NativeProducts

Array = np.ndarray[Any, np.dtype[Any]]


class Pair(NamedTuple):
    """A change."""

    up: Array
    down: Array


@pytest.fixture(scope="module")
def handle() -> ctypes.CDLL:
    library = load()
    if library.handle is None:
        pytest.skip(library.description)
    return library.handle


def numbers(*shape: int, seed: int = 0, kind: type = np.float32) -> Array:
    return np.random.default_rng(seed).standard_normal(shape).astype(kind)


def part(outputs: int, inputs: int, rank: int, kind: type = np.float32) -> Part:
    """A part to which something of that rank is added, nothing for 0."""
    change = Pair(numbers(outputs, rank, seed=1, kind=kind), numbers(rank, inputs, seed=2, kind=kind))
    return Part(numbers(outputs, inputs, kind=kind), change if rank else None)


def exact(each: Part) -> Array:
    weight = each.weight.astype(np.float64)
    return weight if each.change is None else weight + each.change.up.astype(np.float64) @ each.change.down


@pytest.mark.parametrize("kind", [np.float32, np.float16])
@pytest.mark.parametrize("ranks", [(0,), (1,), (33,), (3, 0, 128)])
def test_parts_and_their_changes_are_one_matrix(handle: ctypes.CDLL, ranks: tuple[int, ...], kind: type) -> None:
    """Neither the rows of a part nor the inputs are multiples of what the kernels take at a time."""
    parts = [part(41 + index, 75, rank, kind) for index, rank in enumerate(ranks)]
    whole, bias = np.concatenate([exact(each) for each in parts]), numbers(sum(len(each.weight) for each in parts))
    rows = numbers(5, 75, seed=4)
    layers = {"m": (Stacked(parts), bias)}
    expected = rows @ whole.T + bias
    scale = np.abs(expected).max()
    for products in (NativeProducts(handle, layers), PlainProducts(layers)):
        assert np.abs(products("m", rows) - expected).max() < 1e-5 * scale
    halves = NativeProducts(handle, layers, "fp16")("m", rows)
    assert np.abs(halves - expected).max() < 2e-3 * scale


def test_what_is_added_is_rounded_once(handle: ctypes.CDLL) -> None:
    """Held in float16, a matrix is the rounded sum, not the sum of rounded ones."""
    tuned = part(32, 64, 1)
    assert tuned.change is not None
    summed = tuned.weight + tuned.change.up * tuned.change.down
    held = NativeProducts(handle, {"m": (Stacked([tuned]), np.zeros(32, np.float32))}, "fp16")
    np.testing.assert_array_equal(held("m", np.eye(64, dtype=np.float32)).T, summed.astype(np.float16))


def test_a_sum_that_float16_cannot_hold_is_told(handle: ctypes.CDLL) -> None:
    large: Array = np.full((1, 64), 60000, np.float16)
    tuned = Part(large, Pair(np.ones((1, 1), np.float16), large))
    layers = {"m": (Stacked([tuned]), np.zeros(1, np.float32))}
    with pytest.raises(NativeError, match="m holds a number that is not finite"):
        NativeProducts(handle, layers, "fp16")
    assert NativeProducts(handle, layers)("m", np.eye(64, dtype=np.float32))[0, 0] == 120000


def rounded(x: Array) -> Array:
    """Bfloat16 numbers, ties to even."""
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32)
    nearest: Array = ((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000).astype(np.uint32).view(np.float32)
    return nearest


@pytest.fixture
def brains(handle: ctypes.CDLL) -> NativeProducts:
    """An odd number of inputs, and outputs that fill no panel."""
    products = NativeProducts(handle, {"m": (numbers(70, 75), numbers(70))}, "bf16")
    if products.precision != "bf16":
        pytest.skip("this processor does not multiply bfloat16")
    return products


def test_bfloat16_products_are_those_of_rounded_numbers(brains: NativeProducts) -> None:
    rows = numbers(29, 75, seed=4)
    expected = rounded(rows).astype(np.float64) @ rounded(numbers(70, 75)).T + numbers(70)
    assert np.abs(brains("m", rows) - expected).max() < 1e-5 * np.abs(expected).max()
    np.testing.assert_array_equal(brains("m", rows, relu=True), np.maximum(brains("m", rows), 0))


def test_a_row_is_the_same_in_any_company(brains: NativeProducts) -> None:
    rows = numbers(90, 75, seed=4)
    together = brains("m", rows)
    for first, last in ((0, 1), (3, 17), (40, 90)):
        np.testing.assert_array_equal(brains("m", rows[first:last]), together[first:last])


def test_what_the_processor_lacks_is_float16(handle: ctypes.CDLL) -> None:
    class Lacking:
        """The library on a processor without such products."""

        def __getattr__(self, name: str) -> Any:
            return (lambda precision: 0) if name == "products_offers" else getattr(handle, name)

    layers = {"m": (numbers(70, 75), numbers(70))}
    held, halves = NativeProducts(Lacking(), layers, "bf16"), NativeProducts(handle, layers, "fp16")  # type: ignore[arg-type]
    assert held.precision == "fp16"
    rows = numbers(3, 75, seed=4)
    np.testing.assert_array_equal(held("m", rows), halves("m", rows))
