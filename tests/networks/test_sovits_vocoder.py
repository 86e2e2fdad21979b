"""The generator in windows gives what it gives in one run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from GPT_SoVITS.layers.parameters import load_arrays
from GPT_SoVITS.sovits import reference_generator
from GPT_SoVITS.sovits.buckets import WINDOWS
from GPT_SoVITS.sovits.config import GeneratorConfig
from GPT_SoVITS.sovits.generator import Generator
from GPT_SoVITS.sovits.generator_graph import GeneratorGraph
from GPT_SoVITS.sovits.network import arrange
from GPT_SoVITS.sovits.vocoder import Vocoder
from GPT_SoVITS.sovits.windows import halo, plan
from tests.networks.sovits_small import GENERATOR, SMALL, random_arrays

Array = np.ndarray[Any, np.dtype[Any]]
SIZES = (16, 24)


@pytest.fixture(scope="module")
def run() -> GeneratorGraph:
    generator = Generator(GENERATOR)
    arrays = arrange(GENERATOR, random_arrays(SMALL))
    load_arrays(generator, {k.removeprefix("dec."): v for k, v in arrays.items() if k.startswith("dec.")})
    return GeneratorGraph(generator)


def _frames(count: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).standard_normal((8, count)).astype(np.float32)


CONDITION = np.random.default_rng(7).standard_normal(12).astype(np.float32)


def _whole(frames: Array) -> Array:
    """What one run over all frames gives, from plain numpy, which compiles nothing for a length."""
    arrays = {k.removeprefix("dec."): v for k, v in random_arrays(SMALL).items() if k.startswith("dec.")}
    return reference_generator.generate(GENERATOR, arrays, frames, CONDITION)


@pytest.mark.parametrize("count", [1, 5, 15, 16, 17, 24, 25, 41, 70])
def test_windows_equal_one_run(run: GeneratorGraph, count: int) -> None:
    """Lengths below, at and between the window sizes; the largest error is about 1e-7."""
    frames = _frames(count)
    whole = _whole(frames)
    windowed = Vocoder(GENERATOR, run, SIZES)(frames, CONDITION)
    assert np.abs(whole).max() > 0.1
    np.testing.assert_allclose(windowed, whole, atol=1e-5)


def test_halo_holds_every_frame_that_matters_and_no_more() -> None:
    """Changing one frame changes samples up to the halo's distance, and none beyond it."""
    reach, rate, centre = halo(GENERATOR), GENERATOR.samples_per_frame, 20
    frames = _frames(41)
    changed = frames.copy()
    changed[:, centre] += 1.0
    difference = np.abs(_whole(frames) - _whole(changed)).reshape(41, rate).max(1)
    touched = np.flatnonzero(difference)
    assert max(centre - touched[0], touched[-1] - centre) == reach


@pytest.mark.parametrize(("kernels", "channels"), [((16, 16, 8, 2, 2), 512), ((20, 16, 8, 2, 2), 768)])
def test_halo_of_the_published_sizes(kernels: tuple[int, ...], channels: int) -> None:
    config = GeneratorConfig(192, channels, (10, 8, 2, 2, 2), kernels, (3, 7, 11), ((1, 3, 5),) * 3, 512)
    assert halo(config) == 11


@given(st.integers(32, 900), st.lists(st.sampled_from(WINDOWS), min_size=1, unique=True), st.integers(1, 15))
def test_plans_cover_every_frame_once_with_its_halo(frames: int, sizes: list[int], reach: int) -> None:
    sizes = [32, *sizes]
    windows = plan(frames, sizes, reach)
    assert [w.first for w in windows] == [0, *(w.stop for w in windows[:-1])]
    assert windows[-1].stop == frames
    for w in windows:
        assert w.size in sizes and w.start >= 0 and w.start + w.size <= frames
        assert w.start == 0 or w.first - w.start >= reach
        assert w.start + w.size == frames or w.start + w.size - w.stop >= reach


def test_plans_waste_little_on_long_latents() -> None:
    computed = [sum(w.size for w in plan(t, WINDOWS, 11)) / t for t in range(200, 800, 7)]
    assert np.mean(computed) < 1.2


def test_impossible_plans_are_refused() -> None:
    with pytest.raises(ValueError, match="fewer than the smallest window"):
        plan(10, (16, 32), 4)
    with pytest.raises(ValueError, match="between halos"):
        plan(40, (16,), 8)


def test_first_audio_comes_before_the_rest_is_computed() -> None:
    calls = []

    def counted(frames: Array, condition: Array, mask: Array | None = None) -> Array:
        calls.append(frames.shape[2])
        return np.zeros((1, 1, frames.shape[2] * GENERATOR.samples_per_frame), np.float32)

    pieces = Vocoder(GENERATOR, counted, SIZES).stream(_frames(70), CONDITION)
    first = next(pieces)
    assert len(calls) == 1 and len(first)
    total = len(first) + sum(len(piece) for piece in pieces)
    assert total == 70 * GENERATOR.samples_per_frame and len(calls) > 1


def test_windows_must_exceed_two_halos(run: GeneratorGraph) -> None:
    with pytest.raises(ValueError, match="two halos"):
        Vocoder(GENERATOR, run, (2 * halo(GENERATOR),))


def test_no_frames_are_refused(run: GeneratorGraph) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Vocoder(GENERATOR, run, SIZES)(_frames(0), CONDITION)
