"""Products with the weight matrices of a network in native code: packed once, float32 or float16, any number of rows.

This knows nothing of MindSpore. Calls release the interpreter lock. A set of matrices is used by one thread at a time.
"""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from GPT_SoVITS.layers.products import Change, Matrix, Part, parts_of
from GPT_SoVITS.native.decoder import NativeError

Array = npt.NDArray[Any]
Precision = Literal["fp32", "fp16", "bf16"]
_PRECISIONS: dict[Precision, int] = {"fp32": 0, "fp16": 1, "bf16": 3}
_GROUP = 64
"""Of int8 weights, which are not offered here; native code wants a number."""
_FILLING = 2
"""Threads that pack matrices; more would only wait for memory."""


def _declare(library: ctypes.CDLL) -> None:
    pointer, whole, long = ctypes.c_void_p, ctypes.c_int, ctypes.c_longlong
    signatures: dict[str, tuple[Any, list[Any]]] = {
        "products_offers": (whole, [whole]),
        "products_new": (pointer, [pointer, whole, whole, whole]),
        "products_free": (None, [pointer]),
        "products_bytes": (long, [pointer]),
        "products_room": (whole, [pointer, whole]),
        "products_set": (whole, [pointer, whole, whole, whole, pointer, whole, pointer, pointer, pointer, whole]),
        "products_run": (whole, [pointer, whole, pointer, long, whole, pointer, whole, whole]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments


def multiplies_bfloat16(library: ctypes.CDLL) -> bool:
    """Whether this processor has products of bfloat16 that a library uses; an older library has none."""
    try:
        _declare(library)
    except AttributeError:
        return False
    return bool(library.products_offers(_PRECISIONS["bf16"]))


class NativeProducts:
    """Matrices by name.

    Args:
        library: The loaded library.
        layers: Matrix (outputs, inputs) and bias (outputs,) of each; copied two at a time at most and not kept. What is
            added to a matrix is added in float32 while it is packed.
        precision: How matrices are held; sums are float32 always. With ``bf16`` rows are rounded to bfloat16 as well;
            it is ``fp16`` where the processor does not multiply such numbers.
        threads: Of every call; 0 for as many as the process may use.

    Attributes:
        precision: How they are held.

    Raises:
        NativeError: a weight is not finite in the precision.
        MemoryError: there is no room.
    """

    def __init__(
        self,
        library: ctypes.CDLL,
        layers: Mapping[str, tuple[Matrix, Array]],
        precision: Precision = "fp32",
        *,
        threads: int = 0,
    ) -> None:
        _declare(library)
        self._library, self.threads = library, threads
        self._index = {name: index for index, name in enumerate(layers)}
        self._shapes = [weight.shape for weight, _ in layers.values()]
        sizes = np.array(self._shapes, np.int32)
        self.precision = precision if library.products_offers(_PRECISIONS[precision]) else "fp16"
        self._set = library.products_new(sizes.ctypes.data, len(sizes), _PRECISIONS[self.precision], _GROUP)
        if not self._set:
            raise MemoryError(f"no memory for {len(sizes)} matrices")
        self.close: Callable[[], object] = weakref.finalize(self, library.products_free, self._set)
        with ThreadPoolExecutor(min(threads or _FILLING, _FILLING)) as pool:
            list(pool.map(self._fill, layers, layers.values()))  # raises what one of them raises
        self._room = [int(library.products_room(self._set, index)) for index in range(len(sizes))]

    @property
    def nbytes(self) -> int:
        """Bytes of matrices held."""
        return int(self._library.products_bytes(self._set))

    def __call__(self, name: str, rows: Array, relu: bool = False) -> Array:
        """Return rows (n, inputs) float32 times a matrix, with its bias, (n, outputs) float32.

        Rows may overlap in memory (windows of a longer signal): nothing is copied as long as each lies together.
        """
        index = self._index[name]
        outputs, inputs = self._shapes[index]
        if rows.ndim != 2 or rows.shape[1] != inputs or rows.dtype != np.float32:
            raise NativeError(f"{name} takes (n, {inputs}) float32, not {rows.shape} {rows.dtype}")
        if rows.strides[1] != 4 or rows.strides[0] % 4 or rows.strides[0] < 0:
            rows = np.ascontiguousarray(rows)
        result = np.empty((len(rows), self._room[index]), np.float32)
        status = self._library.products_run(
            self._set,
            index,
            rows.ctypes.data,
            rows.strides[0] // 4,
            len(rows),
            result.ctypes.data,
            int(relu),
            self.threads,
        )
        if status < 0:
            raise MemoryError(f"no memory for {name} of {len(rows)} rows")
        return result[:, :outputs]

    def _fill(self, name: str, layer: tuple[Matrix, Array]) -> None:
        matrix, bias = layer[0], np.ascontiguousarray(layer[1], np.float32)
        if matrix.shape != (len(bias), matrix.shape[1]):
            raise NativeError(f"{name}: a matrix of shape {matrix.shape} with {len(bias)} biases")
        row = 0
        for part in parts_of(matrix):
            count = len(part.weight)
            if not self._set_rows(self._index[name], row, part, bias[row : row + count]):
                raise NativeError(f"{name} holds a number that is not finite")
            row += count

    def _set_rows(self, index: int, row: int, part: Part, bias: Array) -> bool:
        """Pack rows of a matrix; False if a number is not finite."""
        held = np.float16 if part.weight.dtype == np.float16 else np.float32
        weight = np.ascontiguousarray(part.weight, held)
        up, down = _halves(part.change)
        status = self._library.products_set(
            self._set, index, row, len(weight), weight.ctypes.data, int(held == np.float16), bias.ctypes.data,
            up.ctypes.data, down.ctypes.data, len(down),
        )  # fmt: skip
        return bool(status >= 0)


def _halves(change: Change | None) -> tuple[Array, Array]:
    """What is added to rows, as native code reads it; of rank 0 where that is nothing."""
    if change is None:
        return np.zeros((0, 0), np.float32), np.zeros((0, 0), np.float32)
    return np.ascontiguousarray(change.up, np.float32), np.ascontiguousarray(change.down, np.float32)
