"""The native kernels against the portable backend, on a small random network.

Ragged rows over advancing positions, across a page of the cache, and a row alone against the same row in company. Only
``self_check.py`` uses this, mostly in a process of its own: the portable backend compiles graphs of MindSpore.
"""

from __future__ import annotations

import ctypes
import json
from functools import lru_cache

import numpy as np

from GPT_SoVITS import backend as device
from GPT_SoVITS.native.decoder import Precision
from GPT_SoVITS.t2s.backend import DecodeBackend
from GPT_SoVITS.t2s.comparison import relative_difference, sample_sequence
from GPT_SoVITS.t2s.config import T2SConfig
from GPT_SoVITS.t2s.jit_backend import JitBackend
from GPT_SoVITS.t2s.native_backend import NativeBackend
from GPT_SoVITS.t2s.network import Text2SemanticDecoder

SMALL = T2SConfig(
    vocab_size=37, phoneme_vocab_size=19, hidden_dim=48, head=3, n_layer=2, bert_dim=10, max_positions=256
)
# Text and prompt of the rows; the first reaches the end of a cache page within the steps.
_ROWS = ((5, 118), (3, 0), (40, 21))
_STEPS = 8


def _small_arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    arrays = {}
    for name, parameter in Text2SemanticDecoder(SMALL).parameters_and_names():
        shape = tuple(parameter.shape)
        spread = shape[-1] ** -0.5 if len(shape) > 1 and "embedding" not in name else 0.3
        offset = 1.0 if name.endswith(("norm1.weight", "norm2.weight", "alpha")) else 0.0
        values = (rng.standard_normal(shape) * spread + offset).astype(np.float16)
        arrays[name] = values.astype(np.float32)
    return arrays


def _logits(backend: DecodeBackend, rows: list[int], slots: int) -> np.ndarray:
    """Logits (steps + 1, rows, vocab) of these rows of the plan, side by side."""
    state = backend.start(slots)
    used = list(range(slots))[-len(rows) :]  # the last slots, so that free ones come before
    sequences = [sample_sequence(SMALL, *_ROWS[row]) for row in rows]
    found = [np.stack([backend.prefill(state, *each) for each in zip(used, sequences, strict=True)])]
    for step in range(_STEPS):
        tokens = np.zeros(state.rows, np.int64)
        tokens[used] = [(7 * row + 3 * step) % SMALL.eos for row in rows]
        found.append(backend.step(state, tokens)[used])
    backend.finish(state)
    return np.stack(found)


@lru_cache(maxsize=1)
def _expected() -> np.ndarray:
    backend = JitBackend.from_arrays(SMALL, _small_arrays(), capacities=(256,), prefill_lengths=(128,), row_counts=(4,))
    return _logits(backend, [0, 1, 2], 4)


def measure(path: str, precision: Precision, threads: int) -> tuple[float, bool]:
    """Run both backends.

    Args:
        path: The native library.
        precision: Of the native weights.
        threads: Of the native backend; 0 for as many as the process may use.

    Returns:
        The largest difference of logits relative to the largest logit, and whether a row that is alone gets the same
        logits to the last bit.
    """
    native = NativeBackend(ctypes.CDLL(path), SMALL, _small_arrays(), precision, threads=threads)
    found = _logits(native, [0, 1, 2], 4)
    alone = _logits(native, [2], 1)
    return relative_difference(found, _expected()), np.array_equal(alone[:, 0], found[:, 2])


def main(path: str, precision: Precision, threads: str) -> None:
    """Print the outcome as JSON on the last line; the kernels run on CPU, so the portable step does as well."""
    device.configure("CPU")
    print(json.dumps(measure(path, precision, int(threads))))
