"""The content encoder for training, in HuBERT's layout and under its names; its convolutions have wide kernels.

The first layer begins as a bank of band filters on a mel scale, four phases each: their rectified outputs are
magnitudes, so that learning starts from something like a spectrogram.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, pi

import torch
from torch import Tensor, nn
from torch.nn import functional

from tools.starter.dataset import RATE
from tools.starter.phones import CODES, THIRDS

KERNELS, STRIDES, CHANNELS = (400, 3, 3), (80, 2, 2), (256, 256, 256)
HIDDEN, LAYERS, HEADS, INNER = 192, 4, 4, 768
POSITION_KERNEL, POSITION_GROUPS = 32, 16
HOP = 320
FIELD = 880
"""Samples that one frame reads."""
CODE_STRIDE = 2
_PHASES = 4


def frames(samples: int) -> int:
    """Return the frames of so many samples."""
    return (samples - FIELD) // HOP + 1


def band_filters() -> Tensor:
    """Return band filters of rising frequency, (channels, 1, kernel) of norm 1."""
    size, count = KERNELS[0], CHANNELS[0] // _PHASES
    seconds = (torch.arange(size) - (size - 1) / 2) / RATE
    low, high = (1127 * log(1 + hertz / 700) for hertz in (60, 7600))
    centres = 700 * (torch.exp(torch.linspace(low, high, count) / 1127) - 1)
    rows = []
    for centre in centres:
        window = torch.exp(-0.5 * (seconds * (25 + 0.12 * centre) * 2) ** 2) * torch.hann_window(size, periodic=False)
        rows += [window * torch.cos(2 * pi * centre * seconds + phase * pi / 2) for phase in range(_PHASES)]
    bank = torch.stack(rows)
    return (bank / bank.norm(dim=1, keepdim=True))[:, None]


class _Convolution(nn.Module):
    def __init__(self, index: int) -> None:
        super().__init__()
        inputs = CHANNELS[index - 1] if index else 1
        self.conv = nn.Conv1d(inputs, CHANNELS[index], KERNELS[index], STRIDES[index], bias=False)
        if not index:
            self.layer_norm = nn.GroupNorm(CHANNELS[0], CHANNELS[0])

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        return functional.gelu(self.layer_norm(x) if hasattr(self, "layer_norm") else x)


class _Extractor(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv_layers = nn.ModuleList([_Convolution(index) for index in range(len(KERNELS))])
        self.conv_layers[0].conv.weight.data.copy_(band_filters())


class _Projection(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer_norm, self.projection = nn.LayerNorm(CHANNELS[-1]), nn.Linear(CHANNELS[-1], HIDDEN)


class _Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.q_proj, self.k_proj = nn.Linear(HIDDEN, HIDDEN), nn.Linear(HIDDEN, HIDDEN)
        self.v_proj, self.out_proj = nn.Linear(HIDDEN, HIDDEN), nn.Linear(HIDDEN, HIDDEN)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        def split(layer: nn.Linear) -> Tensor:
            return layer(x).view(len(x), -1, HEADS, HIDDEN // HEADS).transpose(1, 2)

        q, k, v = split(self.q_proj), split(self.k_proj), split(self.v_proj)
        y = functional.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        return self.out_proj(y.transpose(1, 2).reshape(x.shape))


class _FeedForward(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.intermediate_dense, self.output_dense = nn.Linear(HIDDEN, INNER), nn.Linear(INNER, HIDDEN)

    def forward(self, x: Tensor) -> Tensor:
        return self.output_dense(functional.gelu(self.intermediate_dense(x)))


class _Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention, self.feed_forward = _Attention(), _FeedForward()
        self.layer_norm, self.final_layer_norm = nn.LayerNorm(HIDDEN), nn.LayerNorm(HIDDEN)
        self.drop = nn.Dropout(0.05)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        x = self.layer_norm(x + self.drop(self.attention(x, bias)))
        return self.final_layer_norm(x + self.drop(self.feed_forward(x)))


class _Position(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(HIDDEN, HIDDEN, POSITION_KERNEL, padding=POSITION_KERNEL // 2, groups=POSITION_GROUPS)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x.transpose(1, 2))[:, :, : x.shape[1]]  # an even kernel makes one frame too many
        return functional.gelu(y).transpose(1, 2)


class _Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.pos_conv_embed, self.layer_norm = _Position(), nn.LayerNorm(HIDDEN)
        self.layers = nn.ModuleList([_Layer() for _ in range(LAYERS)])


class ContentEncoder(nn.Module):
    """Waves (B, n) at 16 kHz and how many frames of each count (B,) -> features (B, frames, hidden)."""

    def __init__(self) -> None:
        super().__init__()
        self.feature_extractor, self.feature_projection, self.encoder = _Extractor(), _Projection(), _Encoder()

    def forward(self, waves: Tensor, counts: Tensor) -> Tensor:
        x = waves[:, None]
        for layer in self.feature_extractor.conv_layers:
            x = layer(x)
        x = self.feature_projection.layer_norm(x.transpose(1, 2))
        valid = torch.arange(x.shape[1]) < counts[:, None]
        x = self.feature_projection.projection(x) * valid[..., None]
        x = self.encoder.layer_norm(x + self.encoder.pos_conv_embed(x))
        bias = torch.zeros(valid.shape).masked_fill(~valid, -1e4)[:, None, None]
        for layer in self.encoder.layers:
            x = layer(x, bias)
        return x


@dataclass(frozen=True)
class Heard:
    """What the coder says of a batch: scores of codes (B, N, codes) and of frames' classes (B, frames, classes)."""

    codes: Tensor
    classes: Tensor


class Coder(nn.Module):
    """The encoder, the projection of two frames to the scores of codes, and a head of training alone.

    Args:
        codes: Their number.
        pieces: Codes of a class.
    """

    def __init__(self, codes: int = CODES, pieces: int = THIRDS) -> None:
        super().__init__()
        self.pieces = pieces
        self.encoder = ContentEncoder()
        self.ssl_proj = nn.Conv1d(HIDDEN, codes, CODE_STRIDE, CODE_STRIDE)
        self.classes = nn.Linear(HIDDEN, codes // pieces)

    def forward(self, waves: Tensor, counts: Tensor) -> Heard:
        x = self.encoder(waves, counts)
        return Heard(self.ssl_proj(x.transpose(1, 2)).transpose(1, 2), self.classes(x))
