"""Chooses what computes a vocoder of v3 or v4 on this machine."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np

from GPT_SoVITS.execution import Machine, form_of
from GPT_SoVITS.layers.weights import check_results
from GPT_SoVITS.native.library import load
from GPT_SoVITS.sovits.native_vocoder import PREFIX, NativeGenerator, VocoderUnavailableError, self_check
from GPT_SoVITS.vocoders.config import BigVganConfig, HifiGanConfig
from GPT_SoVITS.vocoders.mel_vocoder import BigVgan, HifiGan, MelVocoder
from GPT_SoVITS.vocoders.native_bigvgan import NativeBigVgan
from GPT_SoVITS.vocoders.reference_bigvgan import stages

logger = logging.getLogger(__name__)

Array = np.ndarray[Any, np.dtype[Any]]
CHECK_TOLERANCE = 1e-4
CHECK_FRAMES = 1


def choose_bigvgan(
    config: BigVganConfig, arrays: Mapping[str, Array], choice: str = "auto", dtype: type = np.float32
) -> MelVocoder:
    """Return v3's vocoder: native code, or the compiled graph.

    Args:
        config: Sizes.
        arrays: Official arrays, weight norm folded.
        choice: ``auto``; ``native`` and ``graph`` (or ``jit``) insist.
        dtype: numpy float type of the graph's weights; native code computes in float32 only.

    Raises:
        WeightsError: the arrays do not fit the sizes.
        VocoderUnavailableError: ``native`` was asked for and cannot be used.
    """
    reason = _why_not_native(choice, dtype)
    if not reason:
        try:
            native = NativeBigVgan(config, arrays, load())
            worst = _difference(native, config, arrays)
            if worst <= CHECK_TOLERANCE:
                return BigVgan(config, native, f"native BigVGAN ({native.isa})", flexible=True, nbytes=native.nbytes)
            reason = _wrong(worst)
        except VocoderUnavailableError as error:
            reason = str(error)
    _settle_for_graph(choice, reason)
    from GPT_SoVITS.vocoders.bigvgan_cells import BigVganGraph

    graph = BigVganGraph(config, arrays, dtype)
    return BigVgan(config, graph, f"compiled graph, because {reason}", flexible=False, nbytes=graph.nbytes)


def choose_hifigan(
    config: HifiGanConfig, arrays: Mapping[str, Array], choice: str = "auto", dtype: type = np.float32
) -> MelVocoder:
    """Return v4's vocoder; see :func:`choose_bigvgan`."""
    named = {PREFIX + key: array for key, array in arrays.items()}
    reason = _why_not_native(choice, dtype)
    if not reason:
        try:
            native = NativeGenerator(config.generator, named, load())
            worst = self_check(native, named)
            if worst <= CHECK_TOLERANCE:
                return HifiGan(config, native, f"native vocoder ({native.isa})", native.nbytes)
            reason = _wrong(worst)
        except VocoderUnavailableError as error:
            reason = str(error)
    _settle_for_graph(choice, reason)
    from GPT_SoVITS.sovits.generator_graph import GeneratorGraph

    graph = GeneratorGraph.from_generator(config.generator, named, PREFIX, dtype)
    return HifiGan(config, graph, f"compiled graph, because {reason}", graph.nbytes)


def _difference(native: NativeBigVgan, config: BigVganConfig, arrays: Mapping[str, Array]) -> float:
    """Largest difference of native code from the plain formulation over a frame.

    Raises:
        NotFiniteResultsError: the plain formulation gives no finite samples either.
    """
    mel = np.random.default_rng(1).standard_normal((config.generator.input_channels, CHECK_FRAMES), np.float32)
    with np.errstate(all="ignore"):
        _, expected = stages(config, {key: np.asarray(array, np.float32) for key, array in arrays.items()}, mel)
    check_results("samples", expected)
    return float(np.abs(native(mel) - expected).max())


def _wrong(worst: float) -> str:
    return f"the self-check of native code found a difference of {worst:.2g}"


def _why_not_native(choice: str, dtype: type) -> str:
    if form_of(choice) == "graph":
        return "the compiled graph was asked for"
    if dtype != np.float32:
        return f"native code computes in float32, not {np.dtype(dtype).name}"
    return Machine.here().why_not_native


def _settle_for_graph(choice: str, reason: str) -> None:
    if choice == "native":
        raise VocoderUnavailableError(reason)
    logger.info("vocoder: compiled graph, because %s", reason)
