"""Chooses what computes the steps of a synthesizer before its vocoder."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Literal, Protocol

import numpy as np

from GPT_SoVITS.execution import Form, Holding, SamplerHolding, host_or_graph
from GPT_SoVITS.layers.products import LayeredProducts, Layers, Matrix, PlainProducts, Products, parts_of
from GPT_SoVITS.layers.weights import check_shapes
from GPT_SoVITS.native.decoder import NativeError
from GPT_SoVITS.native.library import load
from GPT_SoVITS.native.products import NativeProducts
from GPT_SoVITS.sovits.buckets import Buckets
from GPT_SoVITS.sovits.config import SovitsConfig
from GPT_SoVITS.sovits.host import EncodedPhonemes, HostEncoders, matrices
from GPT_SoVITS.sovits.native_vocoder import PREFIX
from GPT_SoVITS.sovits.shapes import encoder_shapes

logger = logging.getLogger(__name__)

Array = np.ndarray[Any, np.dtype[Any]]
Choice = Form | Literal["auto"]
"""A form, or ``auto`` for the one that ``plan_execution`` chooses on this machine."""


class Encoders(Protocol):
    """Everything of a synthesizer but its vocoder, numpy in and out, without a batch axis.

    Attributes:
        needs_compiling: Every length of the buckets has to be run once before it is fast.
    """

    needs_compiling: bool

    @property
    def nbytes(self) -> int:
        """Bytes of weights held."""

    def timbre(self, spectrogram: Array) -> Array: ...

    def with_speaker(self, timbre: Array, speaker: Array) -> Array: ...

    def phonemes(self, ids: Array) -> EncodedPhonemes: ...

    def content(self, codes: Array, phonemes: EncodedPhonemes, condition: Array) -> Array: ...

    def latent(self, content: Array, noise: Array, condition: Array) -> tuple[Array, Array, Array]: ...

    def tokens(self, features: Array) -> Array: ...


def choose_encoders(
    config: SovitsConfig,
    arrays: Mapping[str, Array],
    buckets: Buckets,
    dtype: type = np.float32,
    choice: Choice = "auto",
    holding: Holding = "fp32",
    threads: int = 0,
) -> Encoders:
    """Return the host's formulation on CPU, compiled graphs on Ascend and for other types than float32.

    Args:
        config: Sizes.
        arrays: Official arrays, weight norm folded.
        buckets: Lengths that graphs are compiled for.
        dtype: numpy float type that graphs hold and compute in.
        choice: ``host`` and ``graph`` insist; there is no ``native`` form.
        holding: How the host's native matrices are held.
        threads: Of the host's products.

    Raises:
        WeightsError: the arrays do not fit the sizes.
    """
    kept = {key: value for key, value in arrays.items() if not key.startswith(PREFIX)}
    if host_or_graph(choice, dtype) == "graph":
        from GPT_SoVITS.sovits.graphs import GraphEncoders

        return GraphEncoders(config, kept, buckets, dtype)
    check_shapes("the synthesizer", encoder_shapes(config), kept)
    return HostEncoders(config, kept, hold_exactly(matrices(config, kept), holding, threads))


def hold_exactly(layers: Layers, holding: Holding, threads: int = 0) -> Products:
    """Pack matrices as :func:`hold` does, but those that float16 would round stay float32.

    In an official file these are the flow's, whose weight norm is folded after reading: 20 MB more, and the audio is
    that of float32.
    """
    rounded = {name: layer for name, layer in layers.items() if not _is_half(layer[0])}
    if holding == "fp32" or not rounded:
        return hold(layers, holding, threads)
    exact = {name: layer for name, layer in layers.items() if name not in rounded}
    if not exact:
        return hold(layers, "fp32", threads)
    return LayeredProducts(hold(rounded, "fp32", threads), rounded, hold(exact, "fp16", threads))


def _is_half(matrix: Matrix) -> bool:
    """Whether float16 holds a matrix as it is."""
    return all(part.change is None and _holds(part.weight) for part in parts_of(matrix))


def _holds(weight: Array) -> bool:
    if weight.dtype == np.float16:
        return True
    with np.errstate(over="ignore"):
        return np.array_equal(weight.astype(np.float16), weight)


def hold(layers: Layers, holding: SamplerHolding, threads: int = 0) -> Products:
    """Pack matrices natively, or in numpy where there is no native code."""
    library = load()
    if library.handle is not None:
        try:
            return NativeProducts(library.handle, layers, holding, threads=threads)
        except (NativeError, AttributeError, MemoryError) as error:
            logger.warning("matrices cannot be held natively (%s); numpy holds them", error)
    return PlainProducts(layers)
