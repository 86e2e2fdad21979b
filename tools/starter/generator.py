"""The generator for training: a small HiFi-GAN under the official names of its parameters."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

INTER = 96
"""Channels of the latent frames."""
CONDITION = 128
"""Width of the condition of a voice."""
INITIAL = 128
RATES, RATE_KERNELS = (10, 8, 4), (20, 16, 8)
KERNELS, DILATIONS = (3, 7), ((1, 3), (1, 3))
HOP = 320
"""Samples per latent frame."""
_SLOPE = 0.1
_LAST_SLOPE = 0.01


class _Residual(nn.Module):
    """Pairs of a dilated and a plain convolution; x (B, C, n)."""

    def __init__(self, channels: int, kernel: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        half = (kernel - 1) // 2
        self.convs1 = nn.ModuleList(
            [nn.Conv1d(channels, channels, kernel, dilation=d, padding=d * half) for d in dilations]
        )
        self.convs2 = nn.ModuleList([nn.Conv1d(channels, channels, kernel, padding=half) for _ in dilations])

    def forward(self, x: Tensor) -> Tensor:
        for first, second in zip(self.convs1, self.convs2, strict=True):
            x = x + second(functional.leaky_relu(first(functional.leaky_relu(x, _SLOPE)), _SLOPE))
        return x


class Generator(nn.Module):
    """Latent frames (B, INTER, T) and condition (B, CONDITION, 1) to audio (B, T * HOP)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_pre, self.cond = nn.Conv1d(INTER, INITIAL, 7, padding=3), nn.Conv1d(CONDITION, INITIAL, 1)
        self.ups, self.resblocks = nn.ModuleList(), nn.ModuleList()
        channels = INITIAL
        for rate, kernel in zip(RATES, RATE_KERNELS, strict=True):
            self.ups.append(nn.ConvTranspose1d(channels, channels // 2, kernel, rate, padding=(kernel - rate) // 2))
            channels //= 2
            self.resblocks.extend([_Residual(channels, k, d) for k, d in zip(KERNELS, DILATIONS, strict=True)])
        self.conv_post = nn.Conv1d(channels, 1, 7, padding=3, bias=False)

    def forward(self, frames: Tensor, condition: Tensor) -> Tensor:
        x = self.conv_pre(frames) + self.cond(condition)
        for stage, up in enumerate(self.ups):
            x = up(functional.leaky_relu(x, _SLOPE))
            blocks = self.resblocks[stage * len(KERNELS) : (stage + 1) * len(KERNELS)]
            x = sum(block(x) for block in blocks) / len(KERNELS)
        return self.conv_post(functional.leaky_relu(x, _LAST_SLOPE)).tanh()[:, 0]
