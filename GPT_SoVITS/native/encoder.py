"""The native stack of transformer layers (HuBERT's and BERT's kind) from numpy: packed weights, any number of rows.

This knows nothing of MindSpore. Nothing is compiled for a length and nothing is padded; calls release the interpreter
lock. Calls of several threads take turns.
"""

from __future__ import annotations

import ctypes
import threading
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from GPT_SoVITS.native.decoder import INT8_GROUP, NativeError, Precision

_PRECISIONS: dict[str, int] = {"fp32": 0, "fp16": 1, "int8": 2}
_MATRICES = ("query", "key", "value", "out", "up", "down")
_NORMS = ("norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias")
TENSORS = (*(f"{name}.weight" for name in _MATRICES), *(f"{name}.bias" for name in _MATRICES), *_NORMS)
"""Names of a layer's tensors, in the order of the native kinds."""
_NO_MEMORY = -1
_Pointer = ctypes.c_void_p
Tensors = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class EncoderSizes:
    """Dimensions of the layers."""

    dim: int
    heads: int
    layers: int
    ffn: int
    epsilon: float


def _declare(library: ctypes.CDLL) -> None:
    whole, long = ctypes.c_int, ctypes.c_longlong
    signatures: dict[str, tuple[Any, list[Any]]] = {
        "encoder_new": (_Pointer, [_Pointer, ctypes.c_float, whole, whole]),
        "encoder_free": (None, [_Pointer]),
        "encoder_bytes": (long, [_Pointer]),
        "encoder_set": (whole, [_Pointer, whole, whole, _Pointer, whole, long]),
        "encoder_run": (whole, [_Pointer, whole, whole, _Pointer, whole, whole]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments


class NativeEncoder:
    """Post-norm transformer layers with full attention and GELU.

    Args:
        library: The loaded library.
        sizes: Dimensions.
        layer: Gives the tensors of a layer, named as in :data:`TENSORS`; each is asked for once, so that they need not
            be in memory all at a time. Matrices are (outputs, inputs).
        precision: How matrices are held; ``fp16`` takes float16 files as they are. Sums are float32 always.
        threads: Of every call; 0 for as many as the process may use.

    Raises:
        KeyError: a tensor is missing.
        NativeError: a tensor has the wrong size or a weight that is not finite.
        MemoryError: there is no room.
    """

    def __init__(
        self,
        library: ctypes.CDLL,
        sizes: EncoderSizes,
        layer: Callable[[int], Tensors],
        precision: Precision,
        *,
        threads: int = 0,
    ) -> None:
        _declare(library)
        self.sizes, self.precision, self.threads = sizes, precision, threads
        self._library, self._turn = library, threading.Lock()
        numbers = np.array([sizes.dim, sizes.heads, sizes.layers, sizes.ffn], np.int32)
        self._encoder = library.encoder_new(numbers.ctypes.data, sizes.epsilon, _PRECISIONS[precision], INT8_GROUP)
        if not self._encoder:
            raise MemoryError(f"no memory for an encoder of {sizes}, or impossible sizes")
        self.close: Callable[[], object] = weakref.finalize(self, library.encoder_free, self._encoder)
        for index in range(sizes.layers):
            tensors = layer(index)
            for kind, name in enumerate(TENSORS):
                self._set(index, kind, name, tensors[name])

    @property
    def nbytes(self) -> int:
        """Bytes of matrices held."""
        return int(self._library.encoder_bytes(self._encoder))

    def run(self, rows: npt.NDArray[np.float32], first: int = 0, last: int | None = None) -> npt.NDArray[np.float32]:
        """Return the state (n, dim) after layers ``first`` to before ``last`` (None for all) of the one before them."""
        if rows.ndim != 2 or rows.shape[1] != self.sizes.dim or not len(rows):
            raise NativeError(f"a state of shape {rows.shape}, expected (at least 1, {self.sizes.dim})")
        state: npt.NDArray[np.float32] = np.array(rows, np.float32, order="C")
        until = self.sizes.layers if last is None else last
        with self._turn:
            status = self._library.encoder_run(self._encoder, first, until, state.ctypes.data, len(state), self.threads)
        if status == _NO_MEMORY:
            raise MemoryError(f"no memory for {len(rows)} rows")
        if status < 0:
            raise NativeError(f"layers {first} to {until} of {self.sizes.layers} cannot be run")
        return state

    def _set(self, layer: int, kind: int, name: str, array: npt.NDArray[Any]) -> None:
        is_half = array.dtype == np.float16
        data = np.require(array, np.float16 if is_half else np.float32, ["C", "A"])
        status = self._library.encoder_set(self._encoder, layer, kind, data.ctypes.data, int(is_half), data.size)
        if status == -1:
            raise NativeError(f"{name} of layer {layer} holds a number that is not finite in {self.precision}")
        if status == -3:
            raise MemoryError(f"no memory for {name} of layer {layer}")
        if status < 0:
            raise NativeError(f"{name} of layer {layer} has {data.size} numbers, which does not fit {self.sizes}")
