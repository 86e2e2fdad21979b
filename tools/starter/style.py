"""The reference encoder for training: a spectrogram to the condition of a voice, under the official names."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from tools.starter.generator import CONDITION

STYLE, STYLE_HEADS, STYLE_KERNEL, REFERENCE_BINS = 64, 2, 5, 704
_MASKED = -1e4


class _Linear(nn.Module):
    """A linear layer over channels under the name ``fc``; x (B, in, T)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.fc = nn.Linear(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(x.transpose(1, 2)).transpose(1, 2)


class _Convolution(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(STYLE, 2 * STYLE, STYLE_KERNEL, padding=STYLE_KERNEL // 2)


class _Gated(nn.Module):
    """Convolution, gated linear unit and residual connection."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = _Convolution()

    def forward(self, x: Tensor) -> Tensor:
        return x + functional.glu(self.conv1.conv(x), 1)


class _Attention(nn.Module):
    """Self-attention with a residual connection; scores are divided by the root of all channels."""

    def __init__(self) -> None:
        super().__init__()
        self.w_qs, self.w_ks = nn.Linear(STYLE, STYLE), nn.Linear(STYLE, STYLE)
        self.w_vs, self.fc = nn.Linear(STYLE, STYLE), nn.Linear(STYLE, STYLE)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        rows = x.transpose(1, 2)

        def split(layer: nn.Linear) -> Tensor:
            return layer(rows).view(len(rows), -1, STYLE_HEADS, STYLE // STYLE_HEADS).transpose(1, 2)

        weights = (split(self.w_qs) @ split(self.w_ks).transpose(2, 3) * STYLE**-0.5 + bias).softmax(-1)
        y = (weights @ split(self.w_vs)).transpose(1, 2).reshape(rows.shape)
        return (self.fc(y) + rows).transpose(1, 2)


class StyleEncoder(nn.Module):
    """Magnitudes (B, 704, F), valid (B, 1, F) -> condition (B, CONDITION, 1)."""

    def __init__(self) -> None:
        super().__init__()
        self.spectral = nn.ModuleDict({"0": _Linear(REFERENCE_BINS, STYLE), "3": _Linear(STYLE, STYLE)})
        self.temporal = nn.ModuleList([_Gated(), _Gated()])
        self.slf_attn = _Attention()
        self.fc = _Linear(STYLE, CONDITION)

    def forward(self, magnitudes: Tensor, valid: Tensor) -> Tensor:
        x = functional.mish(self.spectral["3"](functional.mish(self.spectral["0"](magnitudes)))) * valid
        for layer in self.temporal:
            x = layer(x) * valid
        x = self.slf_attn(x, ((1 - valid) * _MASKED)[:, None])
        mean = (x * valid).sum(2, keepdim=True) / valid.sum(2, keepdim=True)
        return self.fc(mean)
