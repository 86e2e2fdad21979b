"""The synthesizer with compiled graphs: lengths, errors, streaming, and the official numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from GPT_SoVITS import backend, compiled
from GPT_SoVITS.layers.weights import WeightsError
from GPT_SoVITS.sovits.config import SovitsConfig
from GPT_SoVITS.sovits.encoders import Choice
from GPT_SoVITS.sovits.graphs import GraphEncoders
from GPT_SoVITS.sovits.network import ContentGraph, LatentGraph, PhonemeGraph, ReferenceGraph, SynthesizerNetwork
from GPT_SoVITS.sovits.synthesizer import InputError, Synthesizer
from tests.networks.official_streaming import decode_streaming, noise_shape
from tests.networks.sovits_small import PADDED, SMALL, SMALL_PRO, compiled_encoders, random_arrays

Array = np.ndarray[Any, np.dtype[Any]]
FIXTURES = Path(__file__).parents[1] / "data" / "parity"
RNG = np.random.default_rng(3)
CODES, TEXT = RNG.integers(0, 15, 11), RNG.integers(0, 20, 7)
SPECTROGRAMS = [np.abs(RNG.standard_normal((12, frames))).astype(np.float32) for frames in (13, 9)]
SPEAKERS = [RNG.standard_normal(9).astype(np.float32) for _ in range(2)]
FEATURES = RNG.standard_normal((6, 21)).astype(np.float32)


def _exact(config: SovitsConfig = SMALL, windows: tuple[int, ...] = (22,)) -> Synthesizer:
    """On the host nothing is padded."""
    return Synthesizer(config, random_arrays(config), buckets=replace(PADDED, windows=windows), encoders="host")


@pytest.fixture(scope="module")
def exact() -> Synthesizer:
    return _exact()


@pytest.fixture(scope="module")
def padded() -> Synthesizer:
    """Graphs of padded lengths."""
    synthesizer = Synthesizer(SMALL, random_arrays(SMALL), buckets=PADDED, encoders="host")
    synthesizer.encoders = compiled_encoders(SMALL)
    return synthesizer


def _close(actual: Array, expected: Array) -> None:
    assert np.abs(expected).max() > 1e-2
    np.testing.assert_allclose(actual, expected, atol=1e-5)


def test_padding_to_buckets_changes_no_step(exact: Synthesizer, padded: Synthesizer) -> None:
    for spectrogram in SPECTROGRAMS:
        _close(padded.timbre(spectrogram), exact.timbre(spectrogram))
    condition = exact.condition(SPECTROGRAMS)
    text, wide = exact.phonemes(TEXT), padded.phonemes(TEXT)
    assert wide.encoding.shape[2] == 16
    _close(wide.encoding[:, :, :7], text.encoding)
    content = exact.content(CODES, text, condition)
    _close(padded.content(CODES, wide, condition), content)
    noise = np.random.default_rng(0).standard_normal(noise_shape(exact, len(CODES))).astype(np.float32)
    latent, padded_latent = (s.latent(content, condition, noise) for s in (exact, padded))
    for field in ("frames", "mean", "log_std"):
        _close(getattr(padded_latent, field), getattr(latent, field))
    np.testing.assert_array_equal(padded.extract_tokens(FEATURES), exact.extract_tokens(FEATURES))


@pytest.mark.parametrize("speed", [1.0, 1.3, pytest.param(0.8, marks=pytest.mark.full)])
def test_padding_to_buckets_changes_no_audio(padded: Synthesizer, speed: float) -> None:
    frames = noise_shape(padded, len(CODES), speed)[1]
    single = _exact(windows=(frames,))
    condition = padded.condition(SPECTROGRAMS)
    noise = np.random.default_rng(1).standard_normal((8, frames)).astype(np.float32)
    audio = padded.decode(CODES, TEXT, condition, noise=noise, speed=speed)
    assert audio.shape == (frames * SMALL.generator.samples_per_frame,)
    _close(audio, single.decode(CODES, TEXT, condition, noise=noise, speed=speed))


def test_batch_equals_its_items() -> None:
    """Items of different length, padded into one batch, give what each gives in the company of itself."""
    network = SynthesizerNetwork(SMALL)
    network.load(random_arrays(SMALL))
    rng = np.random.default_rng(5)

    def normal(*shape: int) -> Array:
        return rng.standard_normal(shape).astype(np.float32)

    lengths, text_lengths = (10, 6), (5, 7)
    mask = np.stack([np.arange(10) < n for n in lengths])[:, None].astype(np.float32)
    text_mask = np.stack([np.arange(7) < n for n in text_lengths])[:, None].astype(np.float32)
    text, codes = rng.integers(0, 20, (2, 7)).astype(np.int32), rng.integers(0, 15, (2, 5)).astype(np.int32)
    condition, encoded, content = normal(2, 12, 1), normal(2, 8, 7), normal(2, 8, 10)
    cases: list[tuple[Any, tuple[Array, ...], tuple[int, ...]]] = [
        (ReferenceGraph(network), (np.abs(normal(2, 10, 10)), mask), (1, 1)),
        (PhonemeGraph(network), (text, text_mask), text_lengths),
        (ContentGraph(network), (codes, mask, encoded, text_mask, condition), lengths),
        (LatentGraph(network), (content, mask, normal(2, 8, 10), condition), lengths),
        (network.dec, (content, condition, mask), tuple(n * SMALL.generator.samples_per_frame for n in lengths)),
    ]
    for cell, inputs, valid in cases:
        graph = compiled.compile_cell(cell)

        def first(arrays: tuple[Array, ...], graph: Any = graph) -> Array:
            output = graph(*(compiled.to_tensor(array) for array in arrays))
            result: Array = (output[0] if isinstance(output, tuple) else output).asnumpy()
            return result

        batch = first(inputs)
        for i in range(2):
            alone = first(tuple(array[[i, i]] for array in inputs))  # of the same shape, so of the same graph
            _close(batch[i, :, : valid[i]], alone[0, :, : valid[i]])


def test_streaming_everything_is_decoding(padded: Synthesizer) -> None:
    condition = padded.condition(SPECTROGRAMS[:1])
    chunk = decode_streaming(padded, CODES, padded.phonemes(TEXT), condition)
    np.testing.assert_array_equal(chunk.audio, padded.decode(CODES, TEXT, condition, noise_scale=0.0))
    _close(chunk.content, padded.content(CODES, padded.phonemes(TEXT), condition))


def test_streaming_keeps_the_newest_tokens_and_fades_in(padded: Synthesizer) -> None:
    condition = padded.condition(SPECTROGRAMS[:1])
    text = padded.phonemes(TEXT)
    begin = decode_streaming(padded, CODES[:8], text, condition)
    plain = decode_streaming(padded, CODES, text, condition, result_length=5)
    faded = decode_streaming(padded, CODES, text, condition, result_length=5, overlap=begin.content[:, -4:])
    assert faded.audio.shape == (5 * 2 * SMALL.generator.samples_per_frame,)
    np.testing.assert_array_equal(faded.content[:, 4:], plain.content[:, 4:])
    np.testing.assert_allclose(faded.content[:, 0], begin.content[:, -4], atol=1e-6)


def test_noise_decides_the_audio_and_nothing_else_does(padded: Synthesizer) -> None:
    condition = padded.condition(SPECTROGRAMS[:1])
    noises = [np.random.default_rng(seed).standard_normal(noise_shape(padded, 11)) for seed in (0, 0, 1)]
    first, again, other = (padded.decode(CODES, TEXT, condition, noise=noise) for noise in noises)
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3


def test_references_are_averaged_each_with_its_speaker() -> None:
    pro = _exact(SMALL_PRO)
    singles = [pro.condition([s], [v]) for s, v in zip(SPECTROGRAMS, SPEAKERS, strict=True)]
    _close(pro.condition(SPECTROGRAMS, SPEAKERS), np.mean(singles, axis=0))
    assert np.abs(pro.condition(SPECTROGRAMS, SPEAKERS[::-1]) - np.mean(singles, axis=0)).max() > 1e-3
    with pytest.raises(InputError, match="2 references with 1 speaker embeddings"):
        pro.condition(SPECTROGRAMS, SPEAKERS[:1])
    with pytest.raises(InputError, match=r"shape \(4,\)"):
        pro.condition(SPECTROGRAMS[:1], [SPEAKERS[0][:4]])


def test_wrong_inputs_are_named(padded: Synthesizer) -> None:
    condition, text = np.zeros(12, np.float32), padded.phonemes(TEXT)
    with pytest.raises(InputError, match="at least one reference"):
        padded.condition([])
    with pytest.raises(InputError, match="each with no embedding"):
        padded.condition(SPECTROGRAMS, SPEAKERS)
    with pytest.raises(InputError, match="spectrogram of shape"):
        padded.timbre(SPECTROGRAMS[0][:9])
    with pytest.raises(InputError, match="the weights know 0 to 14"):
        padded.content(np.array([3, 15]), text, condition)
    with pytest.raises(InputError, match="phonemes of shape"):
        padded.phonemes(np.zeros(0, np.int64))
    with pytest.raises(InputError, match="there is no noise"):
        padded.decode(CODES, TEXT, condition)
    with pytest.raises(InputError, match="expected \\(8, 22\\)"):
        padded.decode(CODES, TEXT, condition, noise=np.zeros((8, 5)))
    with pytest.raises(InputError, match="features of shape"):
        padded.extract_tokens(FEATURES[:5])
    with pytest.raises(backend.BackendError, match="largest bucket"):
        padded.content(np.zeros(17, np.int64), text, condition)


@pytest.mark.parametrize("encoders", ["host", "graph"])
def test_weights_that_do_not_fit_are_named(encoders: Choice) -> None:
    arrays = random_arrays(SMALL)
    arrays["enc_q.pre.bias"] = arrays.pop("flow.flows.2.post.bias")
    with pytest.raises(WeightsError, match=r"(?s)missing: flow\.flows\.2\.post\.bias.*enc_q\.pre\.bias"):
        Synthesizer(SMALL, arrays, buckets=PADDED, encoders=encoders)


@pytest.mark.parametrize("vocoder", ["auto", "jit"])
def test_generator_weights_that_do_not_fit_are_named(vocoder: str) -> None:
    arrays = random_arrays(SMALL)
    arrays["dec.ups.0.weight"] = arrays["dec.ups.0.weight"][:, :, :-1]
    with pytest.raises(WeightsError, match=r"misshapen: (dec\.)?ups\.0"):
        Synthesizer(SMALL, arrays, buckets=PADDED, vocoder=vocoder)


def test_half_precision_is_held_and_computed_in() -> None:
    full = _exact(SMALL_PRO, PADDED.windows)
    half = Synthesizer(SMALL_PRO, random_arrays(SMALL_PRO), buckets=PADDED, dtype=np.float16)
    assert isinstance(half.encoders, GraphEncoders)
    assert half.encoders.network.ssl_proj.weight.asnumpy().dtype == np.float16
    condition = half.condition(SPECTROGRAMS, SPEAKERS)
    np.testing.assert_allclose(condition, full.condition(SPECTROGRAMS, SPEAKERS), atol=5e-3)
    audio = half.decode(CODES, TEXT, condition, noise_scale=0.0)
    assert audio.dtype == np.float16
    expected = full.decode(CODES, TEXT, condition.astype(np.float32), noise_scale=0.0)
    np.testing.assert_allclose(audio, expected, atol=1e-2)
    np.testing.assert_array_equal(half.extract_tokens(FEATURES), full.extract_tokens(FEATURES))


def test_warm_up_compiles_every_window() -> None:
    lengths: list[int] = []
    voice = Synthesizer(SMALL_PRO, random_arrays(SMALL_PRO), buckets=PADDED, vocoder="jit", encoders="host")
    voice.encoders = compiled_encoders(SMALL_PRO)
    seconds = voice.warm_up([11], [7], [9], lambda length, _: lengths.append(length))
    assert seconds > 0 and lengths == [9, 11, 31, 32, 40]
