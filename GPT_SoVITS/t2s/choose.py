"""Which decode backend weights get: the native one where it works and passes its checks, else the portable one."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import numpy as np

from GPT_SoVITS.execution import Execution
from GPT_SoVITS.layers.weights import WeightsError
from GPT_SoVITS.native import library
from GPT_SoVITS.native.decoder import Precision
from GPT_SoVITS.t2s.backend import ServingBackend
from GPT_SoVITS.t2s.config import T2SConfig
from GPT_SoVITS.t2s.native_backend import NativeBackend
from GPT_SoVITS.t2s.self_check import check_kernels, check_weights, sample_logits

logger = logging.getLogger(__name__)


def _native(
    config: T2SConfig, arrays: Mapping[str, np.ndarray], precision: Precision, threads: int, expected: np.ndarray
) -> tuple[NativeBackend | None, str]:
    """Return a checked native backend, or None and why not."""
    found = library.load()
    if found.handle is None:
        return None, found.reason
    try:
        wrong = check_kernels(found.handle, precision, threads)
        if wrong:
            return None, f"self-check of {found.isa} failed: {wrong}"
        native = NativeBackend(found.handle, config, arrays, precision, threads=threads)
        wrong = check_weights(native, expected)
    except WeightsError as error:
        return None, str(error)
    except MemoryError:
        return None, "no memory for the native weights"
    if wrong:
        native.close()
        return None, f"self-check of {found.isa} failed: {wrong}"
    return native, ""


def _describe(native: NativeBackend, isa: str) -> str:
    precision = native.decoder.precision
    exact = " (exact)" if precision == "fp16" and native.decoder.inexact == 0 else ""
    return f"native {precision}{exact} on {isa}"


def choose_backend(
    config: T2SConfig,
    arrays: Mapping[str, np.ndarray],
    execution: Execution,
    threads: int = 0,
    row_counts: Sequence[int] | None = None,
) -> tuple[ServingBackend, str, str]:
    """Return the decode backend for these weights, its description, and why it is not native (empty when it is).

    The native backend does not keep the arrays, and MindSpore gets none of them; the caller may drop them.

    Args:
        config: Sizes of the network.
        arrays: Weights under the network's parameter names, float16 or float32.
        execution: Says which form the decoder has and how native weights are held. A native decoder that fails its
            check is replaced by graphs, which compute in float32.
        threads: Of the native backend; 0 for as many as the process may use.
        row_counts: Sizes of a batch that graphs are compiled for; None for the backend's own.

    Raises:
        WeightsError: the arrays do not fit the configuration.
        NotFiniteResultsError: they do, and what comes of them is not finite; no form of the decoder mends that.
    """
    native, reason = None, execution.why_graph
    expected = sample_logits(config, arrays)
    if execution.decoder == "native":
        native, reason = _native(config, arrays, execution.decoder_precision, threads, expected)
    if native is not None:
        return native, _describe(native, library.load().isa), ""
    logger.log(
        logging.WARNING if execution.insists_on_decoder else logging.INFO,
        "decoding with the portable backend: %s", reason,
    )  # fmt: skip
    from GPT_SoVITS.t2s.jit_backend import JitBackend

    options = {} if row_counts is None else {"row_counts": row_counts}
    return JitBackend.from_arrays(config, arrays, **options), "portable (MindSpore graphs, fp32)", reason


__all__ = ["WeightsError", "choose_backend"]
