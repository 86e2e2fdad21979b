"""Sizes of AP-BWE, from the configuration that its weights are published with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from GPT_SoVITS.sovits.config import ConfigError

KERNEL = 7
"""Of every convolution."""
WIDER = 3
"""How many times as wide as a block its inner layer is."""


class BandwidthConfigError(ConfigError):
    """The configuration is one that this package cannot build; the message says why."""


@dataclass(frozen=True)
class BandwidthConfig:
    """Sizes of the network and of the spectrum that it reads and writes.

    Attributes:
        fft: Size of the Fourier transform.
        hop: Samples from frame to frame.
        window: Samples of the Hann window, at most ``fft``.
        rate: Samples per second of both spectra: those of the audio that comes out.
        channels: Width of a block.
        layers: Blocks for the amplitude, and as many for the phase.
    """

    fft: int = 1024
    hop: int = 80
    window: int = 320
    rate: int = 48_000
    channels: int = 512
    layers: int = 8

    @property
    def bins(self) -> int:
        """Frequency bins."""
        return self.fft // 2 + 1

    @property
    def halo(self) -> int:
        """Frames on each side that a frame depends on."""
        return KERNEL // 2 * (self.layers + 1)

    @classmethod
    def from_official(cls, config: Mapping[str, Any]) -> BandwidthConfig:
        """Read the published ``config.json``.

        Raises:
            BandwidthConfigError: a size is missing, or the sizes contradict one another.
        """
        names = ("n_fft", "hop_size", "win_size", "hr_sampling_rate", "ConvNeXt_channels", "ConvNeXt_layers")
        try:
            found = cls(*(int(config[name]) for name in names))
        except (KeyError, TypeError, ValueError) as error:
            raise BandwidthConfigError(f"the configuration of AP-BWE lacks a size: {error}") from error
        if not 0 < found.hop <= found.window <= found.fft or found.fft % 2 or found.layers < 1:
            raise BandwidthConfigError(f"a hop of {found.hop}, a window of {found.window}, a transform of {found.fft}")
        return found
