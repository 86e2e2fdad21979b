"""One transformer block of the decoder in training, whose weights are inputs: all blocks share its two graphs.

MindSpore compiles every block of a network for itself. 24 of them take minutes for each bucket of lengths, and the
compiler's memory outweighs that of the numbers. So the decoder runs block by block: :class:`Forward` gives the output
and what the gradient needs, :class:`Backward` takes that. Agrees with :class:`GPT_SoVITS.t2s.network.Block`.
"""

from __future__ import annotations

from mindspore import Tensor, nn, ops

from GPT_SoVITS.layers.normalisation import Normalisation
from GPT_SoVITS.t2s.config import T2SConfig
from GPT_SoVITS.training.gpt.attention import LeanAttention

WEIGHTS = (
    "self_attn.in_proj_weight", "self_attn.in_proj_bias", "self_attn.out_proj.weight", "self_attn.out_proj.bias",
    "linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias",
    "norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias",
)  # fmt: skip
"""Names of a block's parameters in the order in which its graphs take them."""
KEPT = 5
"""Tensors that the gradient of a block needs beside its input."""


class _Linear(nn.Cell):
    """``x @ weight.T + bias``; x (n, in), weight (out, in) -> (n, out)."""

    def __init__(self) -> None:
        super().__init__()
        self.matmul, self.bias_add = ops.MatMul(transpose_b=True), ops.BiasAdd()

    def construct(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return self.bias_add(self.matmul(x, weight), bias)


class _Parts(nn.Cell):
    """What both directions compute with; inputs are rows (R * N, dim), the mask, the weights and dropout's factors."""

    def __init__(self, config: T2SConfig, dropout: bool) -> None:
        super().__init__()
        self.dropout = dropout
        self.attention = LeanAttention(config.head, config.head_dim)
        self.linear, self.norm, self.relu = _Linear(), Normalisation(config.hidden_dim), ops.ReLU()

    def drop(self, x: Tensor, factors: tuple[Tensor, ...], place: int) -> Tensor:
        """Return x times the factors of one of the four dropouts."""
        return x * factors[place].reshape(x.shape) if self.dropout else x

    def of_attention(self, mask: Tensor, factors: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Return the factors of the attention weights, or nothing."""
        return (factors[0].reshape(mask.shape),) if self.dropout else ()


class Forward(_Parts):
    """Rows, mask, weights and factors to the block's output and the tensors that :class:`Backward` needs."""

    def construct(self, x: Tensor, mask: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
        """Run a block.

        Args:
            x: (R * N, dim).
            mask: Added to the attention scores, (R, heads, N, N).
            rest: The block's weights in the order of ``WEIGHTS``, and with dropout the factors of its four
                places: attention weights, attention, hidden layer, output.

        Returns:
            Output (R * N, dim); queries, keys and values (R * N, 3 * dim); what was attended to (R * N, dim); the
            first norm's input; the hidden layer (R * N, feed forward); the second norm's input.
        """
        w, factors = rest[: len(WEIGHTS)], rest[len(WEIGHTS) :]
        qkv = self.linear(x, w[0], w[1])
        attended = self.attention(qkv, mask, self.of_attention(mask, factors))
        first = x + self.drop(self.linear(attended, w[2], w[3]), factors, 1)
        middle = self.norm(first, w[8], w[9])
        hidden = self.relu(self.linear(middle, w[4], w[5]))
        second = middle + self.drop(self.linear(self.drop(hidden, factors, 2), w[6], w[7]), factors, 3)
        return self.norm(second, w[10], w[11]), qkv, attended, first, hidden, second


class Backward(_Parts):
    """The gradient of a block's output to those of its input and weights."""

    def __init__(self, config: T2SConfig, dropout: bool) -> None:
        super().__init__(config, dropout)
        self.gradient = ops.GradOperation(get_all=True, sens_param=True)

    def linear_gradient(self, x: Tensor, weight: Tensor, bias: Tensor, dy: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the gradients of a linear layer's input, weight and bias."""
        return self.gradient(self.linear)(x, weight, bias, dy)

    def construct(self, dy: Tensor, x: Tensor, mask: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
        """Run a block backwards. Results of products are not needed for their gradients, so none is computed again.

        Args:
            dy: Gradient of the output, (R * N, dim).
            x: The block's input.
            mask: As for :class:`Forward`.
            rest: What it kept, the weights, and with dropout the factors.

        Returns:
            Gradient of x, then one for each weight.
        """
        qkv, attended, first, hidden, second = rest[:KEPT]
        w, factors = rest[KEPT : KEPT + len(WEIGHTS)], rest[KEPT + len(WEIGHTS) :]
        dsecond, dweight2, dbias2 = self.gradient(self.norm)(second, w[10], w[11], dy)
        ddropped, dup, dup_bias = self.linear_gradient(
            self.drop(hidden, factors, 2), w[6], w[7], self.drop(dsecond, factors, 3)
        )
        # ReLU passes on where its result is not 0.
        dhidden = self.drop(ddropped, factors, 2) * (hidden > 0).astype(hidden.dtype)
        dmiddle, ddown, ddown_bias = self.linear_gradient(self.norm(first, w[8], w[9]), w[4], w[5], dhidden)
        dfirst, dweight1, dbias1 = self.gradient(self.norm)(first, w[8], w[9], dmiddle + dsecond)
        dattended, dout, dout_bias = self.linear_gradient(attended, w[2], w[3], self.drop(dfirst, factors, 1))
        dqkv = self.attention.gradient(qkv, mask, self.of_attention(mask, factors), attended, dattended)
        dx, din, din_bias = self.linear_gradient(x, w[0], w[1], dqkv)
        return (
            dx + dfirst, din, din_bias, dout, dout_bias, ddown, ddown_bias, dup, dup_bias,
            dweight1, dbias1, dweight2, dbias2,
        )  # fmt: skip
