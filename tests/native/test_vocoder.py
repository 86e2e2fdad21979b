"""The native generator gives what the compiled graph gives, however the frames are cut."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from GPT_SoVITS.layers.parameters import load_arrays
from GPT_SoVITS.layers.weights import WeightsError
from GPT_SoVITS.native import library
from GPT_SoVITS.native.library import NativeLibrary, load
from GPT_SoVITS.sovits.config import GeneratorConfig
from GPT_SoVITS.sovits.generator import Generator
from GPT_SoVITS.sovits.generator_graph import GeneratorGraph
from GPT_SoVITS.sovits.graphs import GraphEncoders
from GPT_SoVITS.sovits.native_vocoder import (
    NativeGenerator,
    VocoderUnavailableError,
    choose_vocoder,
    self_check,
)
from GPT_SoVITS.sovits.network import arrange
from GPT_SoVITS.sovits.reference_generator import generate
from GPT_SoVITS.sovits.shapes import generator_shapes
from GPT_SoVITS.sovits.synthesizer import Synthesizer
from GPT_SoVITS.sovits.vocoder import Vocoder
from tests.networks.sovits_small import GENERATOR, SMALL

Array = np.ndarray[Any, np.dtype[Any]]
BLOCKS: dict[str, Any] = {
    "resblock_kernel_sizes": (3, 7, 11),
    "resblock_dilation_sizes": ((1, 3, 5),) * 3,
    "condition_channels": 10,
}
V2 = GeneratorConfig(12, 64, (10, 8, 2, 2, 2), (16, 16, 8, 2, 2), **BLOCKS)  # v1, v2 and v2Pro, an eighth as wide
PRO_PLUS = GeneratorConfig(12, 96, (10, 8, 2, 2, 2), (20, 16, 8, 2, 2), **BLOCKS)
MANY = GeneratorConfig(192, 512, (2,), (4,), **BLOCKS)  # so many channels that tiles of 16 are used
ODD = GeneratorConfig(5, 24, (3, 2), (7, 2), (13, 1), ((2, 7, 1), (1,)), 3)
CONFIGS = {"v2": V2, "v2ProPlus": PRO_PLUS, "many channels": MANY, "odd sizes": ODD, "small": GENERATOR}

pytestmark = pytest.mark.skipif(load().handle is None, reason=f"no native code here: {load().reason}")


def weights(config: GeneratorConfig, seed: int = 0) -> dict[str, Array]:
    """Random arrays under official names that neither fade out nor saturate."""
    rng = np.random.default_rng(seed)
    arrays = {}
    for key, shape in generator_shapes(config).items():
        fan = np.prod(shape[1:]) if len(shape) > 1 else 25.0
        if key.startswith("ups"):
            stage = int(key.split(".")[1])
            fan = shape[0] * shape[-1] / config.upsample_rates[stage] if len(shape) > 1 else fan
        fan = fan * 25 if key == "conv_post.weight" else fan
        arrays["dec." + key] = (rng.standard_normal(shape) / np.sqrt(fan)).astype(np.float32)
    return arrays


def native(config: GeneratorConfig) -> NativeGenerator:
    return NativeGenerator(config, weights(config), load())


def portable(config: GeneratorConfig) -> GeneratorGraph:
    generator = Generator(config)
    arrays = arrange(config, weights(config))
    load_arrays(generator, {key.removeprefix("dec."): value for key, value in arrays.items()})
    return GeneratorGraph(generator)


def inputs(config: GeneratorConfig, count: int, seed: int = 3) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    frames = rng.standard_normal((config.input_channels, count)).astype(np.float32)
    return frames, rng.standard_normal(config.condition_channels).astype(np.float32)


def joined(parts: Iterator[Array]) -> Array:
    return np.concatenate(list(parts))


def plain(config: GeneratorConfig, frames: Array, condition: Array) -> Array:
    arrays = {key.removeprefix("dec."): value.astype(np.float64) for key, value in weights(config).items()}
    return generate(config, arrays, frames.astype(np.float64), condition.astype(np.float64))


@pytest.mark.parametrize("name", ["v2", pytest.param("v2ProPlus", marks=pytest.mark.full), "odd sizes"])
def test_equals_the_compiled_graph(name: str) -> None:
    """Largest error about 1e-6 in audio within 1 (the graph's own rounding included)."""
    config = CONFIGS[name]
    frames, condition = inputs(config, 33)
    expected = portable(config)(frames[None], condition[None, :, None])
    audio = native(config)(frames[None], condition[None, :, None])
    assert audio.shape == expected.shape and np.abs(expected).max() > 0.05
    np.testing.assert_allclose(audio, expected, atol=1e-5)


@pytest.mark.parametrize("count", [1, 2, 7, 31, 50])
@pytest.mark.parametrize("name", CONFIGS)
def test_equals_the_plain_formulation(name: str, count: int) -> None:
    """In double precision; largest error about 1e-6."""
    config = CONFIGS[name]
    frames, condition = inputs(config, count)
    expected = plain(config, frames, condition)
    assert np.abs(expected).max() > 0.01 and np.abs(expected).mean() < 0.7
    np.testing.assert_allclose(joined(native(config).stream(frames, condition)), expected, atol=5e-6)


@pytest.mark.parametrize("piece", [1, 3, 10, 32, 64])
@pytest.mark.parametrize("name", CONFIGS)
def test_cuts_leave_no_trace(name: str, piece: int) -> None:
    config = CONFIGS[name]
    frames, condition = inputs(config, 65)
    generator = native(config)
    whole = joined(generator.stream(frames, condition, piece=65))
    assert whole.shape == (65 * config.samples_per_frame,)
    np.testing.assert_allclose(joined(generator.stream(frames, condition, piece)), whole, atol=5e-6)


def test_the_same_bits_on_any_number_of_threads() -> None:
    frames, condition = inputs(V2, 40)
    code = load().handle
    assert code is not None
    generator, before = native(V2), code.gs_pool_threads()
    try:
        audio = []
        for threads in (1, 2, 3):
            code.gs_set_pool_threads(threads)
            audio.append(joined(generator.stream(frames, condition)))
    finally:
        code.gs_set_pool_threads(before)
    np.testing.assert_array_equal(audio[0], audio[1])
    np.testing.assert_array_equal(audio[0], audio[2])


def test_streams_may_be_interleaved_and_abandoned() -> None:
    generator = native(V2)
    first, second = inputs(V2, 50, seed=1), inputs(V2, 70, seed=2)
    alone = [joined(generator.stream(*given, piece=16)) for given in (first, second)]
    abandoned = generator.stream(*first, piece=16)
    next(abandoned)
    abandoned.close()
    streams = [generator.stream(*given, piece=16) for given in (first, second)]
    parts: list[list[Array]] = [[], []]
    for _ in range(6):
        for stream, kept in zip(streams, parts, strict=True):
            kept += [part for part in [next(stream, None)] if part is not None]
    for kept, expected in zip(parts, alone, strict=True):
        np.testing.assert_array_equal(np.concatenate(kept), expected)


def test_audio_comes_as_soon_as_it_is_certain() -> None:
    """A little more than the halo of 11 frames is held back."""
    frames, condition = inputs(V2, 64)
    first = next(native(V2).stream(frames, condition, piece=32))
    assert 32 - 13 <= len(first) / V2.samples_per_frame < 32


def test_any_strides_and_types_of_input() -> None:
    generator = native(GENERATOR)
    frames, condition = inputs(GENERATOR, 20)
    expected = joined(generator.stream(frames, condition))
    strange = np.asfortranarray(np.repeat(frames, 2, axis=1).astype(np.float64))[:, ::2]
    backwards = condition[::-1].copy()[::-1]
    np.testing.assert_array_equal(joined(generator.stream(strange, backwards)), expected)


def test_what_a_mask_hides_does_not_count() -> None:
    generator = native(GENERATOR)
    frames, condition = inputs(GENERATOR, 20)
    mask = (np.arange(20) < 13).astype(np.float32)[None, None]
    audio = generator(frames[None], condition[None, :, None], mask)
    kept = 13 * GENERATOR.samples_per_frame
    expected = joined(generator.stream(frames[:, :13], condition))
    np.testing.assert_array_equal(audio[0, 0, :kept], expected)
    with pytest.raises(ValueError, match="ones followed by zeros"):
        generator(frames[None], condition[None, :, None], 1 - mask)


@pytest.mark.parametrize("shape", [(8, 0), (7, 5), (8,)])
def test_wrong_frames_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected"):
        next(native(GENERATOR).stream(np.zeros(shape, np.float32), np.zeros(12, np.float32)))
    with pytest.raises(ValueError, match="condition"):
        next(native(GENERATOR).stream(np.zeros((8, 5), np.float32), np.zeros(11, np.float32)))


def test_weights_that_do_not_fit_are_named() -> None:
    arrays = weights(GENERATOR)
    arrays["dec.conv_pre.weight"] = arrays["dec.conv_pre.weight"][:, :, :5]
    del arrays["dec.cond.bias"]
    arrays["dec.extra"] = np.zeros(3)
    with pytest.raises(WeightsError, match=r"missing: dec.cond.bias.*unexpected: dec.extra.*misshapen: dec.conv_pre"):
        NativeGenerator(GENERATOR, arrays, load())


def _choose(choice: str = "auto", config: GeneratorConfig = GENERATOR, dtype: type = np.float32) -> Any:
    return choose_vocoder(replace(SMALL, generator=config), weights(config), choice, dtype)


def test_native_code_is_chosen_where_it_works() -> None:
    chosen = _choose()
    assert isinstance(chosen.run, NativeGenerator) and not chosen.reason
    assert load().isa in chosen.description


def test_the_graph_is_chosen_for_a_reason_and_gives_the_same() -> None:
    chosen = _choose("jit")
    assert isinstance(chosen.run, GeneratorGraph) and "asked for" in chosen.reason
    frames, condition = inputs(GENERATOR, 30)
    graph = Vocoder(GENERATOR, chosen.run, (16, 24))(frames, condition)
    np.testing.assert_allclose(Vocoder(GENERATOR, _choose().run)(frames, condition), graph, atol=1e-5)


def test_sizes_that_native_code_cannot_do_fall_back() -> None:
    config = replace(GENERATOR, resblock_kernel_sizes=(3, 19))
    chosen = _choose(config=config)
    assert isinstance(chosen.run, GeneratorGraph) and "kernel 19" in chosen.reason
    with pytest.raises(VocoderUnavailableError, match="kernel 19"):
        _choose("native", config)


def test_half_precision_and_a_missing_library_fall_back(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "float16" in _choose(dtype=np.float16).reason
    monkeypatch.setattr(library, "load", lambda: NativeLibrary(None, reason="switched off"))
    assert _choose().reason == "switched off"
    with pytest.raises(ValueError, match="none of auto"):
        _choose("fast")


@pytest.mark.parametrize("fault", [1e-3, np.nan])
def test_the_self_check_notices_wrong_audio(monkeypatch: pytest.MonkeyPatch, fault: float) -> None:
    push = NativeGenerator._push

    def faulty(self: NativeGenerator, *arguments: Any) -> Array:
        audio = push(self, *arguments)
        audio[len(audio) // 2 :] += fault
        return audio

    assert self_check(native(GENERATOR), weights(GENERATOR)) < 1e-6
    monkeypatch.setattr(NativeGenerator, "_push", faulty)
    chosen = _choose()
    assert isinstance(chosen.run, GeneratorGraph) and "self-check" in chosen.reason


def test_weights_are_held_once() -> None:
    """The synthesizer's network has no generator of its own."""
    from tests.networks.sovits_small import random_arrays

    voice = Synthesizer(SMALL, random_arrays(SMALL), encoders="graph")
    assert "native" in voice.vocoder_description
    assert isinstance(voice.encoders, GraphEncoders)
    assert not [name for name, _ in voice.encoders.network.parameters_and_names() if name.startswith("dec.")]


def test_errors_of_native_code_are_words() -> None:
    code = load().handle
    assert code is not None
    message = ctypes.create_string_buffer(100)
    sizes = (ctypes.c_int * 3)(8, 16, 12)
    native(GENERATOR)  # declares the functions' types
    assert not code.gs_vocoder_new(sizes, 3, (ctypes.c_void_p * 1)(), 0, message, 100)
    assert b"too short" in message.value


@pytest.mark.full
def test_equals_the_compiled_graph_at_full_size() -> None:
    """v2 and v2ProPlus, 3 s of audio; largest error about 2e-6."""
    for initial, kernels in ((512, (16, 16, 8, 2, 2)), (768, (20, 16, 8, 2, 2))):
        config = GeneratorConfig(192, initial, (10, 8, 2, 2, 2), kernels, **{**BLOCKS, "condition_channels": 512})
        frames, condition = inputs(config, 150)
        expected = Vocoder(config, portable(config), (64, 96))(frames, condition)
        audio = joined(native(config).stream(frames, condition))
        np.testing.assert_allclose(audio, expected, atol=1e-5)
