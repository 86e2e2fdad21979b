"""Products with the weight matrices of a network, as networks without graphs ask for them.

Native code (``native/products.py``) offers them with packed matrices; :class:`PlainProducts` does where there is none.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


class Change(Protocol):
    """What is added to a matrix (outputs, inputs): ``up @ down``."""

    @property
    def up(self) -> Array:
        """(outputs, rank)."""

    @property
    def down(self) -> Array:
        """(rank, inputs)."""


class Part(NamedTuple):
    """Rows of a matrix, and what is added to them."""

    weight: Array
    change: Change | None = None


class Stacked:
    """A matrix (outputs, inputs) of parts under one another, which nobody makes before it is packed."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = tuple(parts)

    @property
    def shape(self) -> tuple[int, int]:
        """Outputs and inputs."""
        return sum(len(part.weight) for part in self.parts), self.parts[0].weight.shape[1]

    def whole(self) -> Array:
        """Return the matrix, float32 where something is added."""
        return np.concatenate([_changed(*part) for part in self.parts])


def _changed(weight: Array, change: Change | None) -> Array:
    if change is None:
        return weight
    result: Array = change.up.astype(np.float32) @ change.down.astype(np.float32)
    result += weight
    return result


class Windowed:
    """A convolution as the matrix of its windows, (outputs, kernel * inputs): a window's moments side by side.

    Its numbers are put into this order when it is packed, one layer after the other: a network's have many megabytes.

    Args:
        weight: (outputs, inputs, kernel).
    """

    def __init__(self, weight: Array) -> None:
        self._weight = weight

    @property
    def shape(self) -> tuple[int, int]:
        """Outputs and inputs of the matrix."""
        outputs, inputs, kernel = self._weight.shape
        return outputs, inputs * kernel

    @property
    def parts(self) -> tuple[Part, ...]:
        """The matrix."""
        return (Part(self._weight.transpose(0, 2, 1).reshape(len(self._weight), -1)),)

    def whole(self) -> Array:
        """Return the matrix."""
        return self.parts[0].weight


Matrix = Array | Stacked | Windowed
Layers = dict[str, tuple[Matrix, Array]]
"""Name to matrix (outputs, inputs) and bias (outputs,)."""


def parts_of(matrix: Matrix) -> tuple[Part, ...]:
    """Return what a matrix is made of."""
    return (Part(matrix),) if isinstance(matrix, np.ndarray) else matrix.parts


def array_of(matrix: Matrix) -> Array:
    """Return a matrix as an array."""
    return matrix if isinstance(matrix, np.ndarray) else matrix.whole()


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

    def __init__(self, layers: Mapping[str, tuple[Matrix, Array]]) -> None:
        self._layers = {
            name: (np.array(array_of(weight).T, np.float32, order="C"), np.array(bias, np.float32))
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
