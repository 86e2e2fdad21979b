"""Mixed precision: products and convolutions of a network in float16, everything else as it was.

Parameters stay float32, and so do norms, soft-max, sums, losses and the optimiser: each product rounds what it takes
and widens what it makes, as ``torch.autocast`` has it. Its gradients are rounded at the same places, so they need a
scaled loss (:mod:`GPT_SoVITS.training.scaling`).

A CPU multiplies in float32 what was rounded to float16, and rounds what comes out. MindSpore's float16 operators do the
same there, to the last bit; said in the open, it lets native convolutions keep their places, which take float32 alone.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import mindspore as ms
from mindspore import Tensor, nn, ops

from GPT_SoVITS import backend
from GPT_SoVITS.cfm.cells import PlainNorm
from GPT_SoVITS.layers.linear import Product
from GPT_SoVITS.layers.normalisation import ChannelLayerNorm, Normalisation
from GPT_SoVITS.sovits.quantizer import Quantizer
from GPT_SoVITS.sovits.reference_encoder import ReferenceEncoder
from GPT_SoVITS.training.kernels import NativeConvolution, use_native_kernels

_PRODUCTS = (ops.MatMul, ops.BatchMatMul, ops.Conv2D, NativeConvolution, Product)
_EXACT = (Normalisation, ChannelLayerNorm, PlainNorm, Quantizer, ReferenceEncoder)
"""Cells whose own products are averages, or choices that rounding would move; those of their parts are not."""


class HalfProduct(nn.Cell):
    """A product of two tensors that are rounded to float16, and so is the result; float32 in and out."""

    def __init__(self, product: Any) -> None:
        super().__init__()
        self.product = product
        self.kind = ms.float16 if backend.set_up().is_ascend else ms.float32

    def construct(self, a: Tensor, b: Tensor) -> Tensor:
        a, b = a.astype(ms.float16).astype(self.kind), b.astype(ms.float16).astype(self.kind)
        return self.product(a, b).astype(ms.float16).astype(ms.float32)


def arrange(network: nn.Cell, half: bool, leave: Collection[str] = ()) -> None:
    """Let a network with convolutions compute as it is trained: natively where that is possible, and in float16.

    Args:
        network: That no graph has run yet.
        half: Whether products and convolutions compute in float16.
        leave: See :func:`compute_in_half`.
    """
    use_native_kernels(network)
    if half:  # behind it: native kernels take the places of operators, not of what holds one
        compute_in_half(network, leave)


def compute_in_half(network: nn.Cell, leave: Collection[str] = ()) -> int:
    """Let a network's products and convolutions compute in float16; return how many.

    Args:
        network: That no graph has run yet.
        leave: Beginnings of the names of parts that stay float32.
    """
    count = 0
    for name, cell in list(network.cells_and_names()):
        if not isinstance(cell, (*_EXACT, HalfProduct, Product)) and not f"{name}.".startswith(tuple(leave)):
            count += _halve(cell)
    return count


def _halve(cell: nn.Cell) -> int:
    """Replace the products that a cell holds itself; return how many."""
    own = {**vars(cell), **cell.name_cells()}
    found = {name: part for name, part in own.items() if isinstance(part, _PRODUCTS)}
    for name, product in found.items():
        delattr(cell, name)
        setattr(cell, name, HalfProduct(product))
    return len(found)
