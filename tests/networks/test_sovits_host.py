"""The synthesizer's steps on the host: equal to the graphs' for every length, held once, never compiled."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from GPT_SoVITS.layers.products import PlainProducts
from GPT_SoVITS.native.library import load
from GPT_SoVITS.native.products import NativeProducts
from GPT_SoVITS.sovits.config import SovitsConfig
from GPT_SoVITS.sovits.host import HostEncoders, matrices
from GPT_SoVITS.sovits.network import SynthesizerNetwork
from GPT_SoVITS.sovits.shapes import encoder_shapes
from GPT_SoVITS.sovits.synthesizer import Synthesizer
from tests.networks.sovits_small import SMALL, SMALL_PRO, compiled_encoders, encoder_arrays, random_arrays

Array = np.ndarray[Any, np.dtype[Any]]
VERSIONS = {
    "v2": SMALL,
    "v1": replace(SMALL, version="v1"),
    "50 Hz": replace(SMALL, version="v1", codes_per_second=50),
    "v2Pro": SMALL_PRO,
}
AS_IN_V2 = {"50 Hz": ("timbre", "latent"), "v2Pro": ("timbre", "latent", "tokens")}
"""Steps whose graphs are those of v2, node by node; all of v1's are."""
TOLERANCE = 1e-5
"""Largest difference seen: 1e-6."""


def _host(config: SovitsConfig, holding: str) -> HostEncoders:
    arrays = encoder_arrays(config)
    layers = matrices(config, arrays)
    if holding == "numpy":
        return HostEncoders(config, arrays, PlainProducts(layers))
    library = load()
    if library.handle is None:
        pytest.skip(library.description)
    return HostEncoders(config, arrays, NativeProducts(library.handle, layers, "fp32"))


@pytest.mark.parametrize("version", VERSIONS)
def test_the_shapes_are_those_of_the_network(version: str) -> None:
    config = VERSIONS[version]
    parameters = SynthesizerNetwork(config, with_generator=False).parameters_and_names()
    assert encoder_shapes(config) == {name: tuple(parameter.shape) for name, parameter in parameters}


@pytest.mark.parametrize("holding", ["numpy", "native"])
@pytest.mark.parametrize("version", ["v2", *AS_IN_V2])
def test_every_step_equals_its_graph(version: str, holding: str) -> None:
    config, same = VERSIONS[version], AS_IN_V2.get(version, ())
    graphs, host, rng = compiled_encoders(config), _host(config, holding), np.random.default_rng(4)

    def normal(*shape: int) -> Array:
        return rng.standard_normal(shape).astype(np.float32)

    timbre = normal(config.gin_channels)
    if "timbre" not in same:
        spectrogram = np.abs(normal(config.reference_bins, 23))
        timbre = graphs.timbre(spectrogram)
        np.testing.assert_allclose(host.timbre(spectrogram), timbre, atol=TOLERANCE)
    if config.is_pro:
        speaker = normal(config.speaker_embedding_dim)
        np.testing.assert_allclose(
            host.with_speaker(timbre, speaker), graphs.with_speaker(timbre, speaker), atol=TOLERANCE
        )
    for count in (1, 2, 5, 16):  # fewer than the attention window's reach, and more
        ids, codes = rng.integers(0, 20, min(count, 13)), rng.integers(0, 15, count)
        mine, theirs = host.phonemes(ids), graphs.phonemes(ids)
        np.testing.assert_allclose(mine.encoding, theirs.encoding[:, :, : len(ids)], atol=TOLERANCE)
        content = graphs.content(codes, theirs, timbre)
        np.testing.assert_allclose(host.content(codes, mine, timbre), content, atol=TOLERANCE)
        np.testing.assert_allclose(host.content(codes, theirs, timbre), content, atol=TOLERANCE)
        if "latent" not in same:
            noise = normal(config.inter_channels, content.shape[1])
            ours, expected = (steps.latent(content, noise, timbre) for steps in (host, graphs))
            for one, other in zip(ours, expected, strict=True):
                assert np.abs(other).max() > 1e-2
                np.testing.assert_allclose(one, other, atol=TOLERANCE)
    if "tokens" not in same:
        features = normal(config.ssl_dim, 39)
        np.testing.assert_array_equal(host.tokens(features), graphs.tokens(features))


def test_in_half_precision_nothing_is_rounded_that_the_file_holds() -> None:
    """Official files hold float16; the flow's matrices come from its weight norm and are float32."""
    arrays = {
        name: value if name.startswith("flow.") else value.astype(np.float16).astype(np.float32)
        for name, value in random_arrays(SMALL).items()
    }
    full, half = (Synthesizer(SMALL, arrays, holding=held) for held in ("fp32", "fp16"))
    codes, text = np.arange(14), np.arange(9)
    condition = np.linspace(-1, 1, SMALL.gin_channels, dtype=np.float32)
    content = [voice.content(codes, voice.phonemes(text), condition) for voice in (full, half)]
    np.testing.assert_allclose(content[1], content[0], atol=2e-6)
    frames = [voice.latent(content[0], condition, None, 0.0).frames for voice in (full, half)]
    np.testing.assert_allclose(frames[1], frames[0], atol=2e-6)
    assert half.encoders.nbytes < full.encoders.nbytes
    np.testing.assert_array_equal(half.extract_tokens(np.ones((6, 8))), full.extract_tokens(np.ones((6, 8))))


def test_weights_are_held_once_and_for_no_length() -> None:
    """Native matrices hold two or four bytes a weight, however many lengths have been run."""
    library = load()
    if library.handle is None:
        pytest.skip(library.description)
    wide = replace(SMALL, hidden_channels=64, filter_channels=128, mrte_hidden=64, gin_channels=64)
    arrays = encoder_arrays(replace(wide, generator=replace(SMALL.generator, condition_channels=64)))
    layers = matrices(wide, arrays)
    packed = {held: NativeProducts(library.handle, layers, held).nbytes for held in ("fp32", "fp16")}
    # Outputs are padded to whole panels, which narrow matrices feel.
    assert 4 <= packed["fp32"] / sum(math.prod(weight.shape) for weight, _ in layers.values()) < 6
    assert packed["fp16"] < 0.6 * packed["fp32"]
