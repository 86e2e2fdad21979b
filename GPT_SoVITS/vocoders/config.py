"""Sizes of the vocoders of v3 and v4, from the configurations that they are published with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from GPT_SoVITS.sovits.config import ConfigError, GeneratorConfig
from GPT_SoVITS.sovits.windows import EDGE_KERNEL, halo

ACTIVATION_REACH = 5
"""Samples to a side that an output of BigVGAN's activation depends on."""


@dataclass(frozen=True)
class BigVganConfig:
    """Sizes of BigVGAN with residual blocks of type 1 and ``snakebeta`` activations on a logarithmic scale.

    Attributes:
        generator: Convolutions; there is no condition.
        sampling_rate: Samples of audio per second.
        tangent: Whether audio is bounded by a hyperbolic tangent; else it is cut off at -1 and 1.
    """

    generator: GeneratorConfig
    sampling_rate: int
    tangent: bool

    @property
    def halo(self) -> int:
        """Mel frames on each side that a frame's samples depend on."""
        generator = self.generator
        blocks = max(
            sum((kernel - 1) // 2 * (dilation + 1) + 2 * ACTIVATION_REACH for dilation in dilations)
            for kernel, dilations in zip(
                generator.resblock_kernel_sizes, generator.resblock_dilation_sizes, strict=True
            )
        )
        reach = EDGE_KERNEL // 2 + ACTIVATION_REACH
        for rate, kernel in zip(
            reversed(generator.upsample_rates), reversed(generator.upsample_kernel_sizes), strict=True
        ):
            reach = -(-(reach + blocks + kernel - 1) // rate)
        return reach + EDGE_KERNEL // 2

    @classmethod
    def from_official(cls, config: Mapping[str, Any]) -> BigVganConfig:
        """Read BigVGAN's ``config.json``.

        Raises:
            ConfigError: a key is missing, or its value is one that this package cannot build.
        """
        try:
            if str(config["resblock"]) != "1" or config["activation"] != "snakebeta" or not config["snake_logscale"]:
                raise ConfigError("a BigVGAN of another kind than the published bigvgan_v2_24khz_100band_256x")
            generator = _generator(config, int(config["num_mels"]), bool(config.get("use_bias_at_final", True)))
            if generator.samples_per_frame != int(config["hop_size"]):
                raise ConfigError(
                    f"{prod(generator.upsample_rates)} samples a frame, but a hop of {config['hop_size']}"
                )
            return cls(generator, int(config["sampling_rate"]), bool(config.get("use_tanh_at_final", True)))
        except KeyError as error:
            raise ConfigError(f"the configuration has no {error}; is it that of BigVGAN?") from error


@dataclass(frozen=True)
class HifiGanConfig:
    """Sizes of the HiFi-GAN of v4.

    Attributes:
        generator: All of it; there is no condition.
        sampling_rate: Samples of audio per second.
    """

    generator: GeneratorConfig
    sampling_rate: int = 48000

    @property
    def halo(self) -> int:
        """Mel frames on each side that a frame's samples depend on."""
        return halo(self.generator)

    @classmethod
    def from_official(cls, config: Mapping[str, Any]) -> HifiGanConfig:
        """Read the arguments of the official ``Generator``.

        Raises:
            ConfigError: a key is missing, or its value is one that this package cannot build.
        """
        try:
            if str(config["resblock"]) != "1":
                raise ConfigError(f"residual blocks of type {config['resblock']!r}: only type 1 was ever published")
            return cls(_generator(config, int(config["initial_channel"]), bool(config.get("is_bias", False))))
        except KeyError as error:
            raise ConfigError(f"the configuration has no {error}; is it that of the vocoder of v4?") from error


def _generator(config: Mapping[str, Any], inputs: int, post_bias: bool) -> GeneratorConfig:
    return GeneratorConfig(
        input_channels=inputs,
        initial_channels=int(config["upsample_initial_channel"]),
        upsample_rates=tuple(config["upsample_rates"]),
        upsample_kernel_sizes=tuple(config["upsample_kernel_sizes"]),
        resblock_kernel_sizes=tuple(config["resblock_kernel_sizes"]),
        resblock_dilation_sizes=tuple(tuple(dilations) for dilations in config["resblock_dilation_sizes"]),
        condition_channels=0,
        post_bias=post_bias,
    )
