"""The flow-matching decoder: all forms compute the same, batches are rows, the sampler keeps its promises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from GPT_SoVITS.cfm.choose import choose_estimator, estimator_arrays
from GPT_SoVITS.cfm.condition import Condition, HostCondition, at_mel_rate, condition_matrices, condition_of
from GPT_SoVITS.cfm.config import CfmConfig, CfmConfigError
from GPT_SoVITS.cfm.estimator import Estimator
from GPT_SoVITS.cfm.graphs import EstimatorNetwork, GraphCondition, GraphEstimator
from GPT_SoVITS.cfm.host import HostEstimator, PlainAttention, matrices
from GPT_SoVITS.cfm.sampler import Flow, Sampling, SamplingError, sample
from GPT_SoVITS.cfm.shapes import estimator_shapes
from GPT_SoVITS.execution import SamplerHolding
from GPT_SoVITS.layers.products import Layers, PlainProducts, Products
from GPT_SoVITS.layers.weights import WeightsError
from GPT_SoVITS.native.attention import NativeAttention
from GPT_SoVITS.native.decoder import NativeError
from GPT_SoVITS.native.library import load
from GPT_SoVITS.native.products import NativeProducts
from tests.networks.cfm_small import SMALL, random_arrays

Array = np.ndarray[Any, np.dtype[Any]]
TOLERANCE = 1e-5
"""Largest difference seen: 2e-6."""
ARRAYS = random_arrays()


def _native(layers: Layers) -> Products:
    library = load()
    if library.handle is None:
        pytest.skip(library.description)
    return NativeProducts(library.handle, layers)


def _host(hold: Callable[[Layers], Products]) -> Estimator:
    arrays = estimator_arrays(ARRAYS)
    return HostEstimator(SMALL, arrays, hold(matrices(SMALL, arrays)))


FORMS: Mapping[str, Callable[[], Estimator]] = {
    "graph": lambda: GraphEstimator(SMALL, estimator_arrays(ARRAYS), (24,)),
    "graph of the exact length": lambda: GraphEstimator(SMALL, estimator_arrays(ARRAYS), (19,)),
    "native products": lambda: _host(_native),
    "native products and attention": lambda: choose_estimator(SMALL, ARRAYS, choice="host")[0],
}


def _normal(*shape: int, seed: int = 1) -> Array:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


@pytest.fixture(scope="module")
def plain() -> Estimator:
    return _host(PlainProducts)


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=[pytest.mark.full] if "exact" in name else []) for name in FORMS],
)
def form(request: pytest.FixtureRequest) -> Estimator:
    return FORMS[request.param]()


def _inputs(batch: int = 2, count: int = 19) -> tuple[Array, Array, Array]:
    return (
        _normal(batch, count, SMALL.mel),
        _normal(batch, count, SMALL.mel, seed=2),
        _normal(batch, count, SMALL.text, seed=3),
    )


def test_every_form_embeds_the_condition_alike(plain: Estimator, form: Estimator) -> None:
    condition = _inputs()[2]
    np.testing.assert_allclose(form.embed(condition), plain.embed(condition), atol=TOLERANCE)


@pytest.mark.parametrize("keys", [None, np.array([19, 12])], ids=["all keys", "some keys"])
def test_every_form_estimates_alike(plain: Estimator, form: Estimator, keys: Array | None) -> None:
    x, prompt, condition = _inputs()
    text = plain.embed(condition)
    times, steps = np.array([0.25, 0.7]), np.array([0.0, 0.125])
    expected = plain.velocity(x, prompt, text, plain.moment(times, steps), keys)
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(
        form.velocity(x, prompt, text, form.moment(times, steps), keys), expected, atol=TOLERANCE
    )


def test_every_form_samples_alike(plain: Estimator, form: Estimator) -> None:
    noise, prompt, condition = _inputs()
    sampling = Sampling(steps=3, temperature=0.9, guidance=0.5)
    ours, expected = (sample(e, condition, prompt[:, :6], noise, sampling) for e in (form, plain))
    np.testing.assert_allclose(ours, expected, atol=TOLERANCE)


@pytest.mark.parametrize(("holding", "tolerance"), [("fp16", 2e-3), ("bf16", 2e-2)])
def test_lower_precision_is_nearly_the_same(plain: Estimator, holding: SamplerHolding, tolerance: float) -> None:
    estimator, _ = choose_estimator(SMALL, ARRAYS, choice="host", holding=holding)
    noise, prompt, condition = _inputs()
    ours, expected = (sample(e, condition, prompt[:, :6], noise, Sampling(3)) for e in (estimator, plain))
    difference = np.abs(ours - expected).max() / np.abs(expected).max()
    assert 0.0 < difference < tolerance


def test_a_row_does_not_depend_on_its_neighbours(form: Estimator) -> None:
    """To the last bit: what a text sounds like must not depend on what else is spoken."""
    noise, prompt, condition = _inputs(3)
    together = sample(form, condition, prompt[:, :6], noise, Sampling(3))
    for i in range(3):
        part = slice(i, i + 1)
        alone = sample(form, condition[part], prompt[part, :6], noise[part], Sampling(3))
        np.testing.assert_array_equal(together[part], alone)


def test_only_the_first_head_knows_positions() -> None:
    """The official program rotates before it splits heads: a network of which the first head is silent has none."""
    arrays = estimator_arrays(random_arrays())
    dim = SMALL.head_dim
    for name, array in arrays.items():
        if name.endswith("to_out.0.weight"):
            array[:, :dim] = 0.0  # what the first head found
        if "conv_pos_embed" in name or "dwconv" in name:
            array[:] = 0.0
    blind = HostEstimator(SMALL, arrays, PlainProducts(matrices(SMALL, arrays)))
    x, prompt, text = _inputs(1)
    moment = blind.moment(np.array([0.5]), np.array([0.25]))
    forwards = blind.velocity(x, prompt, text, moment)
    backwards = blind.velocity(x[:, ::-1], prompt[:, ::-1], text[:, ::-1], moment)
    np.testing.assert_allclose(forwards, backwards[:, ::-1], atol=TOLERANCE)


@pytest.mark.parametrize("count", [1, 7, 130])
def test_native_attention_is_numpys(count: int) -> None:
    library = load()
    if library.handle is None:
        pytest.skip(library.description)
    qkv = _normal(count, 3 * 4 * 8)
    for keys in {1, count // 2 + 1, count}:
        ours, expected = (attend(qkv, keys) for attend in (NativeAttention(library.handle, 4), PlainAttention(4)))
        np.testing.assert_allclose(ours, expected, atol=2e-6)
    with pytest.raises(NativeError, match="keys"):
        NativeAttention(library.handle, 4)(qkv, count + 1)


@pytest.mark.parametrize(("count", "keys"), [(1, 1), (33, 32), (130, 77)])
def test_rounded_attention_is_nearly_the_same(count: int, keys: int) -> None:
    """Odd numbers of keys are paired with nothing."""
    library = load()
    if library.handle is None:
        pytest.skip(library.description)
    qkv = _normal(count, 3 * 48)
    ours = NativeAttention(library.handle, 4, rounded=True)(qkv, keys)
    expected = PlainAttention(4)(qkv, keys)
    assert np.abs(ours - expected).max() < 2e-2 * np.abs(expected).max()


def test_the_prompt_stays_silent_and_its_noise_has_no_effect(plain: Estimator) -> None:
    noise, prompt, condition = _inputs()
    result = sample(plain, condition, prompt[:, :6], noise, Sampling(2))
    other = noise.copy()
    other[:, :6] = 9.0
    np.testing.assert_array_equal(result[:, :6], 0.0)
    np.testing.assert_array_equal(sample(plain, condition, prompt[:, :6], other, Sampling(2)), result)
    louder = prompt[:, :6] + np.float32(1.0)
    assert np.abs(sample(plain, condition, louder, noise, Sampling(2)) - result).max() > 1e-3


def test_steps_can_be_taken_one_at_a_time(plain: Estimator) -> None:
    noise, prompt, condition = _inputs()
    flow = Flow(plain, condition, prompt[:, :6], noise, Sampling(4))
    for _ in range(4):
        assert not flow.finished
        assert len(list(flow.step_parts())) > 1
    assert flow.finished
    np.testing.assert_array_equal(flow.mel, sample(plain, condition, prompt[:, :6], noise, Sampling(4)))
    with pytest.raises(SamplingError, match="all steps"):
        flow.step()


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"steps": 129}, {"temperature": -1.0}, {"guidance": float("nan")}])
def test_impossible_samplings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SamplingError):
        Sampling(**wrong)


def test_signals_of_unequal_length_are_refused(plain: Estimator) -> None:
    noise, prompt, condition = _inputs()
    with pytest.raises(SamplingError, match="does not go with"):
        sample(plain, condition[:, 1:], prompt[:, :6], noise, Sampling(2))


def test_a_missing_array_is_named() -> None:
    arrays = {key: array for key, array in ARRAYS.items() if "proj_out.bias" not in key}
    with pytest.raises(WeightsError, match=r"proj_out\.bias"):
        choose_estimator(SMALL, arrays, choice="host")


def test_shapes_are_those_of_the_network() -> None:
    parameters = EstimatorNetwork(SMALL).parameters_and_names()
    assert estimator_shapes(SMALL) == {name: tuple(parameter.shape) for name, parameter in parameters}


def test_a_configuration_of_another_version_is_refused() -> None:
    with pytest.raises(CfmConfigError, match="v2"):
        CfmConfig.from_official({"model": {"version": "v2", "inter_channels": 192, "gin_channels": 512}})
    with pytest.raises(CfmConfigError, match="gin_channels"):
        CfmConfig.from_official({"model": {"version": "v3", "inter_channels": 192}})


@cache
def _conditions() -> dict[str, Condition]:
    layers = condition_matrices(SMALL, ARRAYS)
    kept = {key: array for key, array in ARRAYS.items() if key.startswith(("bridge.", "wns1."))}
    return {
        "native": HostCondition(SMALL, _native(layers)),
        "plain": HostCondition(SMALL, PlainProducts(layers)),
        "graph": GraphCondition(SMALL, kept, (32,)),
    }


@pytest.mark.parametrize("speed", [1.0, 1.25, 0.8])
def test_every_form_makes_the_same_condition(speed: float) -> None:
    content, timbre = _normal(SMALL.content_channels, 10), _normal(SMALL.timbre_channels)
    native, plain, graph = (
        condition_of(network, SMALL, content, timbre, 5, speed) for network in _conditions().values()
    )
    assert np.abs(plain).max() > 0.1
    np.testing.assert_allclose(native, plain, atol=TOLERANCE)
    np.testing.assert_allclose(graph, plain, atol=TOLERANCE)


def test_frames_beyond_what_the_official_formula_counts_are_silent() -> None:
    """At another speed content has one frame more than v4's formula believes."""
    content, timbre = _normal(SMALL.content_channels, 10), _normal(SMALL.timbre_channels)
    faster = condition_of(_conditions()["plain"], SMALL, content, timbre, 5, 1.25)
    assert len(faster) == 18 and not faster[17:].any() and faster[16].any()


def test_frames_of_v3_are_repeated_seven_times_in_eight() -> None:
    assert replace(SMALL, version="v3").frames.per_content_frame == 1.875
    repeated = at_mel_rate(np.arange(8, dtype=np.float32)[None], 1.875)[0]
    np.testing.assert_array_equal(repeated, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7])
