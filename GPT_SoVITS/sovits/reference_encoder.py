"""Reference encoder: a spectrogram to one timbre vector (``MelStyleEncoder`` of the official ``module/modules.py``)."""

from __future__ import annotations

from math import sqrt

import mindspore as ms
from mindspore import Tensor, nn, ops

from GPT_SoVITS.layers.convolution import Conv1d, same_padding
from GPT_SoVITS.layers.linear import Linear
from GPT_SoVITS.sovits.attention import key_bias, over_channels
from GPT_SoVITS.sovits.config import SovitsConfig


class _LinearNorm(nn.Cell):
    """A linear layer under the key ``fc``."""

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__()
        self.fc = Linear(in_features, out_features)

    def construct(self, x: Tensor) -> Tensor:
        return self.fc(x)


class _ConvNorm(nn.Cell):
    """A length-preserving convolution under the key ``conv``."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int) -> None:
        super().__init__()
        self.conv = Conv1d(in_channels, out_channels, kernel_size, padding=same_padding(kernel_size))

    def construct(self, x: Tensor) -> Tensor:
        return self.conv(x)


class Mish(nn.Cell):
    """``x * tanh(softplus(x))``."""

    def construct(self, x: Tensor) -> Tensor:
        return ops.mish(x)


class GatedConv(nn.Cell):
    """Convolution, gated linear unit and residual connection; x (B, C, T) -> (B, C, T)."""

    def __init__(self, channels: int, kernel_size: int) -> None:
        super().__init__()
        self.channels = channels
        self.conv1 = _ConvNorm(channels, 2 * channels, kernel_size)

    def construct(self, x: Tensor) -> Tensor:
        y = self.conv1(x)
        return x + y[:, : self.channels] * ops.sigmoid(y[:, self.channels :])


class StyleAttention(nn.Cell):
    """Multi-head self-attention with a residual connection; scores are divided by sqrt(channels), not sqrt(head).

    x (B, T, C), bias (B, heads, T, T) -> (B, T, C).
    """

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads, self.dim = heads, channels // heads
        self.w_qs = Linear(channels, channels)
        self.w_ks = Linear(channels, channels)
        self.w_vs = Linear(channels, channels)
        self.fc = Linear(channels, channels)
        self.scale = 1.0 / sqrt(channels)
        self.queries_by_keys = ops.BatchMatMul(transpose_b=True)
        self.weights_by_values = ops.BatchMatMul()

    def _split(self, x: Tensor) -> Tensor:
        """(B, T, C) -> (B, heads, T, dim)."""
        return x.reshape((x.shape[0], x.shape[1], self.heads, self.dim)).swapaxes(1, 2)

    def construct(self, x: Tensor, bias: Tensor) -> Tensor:
        q = self._split(self.w_qs(x) * self.scale)
        scores = self.queries_by_keys(q, self._split(self.w_ks(x))) + bias
        y = self.weights_by_values(ops.softmax(scores, -1), self._split(self.w_vs(x)))
        return self.fc(y.swapaxes(1, 2).reshape(x.shape)) + x


class ReferenceEncoder(nn.Cell):
    """Timbre of a reference.

    spectrogram (B, F, bins) as rows, mask (B, 1, F) -> (B, gin, 1). Rows are masked before each convolution, so a
    padded reference gives what it gives alone. (The official encoder masks only once, after both convolutions, which
    is the same for its unpadded inference.)
    """

    def __init__(self, config: SovitsConfig) -> None:
        super().__init__()
        hidden, kernel = config.style_hidden, config.style_kernel_size
        # Identity stands where the official sequence has its dropouts, so that the numbering agrees.
        self.spectral = nn.SequentialCell(
            _LinearNorm(config.reference_bins, hidden), Mish(), nn.Identity(),
            _LinearNorm(hidden, hidden), Mish(), nn.Identity(),
        )  # fmt: skip
        self.temporal = nn.CellList([GatedConv(hidden, kernel), GatedConv(hidden, kernel)])
        self.slf_attn = StyleAttention(hidden, config.style_heads)
        self.fc = _LinearNorm(hidden, config.gin_channels)
        self.hidden, self.heads = hidden, config.style_heads

    def construct(self, spectrogram: Tensor, mask: Tensor) -> Tensor:
        frames = spectrogram.shape[1]
        full_mask = over_channels(mask, self.hidden)
        x = self.spectral(spectrogram).swapaxes(1, 2) * full_mask  # (B, hidden, F)
        for layer in self.temporal:
            x = layer(x) * full_mask
        x = self.slf_attn(x.swapaxes(1, 2), key_bias(mask, self.heads, frames))  # (B, F, hidden)
        # The last layer is linear: it commutes with the average over time.
        total = (x * full_mask.swapaxes(1, 2)).astype(ms.float32).sum(1)
        average = (total / mask.astype(ms.float32).sum(2)).astype(x.dtype)
        return self.fc(average).expand_dims(2)
