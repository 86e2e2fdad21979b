"""HuBERT base: the network that turns 16 kHz speech into the content features semantic tokens are made from.

Hsu et al., "HuBERT" (2021), in the variant of the official ``chinese-hubert-base``: group norm over time in the first
convolution only, layer norm after each addition. Agrees with ``transformers.HubertModel``.

The network comes in two parts. :class:`FrameEncoder`, the convolutions, runs over windows of constant length: it is
exact because every frame depends on 400 samples only once the first layer's statistics are known, it keeps the large
activations in the cache, and one graph serves all lengths. :class:`HubertEncoder`, the transformer, sees all frames.
"""

from __future__ import annotations

from collections.abc import Sequence

from mindspore import Tensor, nn, ops

from GPT_SoVITS.features.hubert_config import HubertConfig
from GPT_SoVITS.features.transformer import AttentionBias, PostNormLayer
from GPT_SoVITS.layers.activation import Gelu
from GPT_SoVITS.layers.convolution import Conv1d
from GPT_SoVITS.layers.linear import Linear
from GPT_SoVITS.layers.normalisation import LayerNorm


class FrameEncoder(nn.Cell):
    """The convolutions: windows of the wave to frames.

    The first layer has one input channel, so it is a product with the windows of the wave; its group norm is folded
    into ``kernel`` beforehand (see :class:`GPT_SoVITS.features.hubert_extractor.FirstLayer`). The layers after it, all
    without padding, are ``conv_layers.1`` and up of the official network.

    Shapes: kernel (conv_dim, taps + 1), the last column a bias; windows (taps + 1, n), the last row ones
    -> (1, conv_dim, frames).
    """

    def __init__(self, config: HubertConfig) -> None:
        super().__init__()
        self.product = ops.MatMul()
        self.gelu = Gelu()
        self.conv_layers = nn.CellList(
            [
                Conv1d(
                    config.conv_dim[i - 1],
                    config.conv_dim[i],
                    config.conv_kernel[i],
                    stride=config.conv_stride[i],
                    bias=False,
                )
                for i in range(1, len(config.conv_dim))
            ]
        )

    def construct(self, kernel: Tensor, windows: Tensor) -> Tensor:
        x = self.gelu(self.product(kernel, windows)).expand_dims(0)
        for conv in self.conv_layers:
            x = self.gelu(conv(x))
        return x


class FeatureProjection(nn.Cell):
    """Frames (B, L, conv_dim) to the transformer's width (B, L, hidden)."""

    def __init__(self, config: HubertConfig) -> None:
        super().__init__()
        self.layer_norm = LayerNorm(config.conv_dim[-1], config.layer_norm_eps)
        self.projection = Linear(config.conv_dim[-1], config.hidden_size)

    def construct(self, x: Tensor) -> Tensor:
        return self.projection(self.layer_norm(x))


class PositionEncoder(nn.Cell):
    """Position embedding by a wide grouped convolution, x (B, L, hidden) with zeros where there is padding.

    An even kernel with half of it as padding makes one frame too many; the last one is dropped.
    """

    def __init__(self, config: HubertConfig) -> None:
        super().__init__()
        kernel, dim = config.position_kernel, config.hidden_size
        self.conv = Conv1d(dim, dim, kernel, padding=kernel // 2, groups=config.position_groups)
        self.gelu = Gelu()

    def construct(self, x: Tensor) -> Tensor:
        y = self.conv(x.swapaxes(1, 2))  # (B, L, C) -> (B, C, L or L + 1)
        return self.gelu(y[:, :, : x.shape[1]]).swapaxes(1, 2)


class _Encoder(nn.Cell):
    """Position embedding, layer norm and transformer layers; returns the hidden states asked for."""

    def __init__(self, config: HubertConfig, states: Sequence[int]) -> None:
        super().__init__()
        self.states = tuple(states)
        self.pos_conv_embed = PositionEncoder(config)
        self.layer_norm = LayerNorm(config.hidden_size, config.layer_norm_eps)
        self.layers = nn.CellList(
            [
                PostNormLayer(config.hidden_size, config.heads, config.intermediate_size, config.layer_norm_eps)
                for _ in range(config.layers)
            ]
        )

    def construct(self, x: Tensor, bias: Tensor) -> tuple[Tensor, ...]:
        x = self.layer_norm(x + self.pos_conv_embed(x))
        states = [x]
        for layer in self.layers:
            states.append(layer(states[-1], bias))
        return tuple([states[i] for i in self.states])


class HubertEncoder(nn.Cell):
    """Frames (B, L, conv_dim) and their mask (B, L), 1 valid and 0 padding, to hidden states (B, L, hidden).

    Args:
        config: Sizes.
        states: Which hidden states to return: 0 before the first layer, n after layer n. None for the last only.
    """

    def __init__(self, config: HubertConfig, states: Sequence[int] | None = None) -> None:
        super().__init__()
        self.feature_projection = FeatureProjection(config)
        self.encoder = _Encoder(config, [config.layers] if states is None else states)
        self.attention_bias = AttentionBias(config.heads)

    def construct(self, features: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
        x = self.feature_projection(features) * mask.expand_dims(2)
        return self.encoder(x, self.attention_bias(mask))
