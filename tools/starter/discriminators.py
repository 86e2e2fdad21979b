"""Discriminators of the generator's training: small networks that tell made sound from the teacher's.

The spectral loss compares with one wanted sound, so where the latent frames leave something open it asks for a mean of
what could be, and a mean sounds dull and hoarse. A discriminator asks only whether sound is like speech at all. There
are three families: of periods, which look at every second, third ... sample; of resolutions, which look at log spectra;
and one of pitch, which looks at the correlation of sound with itself. They are narrow and cost less than the
generator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

PERIODS = (2, 3, 5, 7, 11)
PERIOD_CHANNELS = (16, 32, 64, 64)
SIZES = (256, 1024)
"""Samples of the windows of the two resolutions; a step is a quarter of one. Pulses of the voice show in the short
ones, its harmonics in the long ones."""
PICTURE_CHANNELS = 16
PITCH_SIZE, PITCH_STEP = 800, 160
"""Samples of a window that holds three periods of a low voice, and of its step."""
FIRST_LAG, LAST_LAG = 33, 289
"""Samples between which periods of a voice lie, 55 to 480 Hz."""
_SLOPE = 0.1
_FLOOR = 1e-2
"""Is added to magnitudes before their logarithm, so that silence has no detail."""
_QUIET = 1e-5
"""Mean square of sound so quiet that its likeness to itself is halved."""
FAMILIES = ("periods", "resolutions", "pitch")

Heard = tuple[Tensor, list[Tensor]]
"""Scores of places, high for real sound, and what the layers before saw."""


class _Layers(nn.Module):
    """Convolutions with what each of them sees."""

    def __init__(self, layers: Sequence[nn.Module], last: nn.Module) -> None:
        super().__init__()
        self.layers, self.last = nn.ModuleList([weight_norm(layer) for layer in layers]), weight_norm(last)

    def hear(self, x: Tensor) -> Heard:
        seen = []
        for layer in self.layers:
            x = functional.leaky_relu(layer(x), _SLOPE)
            seen.append(x)
        return self.last(x), seen


class OfPeriod(_Layers):
    """Looks at samples that lie a period apart; waves (B, n)."""

    def __init__(self, period: int) -> None:
        widths = [1, *PERIOD_CHANNELS]
        layers = [
            nn.Conv1d(before, after, 5, 3 if index < len(PERIOD_CHANNELS) - 1 else 1, padding=2)
            for index, (before, after) in enumerate(pairwise(widths))
        ]
        super().__init__(layers, nn.Conv1d(widths[-1], 1, 3, padding=1))
        self.period = period

    def forward(self, waves: Tensor) -> Heard:
        count = waves.shape[1] // self.period
        columns = waves[:, : count * self.period].view(len(waves), count, self.period).transpose(1, 2)
        return self.hear(columns.reshape(-1, 1, count))


class _OfPicture(_Layers):
    """Looks at pictures (B, 1, rows, T); the rows become fewer."""

    def __init__(self) -> None:
        widths = [1, *[PICTURE_CHANNELS] * 4]
        layers = [
            nn.Conv2d(before, after, (5, 3), (2 if index < 3 else 1, 1), padding=(2, 1))
            for index, (before, after) in enumerate(pairwise(widths))
        ]
        super().__init__(layers, nn.Conv2d(PICTURE_CHANNELS, 1, 3, padding=1))


class OfResolution(_OfPicture):
    """Looks at log spectra; waves (B, n)."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, waves: Tensor) -> Heard:
        size, window = self.size, torch.hann_window(self.size)
        spectra = torch.stft(waves, size, size // 4, size, window, pad_mode="constant", return_complex=True)
        picture = (spectra.abs() + _FLOOR).log()[:, None]
        return self.hear(picture.contiguous(memory_format=torch.channels_last))


class OfPitch(_OfPicture):
    """Looks at how like itself sound is some samples later; waves (B, n).

    Where a voice is clear the picture has bright lines at its period, where it is hoarse it has none.
    """

    def forward(self, waves: Tensor) -> Heard:
        picture = likeness_to_itself(waves)
        scores, seen = self.hear(picture.contiguous(memory_format=torch.channels_last))
        return scores, [picture, *seen]


def likeness_to_itself(waves: Tensor) -> Tensor:
    """Return correlations from -1 to 1 of waves (B, n) with themselves, (B, 1, LAST_LAG - FIRST_LAG, T)."""
    window = torch.hann_window(PITCH_SIZE)
    pieces = functional.pad(waves, (PITCH_SIZE // 2, PITCH_SIZE // 2)).unfold(1, PITCH_SIZE, PITCH_STEP) * window
    own = _correlation(window)
    likeness = _correlation(pieces) / (own / own[:1])
    energy = likeness[..., :1] + _QUIET * PITCH_SIZE
    return (likeness[..., FIRST_LAG:LAST_LAG] / energy).transpose(1, 2)[:, None]


def _correlation(pieces: Tensor) -> Tensor:
    power = torch.fft.rfft(pieces, 2 * PITCH_SIZE).abs().square()
    return torch.fft.irfft(power)[..., :LAST_LAG]


class Discriminators(nn.Module):
    """Families by name; waves (B, n)."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        makers: dict[str, Callable[[], Iterable[nn.Module]]] = {
            "periods": lambda: map(OfPeriod, PERIODS),
            "resolutions": lambda: map(OfResolution, SIZES),
            "pitch": lambda: [OfPitch()],
        }
        self.families = nn.ModuleDict({name: nn.ModuleList(makers[name]()) for name in names})

    def forward(self, waves: Tensor) -> dict[str, list[Heard]]:
        return {name: [one(waves) for one in family] for name, family in self.families.items()}


def own_loss(real: Sequence[Heard], made: Sequence[Heard]) -> Tensor:
    """Return how badly made sound is told from real: squares, for scores of 1 and 0; 0.5 is chance."""
    parts = [(1 - r).square().mean() + m.square().mean() for (r, _), (m, _) in zip(real, made, strict=True)]
    return torch.stack(parts).mean()


def deceit_loss(made: Sequence[Heard]) -> Tensor:
    """Return how far made sound is from being taken for real."""
    return torch.stack([(1 - scores).square().mean() for scores, _ in made]).mean()


def likeness_loss(real: Sequence[Heard], made: Sequence[Heard]) -> Tensor:
    """Return how different the layers see made sound and the real one of the same place."""
    parts = [
        (r - m).abs().mean()
        for (_, seen_real), (_, seen_made) in zip(real, made, strict=True)
        for r, m in zip(seen_real, seen_made, strict=True)
    ]
    return torch.stack(parts).sum() / len(real)
