"""Full attention over rows of time in native code; keeps nothing between calls."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import numpy.typing as npt

from GPT_SoVITS.native.decoder import NativeError

Array = npt.NDArray[Any]


class NativeAttention:
    """Attention of all heads at once.

    Args:
        library: The loaded library.
        heads: Heads.
        threads: Of every call; 0 for as many as the process may use.
        rounded: Whether what is multiplied is rounded to bfloat16, where the processor multiplies such numbers.
    """

    def __init__(self, library: ctypes.CDLL, heads: int, threads: int = 0, *, rounded: bool = False) -> None:
        self._run, self.heads, self.threads = library.attention_run, heads, threads
        whole, pointer = ctypes.c_int, ctypes.c_void_p
        self._run.restype, self._run.argtypes = whole, [pointer, whole, whole, whole, whole, pointer, whole, whole]
        self._rounded = int(rounded)

    def __call__(self, qkv: Array, keys: int) -> Array:
        """Return what every row of qkv (T, 3 * width) takes from the first ``keys`` rows, (T, width) float32.

        Queries, which are scaled already, keys and values lie side by side, head after head within each.
        """
        width = qkv.shape[1] // 3 if qkv.ndim == 2 else 0
        if not width or qkv.shape[1] % (3 * self.heads) or not 1 <= keys <= len(qkv):
            raise NativeError(f"attention of {self.heads} heads over {keys} keys of {qkv.shape}")
        rows = np.ascontiguousarray(qkv, np.float32)
        mixed = np.empty((len(rows), width), np.float32)
        status = self._run(
            rows.ctypes.data, len(rows), self.heads, width // self.heads, keys, mixed.ctypes.data, self._rounded,
            self.threads,
        )  # fmt: skip
        if status < 0:
            raise MemoryError(f"no memory for attention over {len(rows)} rows")
        return mixed
