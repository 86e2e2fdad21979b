"""Reference encoder: a spectrogram to one timbre vector (``MelStyleEncoder`` of the official ``module/modules.py``)."""

from __future__ import annotations

from math import sqrt

import mindspore as ms
from mindspore import Tensor, nn, ops

from GPT_SoVITS.layers.activation import Mish
from GPT_SoVITS.layers.convolution import Conv1d, same_padding
from GPT_SoVITS.layers.dropout import Dropout
from GPT_SoVITS.layers.linear import ChannelLinear
from GPT_SoVITS.sovits.attention import key_bias, over_channels
from GPT_SoVITS.sovits.config import SovitsConfig


class _LinearNorm(nn.Cell):
    """A linear layer over channels under the key ``fc``; x (B, in, T) -> (B, out, T)."""

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__()
        self.fc = ChannelLinear(in_features, out_features)

    def construct(self, x: Tensor) -> Tensor:
        return self.fc(x)


class _ConvNorm(nn.Cell):
    """A length-preserving convolution under the key ``conv``."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int) -> None:
        super().__init__()
        self.conv = Conv1d(in_channels, out_channels, kernel_size, padding=same_padding(kernel_size))

    def construct(self, x: Tensor) -> Tensor:
        return self.conv(x)


class GatedConv(nn.Cell):
    """Convolution, gated linear unit and residual connection; x (B, C, T) -> (B, C, T)."""

    def __init__(self, channels: int, kernel_size: int) -> None:
        super().__init__()
        self.channels = channels
        self.conv1 = _ConvNorm(channels, 2 * channels, kernel_size)
        self.drop = Dropout()

    def construct(self, x: Tensor) -> Tensor:
        y = self.conv1(x)
        return x + self.drop(y[:, : self.channels] * ops.sigmoid(y[:, self.channels :]))


class StyleAttention(nn.Cell):
    """Multi-head self-attention with a residual connection; scores are divided by sqrt(channels), not sqrt(head).

    x (B, C, T), bias (B, heads, T, T) -> (B, C, T).
    """

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads, self.dim = heads, channels // heads
        self.w_qs = ChannelLinear(channels, channels)
        self.w_ks = ChannelLinear(channels, channels)
        self.w_vs = ChannelLinear(channels, channels)
        self.fc = ChannelLinear(channels, channels)
        self.drop, self.drop_weights = Dropout(), Dropout()
        self.scale = 1.0 / sqrt(channels)
        self.queries_by_keys = ops.BatchMatMul(transpose_a=True)
        self.values_by_weights = ops.BatchMatMul(transpose_b=True)

    def _split(self, x: Tensor) -> Tensor:
        """(B, C, T) -> (B, heads, dim, T)."""
        return x.reshape((x.shape[0], self.heads, self.dim, x.shape[2]))

    def construct(self, x: Tensor, bias: Tensor) -> Tensor:
        q = self._split(self.w_qs(x) * self.scale)
        scores = self.queries_by_keys(q, self._split(self.w_ks(x))) + bias  # (B, heads, T, T)
        weights = self.drop_weights(ops.softmax(scores, -1))
        y = self.values_by_weights(self._split(self.w_vs(x)), weights)
        return self.drop(self.fc(y.reshape(x.shape))) + x


class ReferenceEncoder(nn.Cell):
    """Timbre of a reference.

    spectrogram (B, bins, F), mask (B, 1, F) -> (B, gin, 1). Frames are masked before each convolution, so a padded
    reference gives what it gives alone. (The official encoder masks only once, after both convolutions, which
    is the same for its unpadded inference.)
    """

    def __init__(self, config: SovitsConfig) -> None:
        super().__init__()
        hidden, kernel = config.style_hidden, config.style_kernel_size
        self.spectral = nn.SequentialCell(
            _LinearNorm(config.reference_bins, hidden), Mish(), Dropout(),
            _LinearNorm(hidden, hidden), Mish(), Dropout(),
        )  # fmt: skip
        self.temporal = nn.CellList([GatedConv(hidden, kernel), GatedConv(hidden, kernel)])
        self.slf_attn = StyleAttention(hidden, config.style_heads)
        self.fc = _LinearNorm(hidden, config.gin_channels)
        self.hidden, self.heads = hidden, config.style_heads
        self.sum_frames = ops.BatchMatMul(transpose_b=True)

    def frames(self, spectrogram: Tensor, mask: Tensor) -> Tensor:
        """spectrogram (B, bins, F), mask (B, hidden, F) -> (B, hidden, F), zero where masked."""
        x = self.spectral(spectrogram) * mask
        for layer in self.temporal:
            x = layer(x) * mask
        return x

    def construct(self, spectrogram: Tensor, mask: Tensor) -> Tensor:
        return self.pool(self.frames(spectrogram, over_channels(mask, self.hidden)), mask)

    def pool(self, x: Tensor, mask: Tensor) -> Tensor:
        """Frames (B, hidden, F), zero where masked, mask (B, 1, F) -> (B, gin, 1)."""
        x = self.slf_attn(x, key_bias(mask, self.heads, x.shape[2])).astype(ms.float32)
        # The sum over valid frames is a product with the mask. The last layer commutes with the average over time.
        weights = mask.astype(ms.float32)
        average = self.sum_frames(x, weights) / weights.sum(2, keepdims=True)  # (B, hidden, 1)
        return self.fc(average.astype(mask.dtype))
