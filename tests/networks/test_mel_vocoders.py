"""The vocoders of v3 and v4: native code, graphs and plain numpy agree, at any length and in windows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from GPT_SoVITS.layers.weights import WeightsError
from GPT_SoVITS.native.library import load
from GPT_SoVITS.sovits import reference_generator
from GPT_SoVITS.sovits.config import ConfigError, GeneratorConfig
from GPT_SoVITS.sovits.native_vocoder import VocoderUnavailableError
from GPT_SoVITS.sovits.shapes import generator_shapes
from GPT_SoVITS.vocoders import reference_bigvgan
from GPT_SoVITS.vocoders.bigvgan_cells import BigVganGraph
from GPT_SoVITS.vocoders.choose import choose_bigvgan, choose_hifigan
from GPT_SoVITS.vocoders.config import BigVganConfig, HifiGanConfig
from GPT_SoVITS.vocoders.filters import low_pass
from GPT_SoVITS.vocoders.mel_vocoder import BigVgan
from GPT_SoVITS.vocoders.native_bigvgan import NativeBigVgan
from GPT_SoVITS.vocoders.shapes import bigvgan_shapes

Array = np.ndarray[Any, np.dtype[Any]]
GENERATOR = GeneratorConfig(6, 32, (4, 2), (8, 4), (3, 7), ((1, 3), (1, 2)), 0)
BIGVGAN = BigVganConfig(GENERATOR, sampling_rate=800, tangent=False)
HIFIGAN = HifiGanConfig(replace(GENERATOR, post_bias=True))
TOLERANCE = 2e-6


def _normal(shape: tuple[int, ...], spread: float, rng: np.random.Generator) -> Array:
    return (rng.standard_normal(shape) * spread).astype(np.float32)


def _weights(shapes: dict[str, tuple[int, ...]]) -> dict[str, Array]:
    rng = np.random.default_rng(3)
    return {
        name: _normal(shape, 1 / np.sqrt(np.prod(shape[1:])) if len(shape) > 1 else 0.3, rng)
        for name, shape in shapes.items()
    }


WEIGHTS = _weights(bigvgan_shapes(BIGVGAN))
WEIGHTS["conv_post.weight"] *= np.float32(0.15)  # audio within 1, so that nothing hides behind its bounds


def _mel(frames: int) -> Array:
    return _normal((6, frames), 1.0, np.random.default_rng(frames))


def _native(config: BigVganConfig = BIGVGAN) -> NativeBigVgan:
    if load().handle is None:
        pytest.skip(load().description)
    return NativeBigVgan(config, WEIGHTS, load())


@pytest.mark.parametrize("frames", [1, 2, 3, 9, 40])
def test_native_code_computes_what_numpy_does(frames: int) -> None:
    expected = reference_bigvgan.stages(BIGVGAN, WEIGHTS, _mel(frames))[1]
    assert 0.05 < np.abs(expected).max() <= 1.0
    np.testing.assert_allclose(_native()(_mel(frames)), expected, atol=TOLERANCE)


@pytest.mark.parametrize("frames", [9, pytest.param(1, marks=pytest.mark.full)])
def test_the_graph_computes_what_numpy_does(frames: int) -> None:
    expected = reference_bigvgan.stages(BIGVGAN, WEIGHTS, _mel(frames))[1]
    np.testing.assert_allclose(BigVganGraph(BIGVGAN, WEIGHTS)(_mel(frames)), expected, atol=TOLERANCE)


def test_loud_audio_is_cut_off_or_bent_as_the_configuration_says() -> None:
    loud = {**WEIGHTS, "conv_post.weight": WEIGHTS["conv_post.weight"] * 6}
    for tangent in (False, True):
        config = replace(BIGVGAN, tangent=tangent)
        expected = reference_bigvgan.stages(config, loud, _mel(5))[1]
        assert (np.abs(expected) == 1.0).sum() > 5 or tangent
        if load().handle is not None:
            np.testing.assert_allclose(NativeBigVgan(config, loud, load())(_mel(5)), expected, atol=2e-5)


def test_windows_equal_one_run() -> None:
    whole, mel = _native(), _mel(150)
    windowed = BigVgan(BIGVGAN, whole, "", flexible=False, windows=(64, 80))
    pieces = list(windowed.stream(mel))
    assert len(pieces) > 2
    np.testing.assert_allclose(np.concatenate(pieces), whole(mel), atol=TOLERANCE)


def test_the_halo_holds_every_frame_that_matters() -> None:
    run, mel = _native(), _mel(120)
    changed = mel.copy()
    changed[:, 60] += 1.0
    touched = np.flatnonzero(np.abs(run(mel) - run(changed)) > TOLERANCE) // GENERATOR.samples_per_frame
    assert max(60 - touched[0], touched[-1] - 60) <= BIGVGAN.halo


def test_an_activation_is_one_pass_that_adds_no_constant() -> None:
    """The filters sum to 1, so a constant goes through both of them unchanged."""
    arrays = {"a.act.alpha": np.zeros(3, np.float32), "a.act.beta": np.zeros(3, np.float32)}
    constant = np.full((3, 11), np.float32(0.4))
    expected = constant + np.sin(constant) ** 2
    np.testing.assert_allclose(reference_bigvgan.activate(constant, arrays, "a"), expected, atol=1e-6)
    np.testing.assert_allclose(low_pass().sum(), 1.0, atol=1e-6)


@pytest.mark.parametrize("form", ["jit", "native"])
def test_hifigan_without_condition_and_with_a_last_bias(form: str) -> None:
    if form == "native" and load().handle is None:
        pytest.skip(load().description)
    weights = _weights(generator_shapes(HIFIGAN.generator))
    weights["conv_post.bias"][:] = 0.5
    vocoder = choose_hifigan(HIFIGAN, weights, form)
    for frames in (1, 17, 90):
        expected = reference_generator.generate(HIFIGAN.generator, weights, _mel(frames), np.zeros(1, np.float32))
        np.testing.assert_allclose(vocoder(_mel(frames)), expected, atol=TOLERANCE)


def test_weights_that_do_not_fit_are_named() -> None:
    arrays = {key: array for key, array in WEIGHTS.items() if key != "activation_post.act.beta"}
    for form in ("native", "jit") if load().handle is not None else ("jit",):
        with pytest.raises(WeightsError, match=r"activation_post\.act\.beta"):
            choose_bigvgan(BIGVGAN, arrays, form)


def test_configurations_of_other_vocoders_are_refused() -> None:
    official = {
        "resblock": "1", "activation": "snakebeta", "snake_logscale": True, "num_mels": 6, "hop_size": 8,
        "upsample_initial_channel": 32, "upsample_rates": [4, 2], "upsample_kernel_sizes": [8, 4],
        "resblock_kernel_sizes": [3, 7], "resblock_dilation_sizes": [[1, 3], [1, 2]], "sampling_rate": 800,
        "use_tanh_at_final": False, "use_bias_at_final": False,
    }  # fmt: skip
    assert BigVganConfig.from_official(official) == BIGVGAN
    with pytest.raises(ConfigError, match="another kind"):
        BigVganConfig.from_official({**official, "activation": "snake"})
    with pytest.raises(ConfigError, match="hop"):
        BigVganConfig.from_official({**official, "hop_size": 9})
    with pytest.raises(ConfigError, match="num_mels"):
        BigVganConfig.from_official({key: value for key, value in official.items() if key != "num_mels"})


def test_native_code_that_computes_wrongly_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    _native()
    right = NativeBigVgan.__call__
    monkeypatch.setattr(NativeBigVgan, "__call__", lambda self, mel: right(self, mel) + np.float32(0.01))
    with pytest.raises(VocoderUnavailableError, match=r"self-check of native code found a difference of 0\.01"):
        choose_bigvgan(BIGVGAN, WEIGHTS, "native")
    monkeypatch.setattr(NativeBigVgan, "__call__", right)
    assert choose_bigvgan(BIGVGAN, WEIGHTS, "native").description.startswith("native")
