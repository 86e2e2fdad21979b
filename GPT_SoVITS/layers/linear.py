"""Matrix layers with PyTorch's parameter names and shapes."""

from __future__ import annotations

from mindspore import Tensor, nn, ops

from GPT_SoVITS.layers.parameters import parameter


class Linear(nn.Cell):
    """``y = x @ weight.T + bias``; x (..., in_features) -> (..., out_features)."""

    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        super().__init__()
        self.out_features = out_features
        self.weight = parameter(out_features, in_features)
        self.bias = parameter(out_features) if bias else None
        self.matmul = ops.MatMul(transpose_b=True)
        self.bias_add = ops.BiasAdd()  # an addition that broadcasts is slow on CPU and keeps an index table

    def construct(self, x: Tensor) -> Tensor:
        shape = x.shape
        y = self.matmul(x.reshape((-1, shape[-1])), self.weight)
        if self.bias is not None:
            y = self.bias_add(y, self.bias)
        return y.reshape((*shape[:-1], self.out_features))


class Product(nn.Cell):
    """``ops.matmul`` as a layer, whose place another may take."""

    def construct(self, a: Tensor, b: Tensor) -> Tensor:
        return ops.matmul(a, b)


class ChannelLinear(nn.Cell):
    """A linear layer over axis 1, with a Linear's parameters; x (B, in_features, L) -> (B, out_features, L)."""

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__()
        self.weight = parameter(out_features, in_features)
        self.bias = parameter(out_features)
        self.product = Product()
        self.bias_add = ops.BiasAdd()

    def construct(self, x: Tensor) -> Tensor:
        # With an axis more: the gradient of BiasAdd refuses (B, C, 1) on CPU.
        return self.bias_add(self.product(self.weight, x).expand_dims(2), self.bias).squeeze(2)


class Embedding(nn.Cell):
    """Rows of ``weight`` by index; ids (...,) int -> (..., dim)."""

    def __init__(self, count: int, dim: int) -> None:
        super().__init__()
        self.weight = parameter(count, dim)
        self.gather = ops.Gather()

    def construct(self, ids: Tensor) -> Tensor:
        return self.gather(self.weight, ids, 0)
