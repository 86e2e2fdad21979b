"""Residual coupling flow of VITS (the official ``ResidualCouplingBlock``, ``ResidualCouplingLayer`` and ``WN``)."""

from __future__ import annotations

from mindspore import Tensor, nn, ops

from GPT_SoVITS.layers.convolution import Conv1d, same_padding
from GPT_SoVITS.sovits.activation import Tanh
from GPT_SoVITS.sovits.attention import over_channels
from GPT_SoVITS.sovits.config import SovitsConfig


class WaveNet(nn.Cell):
    """Gated convolutions with skip connections and a global condition (``WN``, dilation 1).

    x (B, C, T) zero where masked, mask (B, C, T), condition (B, gin, 1) -> (B, C, T).
    """

    def __init__(
        self,
        channels: int,
        kernel_size: int,
        n_layers: int,
        condition_channels: int,
        conv: type[Conv1d] = Conv1d,
    ) -> None:
        super().__init__()
        self.channels, self.n_layers = channels, n_layers
        self.tanh = Tanh()
        self.cond_layer = conv(condition_channels, 2 * channels * n_layers, 1)
        self.in_layers = nn.CellList(
            [conv(channels, 2 * channels, kernel_size, padding=same_padding(kernel_size)) for _ in range(n_layers)]
        )
        # The last layer has no successor, so it yields the skip half alone.
        self.res_skip_layers = nn.CellList(
            [conv(channels, channels * (2 if i < n_layers - 1 else 1), 1) for i in range(n_layers)]
        )

    def construct(self, x: Tensor, mask: Tensor, condition: Tensor) -> Tensor:
        C = self.channels
        # Written out over time: on CPU additions of equal shapes are several times faster than broadcasting ones.
        conditions = ops.tile(self.cond_layer(condition), (1, 1, x.shape[2]))
        output = ops.zeros_like(x)
        for i in range(self.n_layers):
            gated = self.in_layers[i](x) + conditions[:, 2 * C * i : 2 * C * (i + 1)]
            y = self.res_skip_layers[i](self.tanh(gated[:, :C]) * ops.sigmoid(gated[:, C:]))
            if i < self.n_layers - 1:
                x = (x + y[:, :C]) * mask
                output = output + y[:, C:]
            else:
                output = output + y
        return output * mask


class ResidualCoupling(nn.Cell):
    """Mean-only affine coupling: one half of the channels shifts the other.

    x (B, inter, T), mask (B, 1, T), condition (B, gin, 1) -> (B, inter, T).
    """

    def __init__(self, config: SovitsConfig, conv: type[Conv1d] = Conv1d) -> None:
        super().__init__()
        self.half = config.inter_channels // 2
        self.hidden = hidden = config.hidden_channels
        self.pre = Conv1d(self.half, hidden, 1)
        self.enc = WaveNet(hidden, config.flow_kernel_size, config.flow_layers, config.gin_channels, conv)
        self.post = Conv1d(hidden, self.half, 1)

    def _mean(self, kept: Tensor, mask: Tensor, condition: Tensor) -> Tensor:
        hidden_mask = over_channels(mask, self.hidden)
        return self.post(self.enc(self.pre(kept) * hidden_mask, hidden_mask, condition))

    def construct(self, x: Tensor, mask: Tensor, condition: Tensor) -> Tensor:
        """Undo the shift."""
        kept, shifted = x[:, : self.half], x[:, self.half :]
        mean = self._mean(kept, mask, condition)
        return ops.cat((kept, (shifted - mean) * over_channels(mask, self.half)), 1)

    def shift(self, x: Tensor, mask: Tensor, condition: Tensor) -> Tensor:
        """Shift, the direction of training."""
        kept, shifted = x[:, : self.half], x[:, self.half :]
        mean = self._mean(kept, mask, condition)
        return ops.cat((kept, (shifted + mean) * over_channels(mask, self.half)), 1)


class Flip(nn.Cell):
    """Reverses the order of channels; it is its own inverse."""

    def __init__(self) -> None:
        super().__init__()
        self.reverse = ops.ReverseV2(axis=[1])

    def construct(self, x: Tensor, mask: Tensor, condition: Tensor) -> Tensor:
        return self.reverse(x)


class Flow(nn.Cell):
    """The coupling layers run backwards: a sample of the prior to the generator's latent frames.

    x (B, inter, T), mask (B, 1, T), condition (B, gin, 1) -> (B, inter, T), zero where masked.
    """

    def __init__(self, config: SovitsConfig, conv: type[Conv1d] = Conv1d) -> None:
        super().__init__()
        steps: list[nn.Cell] = []
        for _ in range(config.flow_count):
            steps += [ResidualCoupling(config, conv), Flip()]
        self.flows = nn.CellList(steps)
        self.count = len(steps)

    def construct(self, x: Tensor, mask: Tensor, condition: Tensor) -> Tensor:
        for i in range(self.count - 1, -1, -1):
            x = self.flows[i](x, mask, condition)
        return x

    def forwards(self, x: Tensor, mask: Tensor, condition: Tensor) -> Tensor:
        """Run the layers the other way, the direction of training: a sample of the posterior to one of the prior."""
        for i in range(0, self.count, 2):
            x = self.flows[i + 1](self.flows[i].shift(x, mask, condition), mask, condition)
        return x
