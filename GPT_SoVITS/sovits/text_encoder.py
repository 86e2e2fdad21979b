"""Prior encoder: semantic tokens and phonemes to the latent content that the flow starts from.

Agrees with ``TextEncoder`` of the official ``module/models.py``, ``Encoder`` and ``FFN`` of ``attentions.py`` and
``MRTE`` of ``mrte_model.py``. Every cell takes the mask of its sequence and leaves padded positions without influence
on the others, so inputs may be padded to any length.
"""

from __future__ import annotations

from mindspore import Tensor, nn, ops

from GPT_SoVITS.layers.convolution import Conv1d, same_padding
from GPT_SoVITS.layers.dropout import Dropout
from GPT_SoVITS.layers.linear import Embedding
from GPT_SoVITS.layers.normalisation import ChannelLayerNorm
from GPT_SoVITS.sovits.attention import CrossAttention, RelativeAttention, key_bias, over_channels
from GPT_SoVITS.sovits.config import SovitsConfig


class FeedForward(nn.Cell):
    """Two convolutions with a ReLU between; x and mask (B, C, T), wide mask (B, filter, T) -> (B, C, T)."""

    def __init__(self, channels: int, filter_channels: int, kernel_size: int) -> None:
        super().__init__()
        padding = same_padding(kernel_size)
        self.conv_1 = Conv1d(channels, filter_channels, kernel_size, padding=padding)
        self.conv_2 = Conv1d(filter_channels, channels, kernel_size, padding=padding)
        self.drop = Dropout()

    def construct(self, x: Tensor, mask: Tensor, wide_mask: Tensor) -> Tensor:
        return self.conv_2(self.drop(ops.relu(self.conv_1(x * mask))) * wide_mask)


class Encoder(nn.Cell):
    """Post-norm transformer encoder with relative attention; x (B, C, T), mask (B, 1, T) -> (B, C, T)."""

    def __init__(self, config: SovitsConfig, n_layers: int) -> None:
        super().__init__()
        channels = config.hidden_channels
        layers = range(n_layers)
        self.attn_layers = nn.CellList([RelativeAttention(channels, config.n_heads, config.window) for _ in layers])
        self.norm_layers_1 = nn.CellList([ChannelLayerNorm(channels) for _ in layers])
        self.ffn_layers = nn.CellList(
            [FeedForward(channels, config.filter_channels, config.kernel_size) for _ in layers]
        )
        self.norm_layers_2 = nn.CellList([ChannelLayerNorm(channels) for _ in layers])
        # Two places in every layer, each with its own random numbers.
        self.drops = nn.CellList([Dropout() for _ in range(2 * n_layers)])
        self.n_layers, self.heads = n_layers, config.n_heads
        self.channels, self.filter_channels = channels, config.filter_channels

    def construct(self, x: Tensor, mask: Tensor) -> Tensor:
        bias = key_bias(mask, self.heads, x.shape[2])
        wide_mask = over_channels(mask, self.filter_channels)
        mask = over_channels(mask, self.channels)
        x = x * mask
        for i in range(self.n_layers):
            x = self.norm_layers_1[i](x + self.drops[2 * i](self.attn_layers[i](x, bias)))
            x = self.norm_layers_2[i](x + self.drops[2 * i + 1](self.ffn_layers[i](x, mask, wide_mask)))
        return x * mask


class ReferenceTimbreEncoder(nn.Cell):
    """MRTE: content attends to phonemes and takes the timbre on.

    content (B, C, T), mask (B, 1, T), text (B, C, L), text_mask (B, 1, L), condition (B, mrte_hidden, 1) -> (B, C, T).
    """

    def __init__(self, config: SovitsConfig) -> None:
        super().__init__()
        channels, hidden = config.hidden_channels, config.mrte_hidden
        self.channels, self.hidden, self.heads = channels, hidden, config.mrte_heads
        self.cross_attention = CrossAttention(hidden, config.mrte_heads)
        self.c_pre = Conv1d(channels, hidden, 1)
        self.text_pre = Conv1d(channels, hidden, 1)
        self.c_post = Conv1d(hidden, channels, 1)

    def construct(self, content: Tensor, mask: Tensor, text: Tensor, text_mask: Tensor, condition: Tensor) -> Tensor:
        length = content.shape[2]
        x = self.c_pre(content * over_channels(mask, self.channels))
        phonemes = self.text_pre(text * over_channels(text_mask, self.channels))
        bias = key_bias(text_mask, self.heads, length)
        x = self.cross_attention(x, phonemes, bias) + x + ops.tile(condition, (1, 1, length))
        return self.c_post(x * over_channels(mask, self.hidden))


class TextEncoder(nn.Cell):
    """The parts of ``enc_p``, in the steps that are computed (and cached) apart from each other."""

    def __init__(self, config: SovitsConfig) -> None:
        super().__init__()
        channels = config.hidden_channels
        self.frames_per_code = config.frames_per_code
        self.ssl_proj = Conv1d(config.ssl_dim, channels, 1)
        self.encoder_ssl = Encoder(config, config.n_layers // 2)
        self.text_embedding = Embedding(config.phoneme_count, channels)
        self.encoder_text = Encoder(config, config.n_layers)
        self.mrte = ReferenceTimbreEncoder(config)
        self.encoder2 = Encoder(config, config.n_layers // 2)
        self.proj = Conv1d(channels, 2 * config.inter_channels, 1)

    def phonemes(self, text: Tensor, text_mask: Tensor) -> Tensor:
        """Encode phonemes; text (B, L) int, text_mask (B, 1, L) -> (B, C, L)."""
        return self.encoder_text(self.text_embedding(text).swapaxes(1, 2), text_mask)

    def semantics(self, quantized: Tensor, mask: Tensor) -> Tensor:
        """Encode decoded semantic tokens; quantized (B, ssl_dim, N), mask (B, 1, T) -> (B, C, T).

        The pointwise projection commutes with the repetition of each token over its frames, which comes second here.
        """
        y = self.ssl_proj(quantized)
        if self.frames_per_code > 1:
            batch, channels, count = y.shape
            y = ops.tile(y.expand_dims(3), (1, 1, 1, self.frames_per_code))
            y = y.reshape((batch, channels, count * self.frames_per_code))
        return self.encoder_ssl(y, mask)

    def fuse(self, semantics: Tensor, mask: Tensor, text: Tensor, text_mask: Tensor, condition: Tensor) -> Tensor:
        """Join both encodings with the timbre to the content (B, C, T); condition (B, mrte_hidden, 1)."""
        return self.encoder2(self.mrte(semantics, mask, text, text_mask, condition), mask)

    def prior(self, content: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log standard deviation of the prior, (B, inter, T) each."""
        mean, log_std = ops.chunk(self.proj(content) * mask, 2, 1)
        return mean, log_std
