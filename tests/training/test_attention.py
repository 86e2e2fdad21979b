"""Attention that keeps no scores learns what the usual one learns, dropout included."""

from __future__ import annotations

from typing import Any

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor, nn

from GPT_SoVITS.compiled import compile_gradient, to_tensor
from GPT_SoVITS.layers.parameters import overwrite
from GPT_SoVITS.layers.sums import total
from GPT_SoVITS.t2s.network import Block
from GPT_SoVITS.t2s.positions import MASKED
from GPT_SoVITS.training.parameters import named
from tests.networks.t2s_small import SMALL

BATCH, LENGTH = 2, 7


class Squares(nn.Cell):  # type: ignore[misc]
    """The sum of squares of a block's outputs."""

    def __init__(self, block: Block) -> None:
        super().__init__()
        self.block = block

    def construct(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        y = self.block(x, mask, BATCH)[0]
        return total(y * y * x), y


def learnt(lean: bool, dropout: bool) -> tuple[np.ndarray[Any, Any], list[np.ndarray[Any, Any]]]:
    """Outputs of a block and the gradients of its weights."""
    rng = np.random.default_rng(0)
    block = Block(SMALL)
    if lean:
        block.keep_no_scores()
    for _, parameter in named(block):
        overwrite(parameter, rng.standard_normal(parameter.shape).astype(np.float32))
    if dropout:
        pool = ms.Parameter(ms.Tensor((rng.random(50) > 0.2).astype(np.float32) / 0.8), requires_grad=False)
        block.drop_weights.draw_from(pool, 3)
    x = rng.standard_normal((BATCH * LENGTH, SMALL.hidden_dim)).astype(np.float32)
    seen = np.tri(LENGTH, dtype=bool) | (np.arange(LENGTH) < 3)
    mask = np.broadcast_to(np.where(seen, 0, MASKED), (BATCH, SMALL.head, LENGTH, LENGTH)).astype(np.float32)
    weights = [parameter for _, parameter in named(block)]
    outputs, gradients = compile_gradient(Squares(block), weights)(to_tensor(x), to_tensor(mask))
    return outputs[1].asnumpy(), [gradient.asnumpy() for gradient in gradients]


@pytest.mark.parametrize("dropout", [False, True], ids=["without dropout", "with dropout"])
def test_attention_that_keeps_no_scores_learns_what_the_usual_one_learns(dropout: bool) -> None:
    (usual, expected), (lean, found) = learnt(False, dropout), learnt(True, dropout)
    np.testing.assert_allclose(lean, usual, rtol=1e-5, atol=1e-5)
    largest = max(np.abs(gradient).max() for gradient in expected)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6 * largest)
