"""Losses of S2 are the official formulas, whatever their sums are made of."""

from __future__ import annotations

from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor

from GPT_SoVITS.compiled import compile_cell, compile_gradient, to_tensor
from GPT_SoVITS.layers.normalisation import ChannelLayerNorm
from GPT_SoVITS.layers.parameters import overwrite
from GPT_SoVITS.layers.sums import total
from GPT_SoVITS.training.optim.norm import GradientNorm
from GPT_SoVITS.training.sovits.losses import discriminator_loss, feature_loss, generator_loss, kl_loss

Array = np.ndarray[Any, np.dtype[Any]]


class _Losses(ms.nn.Cell):  # type: ignore[misc]
    """All of them, of latent frames (B, C, T) with a mask, maps of three and two axes, and judgements (B, n)."""

    def construct(self, z: Tensor, q: Tensor, m: Tensor, p: Tensor, mask: Tensor, a: Tensor, b: Tensor) -> Any:
        maps, others = (a, a.reshape((2, -1))), (b, b.reshape((2, -1)))
        rows = (a.reshape((2, -1)), b.reshape((2, -1))[:, :7])
        return (
            kl_loss(z, q, m, p, mask),
            feature_loss((maps,), (others,)),
            generator_loss(rows),
            discriminator_loss(rows, rows),
        )


def test_losses_are_those_of_the_formulas() -> None:
    rng = np.random.default_rng(0)
    z, q, m, p = (rng.standard_normal((2, 3, 9)).astype(np.float32) for _ in range(4))
    a, b = (rng.standard_normal((2, 4, 5, 3)).astype(np.float32) for _ in range(2))
    mask = (np.arange(9) < np.array([[9], [6]]))[:, None].astype(np.float32)
    found = compile_cell(_Losses())(*map(to_tensor, (z, q, m, p, mask, a, b)))
    divergence = (p - q - 0.5 + 0.5 * (z - m) ** 2 * np.exp(-2 * p)) * mask
    rows = (a.reshape(2, -1), b.reshape(2, -1)[:, :7])
    fooled = sum(((1 - row) ** 2).mean() for row in rows)
    expected = [
        divergence.sum() / mask.sum(),
        4 * np.abs(a - b).mean(),
        fooled,
        fooled + sum((row**2).mean() for row in rows),
    ]
    np.testing.assert_allclose([loss.asnumpy() for loss in found], expected, rtol=1e-5)


def test_a_norm_is_that_of_all_gradients_together() -> None:
    rng = np.random.default_rng(1)
    gradients = [rng.standard_normal(shape).astype(np.float32) for shape in ((7,), (3, 5), (2, 3, 4), (1,))]
    found = float(compile_cell(GradientNorm())(*map(to_tensor, gradients)).asnumpy())
    assert abs(found / np.sqrt(sum((g.astype(np.float64) ** 2).sum() for g in gradients)) - 1) < 1e-6


class _NormedSquares(ms.nn.Cell):  # type: ignore[misc]
    """A loss behind a norm over channels."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = ChannelLayerNorm(4)

    def construct(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y = self.norm(x)
        return total(y * y * x), y


def test_a_norm_over_channels_learns_from_a_batch_of_one() -> None:
    rng = np.random.default_rng(0)
    cell, x = _NormedSquares(), rng.standard_normal((2, 4, 6)).astype(np.float32)
    for parameter in cell.get_parameters():
        overwrite(parameter, rng.standard_normal(4).astype(np.float32))
    gradient = compile_gradient(cell, list(cell.get_parameters()))
    both = [gradient(to_tensor(part))[1] for part in (x, x[:1], x[1:])]
    for whole, first, second in zip(*both, strict=True):
        np.testing.assert_allclose(first.asnumpy() + second.asnumpy(), whole.asnumpy(), rtol=1e-5, atol=1e-5)
