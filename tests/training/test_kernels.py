"""Native kernels of training beside MindSpore's own operators: results and all gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mindspore as ms
import numpy as np
import numpy.typing as npt
import pytest
from mindspore import Tensor, nn

from GPT_SoVITS.compiled import compile_gradient, to_tensor
from GPT_SoVITS.layers.activation import LeakyRelu
from GPT_SoVITS.layers.convolution import Conv1d
from GPT_SoVITS.layers.weight_norm import NormedConv1d, NormedConv2d
from GPT_SoVITS.native.library import NativeLibrary, load
from GPT_SoVITS.sovits.upsampling import Upsample
from GPT_SoVITS.training import kernels
from GPT_SoVITS.training.half import HalfProduct, arrange, compute_in_half
from GPT_SoVITS.training.kernels import NativeConvolution, NativeLeakyRelu, NativeWeightNorm, use_native_kernels

needs_native = pytest.mark.skipif(load().handle is None, reason="no native kernels on this machine")


class Signals(nn.Cell):  # type: ignore[misc]
    """Every kind of layer in a row: dilated, strided with groups, folded by a period, upsampling, pointwise; norms."""

    def __init__(self) -> None:
        super().__init__()
        self.dilated = Conv1d(3, 10, 7, padding=9, dilation=3)
        self.grouped = NormedConv1d(10, 8, 41, stride=4, groups=2, padding=20)
        self.folded = NormedConv2d(8, 5, (5, 1), stride=(3, 1), padding=(2, 0))
        self.upsampling = Upsample(5, 4, 8, 2)
        self.pointwise = Conv1d(4, 9, 1)
        self.activation = LeakyRelu(0.1)

    def construct(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.activation(self.grouped(self.dilated(x)))
        x = self.folded(x.reshape((x.shape[0], x.shape[1], -1, 3)))
        x = self.pointwise(self.upsampling(x.reshape((x.shape[0], x.shape[1], -1))))
        return (x * x).sum(), x


def outputs(arranged: Callable[[Signals], object]) -> tuple[list[npt.NDArray[Any]], Signals]:
    """Result and gradients for all parameters, which depend on the order of the parameters alone."""
    network, random = Signals(), np.random.default_rng(1)
    for _, parameter in network.parameters_and_names():
        parameter.set_data(Tensor(0.3 * random.standard_normal(parameter.shape).astype(np.float32)))
    arranged(network)
    step = compile_gradient(network, [parameter for _, parameter in network.parameters_and_names()])
    x = to_tensor(random.standard_normal((2, 3, 156), np.float32))
    (_, result), gradients = step(x)
    return [result.asnumpy(), *(gradient.asnumpy() for gradient in gradients)], network


@needs_native
def test_native_kernels_and_their_gradients_are_those_of_mindspore() -> None:
    (expected, _), (found, network) = outputs(lambda network: None), outputs(use_native_kernels)
    assert isinstance(network.activation, NativeLeakyRelu) and isinstance(network.grouped.norm, NativeWeightNorm)
    assert all(isinstance(cell.conv, NativeConvolution) for cell in network.cells() if hasattr(cell, "conv"))
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=5e-6 * np.abs(b).max())


@needs_native
def test_mixed_precision_rounds_what_native_convolutions_take_and_make() -> None:
    """MindSpore's own are up to hundreds of times slower where a training lets oneDNN have all of AVX-512."""
    (expected, _), (found, network) = outputs(compute_in_half), outputs(lambda network: arrange(network, half=True))
    convolutions = [cell.conv for cell in network.cells() if hasattr(cell, "conv")]
    assert all(isinstance(conv, HalfProduct) and isinstance(conv.product, NativeConvolution) for conv in convolutions)
    exact, _ = outputs(use_native_kernels)
    for a, b, c in zip(found, expected, exact, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=2e-3 * np.abs(b).max())
        assert 1e-6 * np.abs(c).max() < np.abs(a - c).max() < 1e-2 * np.abs(c).max()


def test_without_native_code_a_network_keeps_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "load", lambda: NativeLibrary(None, reason="none"))
    network = Signals()
    assert not use_native_kernels(network)
    assert isinstance(network.dilated.conv, ms.ops.Conv2D)
