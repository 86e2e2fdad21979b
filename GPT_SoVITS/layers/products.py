"""Products with the weight matrices of a network, as networks without graphs ask for them.

Native code (``native/products.py``) offers them with packed matrices; :class:`PlainProducts` does where there is none.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Protocol

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Layers = dict[str, tuple[Array, Array]]
"""Name to matrix (outputs, inputs) and bias (outputs,)."""


class Products(Protocol):
    """Weight matrices by name: rows (n, inputs) float32 -> (n, outputs), bias added.

    Rows may overlap in memory: a convolution is a product with windows of a longer signal.
    """

    def __call__(self, name: str, rows: Array, relu: bool = False) -> Array: ...

    @property
    def nbytes(self) -> int:
        """Bytes of matrices held."""


class LayeredProducts:
    """Products of which some have matrices of their own and all others those that several networks share.

    Args:
        own: Asked for the names in ``names``.
        names: Of layers.
        shared: Asked for everything else.
    """

    def __init__(self, own: Products, names: Collection[str], shared: Products) -> None:
        self._own, self._names, self._shared = own, frozenset(names), shared

    def __call__(self, name: str, rows: Array, relu: bool = False) -> Array:
        return (self._own if name in self._names else self._shared)(name, rows, relu)

    @property
    def nbytes(self) -> int:
        """Bytes of matrices held, those included that others hold as well."""
        return self._own.nbytes + self._shared.nbytes


class PlainProducts:
    """The products of numpy, in float32."""

    def __init__(self, layers: Mapping[str, tuple[Array, Array]]) -> None:
        self._layers = {
            name: (np.array(weight.T, np.float32, order="C"), np.array(bias, np.float32))
            for name, (weight, bias) in layers.items()
        }

    def __call__(self, name: str, rows: Array, relu: bool = False) -> Array:
        weight, bias = self._layers[name]
        result = np.ascontiguousarray(rows) @ weight + bias
        return np.maximum(result, 0.0, out=result) if relu else result

    @property
    def nbytes(self) -> int:
        """Bytes of matrices held."""
        return sum(weight.nbytes + bias.nbytes for weight, bias in self._layers.values())
