"""Which decode backend weights get: the native one where it works and passes its checks, else the portable one."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from GPT_SoVITS import backend as device
from GPT_SoVITS.layers.weights import WeightsError
from GPT_SoVITS.native.decoder import Precision
from GPT_SoVITS.native.library import load
from GPT_SoVITS.t2s.backend import ServingBackend
from GPT_SoVITS.t2s.config import T2SConfig
from GPT_SoVITS.t2s.native_backend import NativeBackend
from GPT_SoVITS.t2s.self_check import check_kernels, check_weights

logger = logging.getLogger(__name__)

Preference = Literal["auto", "native", "jit"]


def _native(
    config: T2SConfig, arrays: Mapping[str, np.ndarray], precision: Precision, threads: int
) -> tuple[NativeBackend | None, str]:
    """Return a checked native backend, or None and why not."""
    if device.current().is_ascend:
        return None, "the networks run on Ascend"
    library = load()
    if library.handle is None:
        return None, library.reason
    try:
        wrong = check_kernels(library.handle, precision, threads)
        if wrong:
            return None, f"self-check of {library.isa} failed: {wrong}"
        native = NativeBackend(library.handle, config, arrays, precision, threads=threads)
        wrong = check_weights(native, arrays)
    except WeightsError as error:
        return None, str(error)
    except MemoryError:
        return None, "no memory for the native weights"
    if wrong:
        native.close()
        return None, f"self-check of {library.isa} failed: {wrong}"
    return native, ""


def _describe(native: NativeBackend, isa: str) -> str:
    precision = native.decoder.precision
    exact = " (exact)" if precision == "fp16" and native.decoder.inexact == 0 else ""
    return f"native {precision}{exact} on {isa}"


def choose_backend(
    config: T2SConfig,
    arrays: Mapping[str, np.ndarray],
    precision: Precision = "fp16",
    prefer: Preference = "auto",
    threads: int = 0,
    row_counts: Sequence[int] | None = None,
) -> tuple[ServingBackend, str, str]:
    """Return the decode backend for these weights, its description, and why it is not native (empty when it is).

    The native backend does not keep the arrays, and MindSpore gets none of them; the caller may drop them.

    Args:
        config: Sizes of the network.
        arrays: Weights under the network's parameter names, float16 or float32.
        precision: Of the native weights; the portable backend computes in float32 whatever this says.
        prefer: ``"jit"`` takes the portable backend; ``"native"`` warns where ``"auto"`` is silent.
        threads: Of the native backend; 0 for as many as the process may use.
        row_counts: Sizes of a batch that the portable backend compiles for; None for its own.

    Raises:
        WeightsError: the arrays do not fit the configuration.
    """
    if prefer == "jit":
        native, reason = None, "the portable backend was asked for"
    else:
        native, reason = _native(config, arrays, precision, threads)
    if native is not None:
        return native, _describe(native, load().isa), ""
    level = logging.WARNING if prefer == "native" else logging.INFO
    logger.log(level, "decoding with the portable backend: %s", reason)
    from GPT_SoVITS.t2s.jit_backend import JitBackend

    options = {} if row_counts is None else {"row_counts": row_counts}
    return JitBackend.from_arrays(config, arrays, **options), "portable (MindSpore graphs, fp32)", reason


__all__ = ["Preference", "WeightsError", "choose_backend"]
