"""Builds the networks of the synthesizer's training from an official configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from GPT_SoVITS.sovits.config import SovitsConfig
from GPT_SoVITS.training.half import arrange
from GPT_SoVITS.training.sovits.discriminator import WIDTH, Discriminators
from GPT_SoVITS.training.sovits.encoders import WITHOUT_GRADIENT
from GPT_SoVITS.training.sovits.synthesizer import Sizes, Synthesizer


def build(config: Mapping[str, Any], width: int = WIDTH, half: bool = False) -> tuple[Synthesizer, Discriminators]:
    """Return a synthesizer and its discriminators, all parameters zero.

    Args:
        config: Content of ``s2.json``: sections ``train``, ``data`` and ``model``.
        width: Channels of the discriminators' last layers; smaller than officially in small networks.
        half: Products and convolutions compute in float16.

    Raises:
        ConfigError: a key is missing, or its value is one that no such configuration has.
    """
    sizes = Sizes(
        spectrogram_bins=int(config["data"]["filter_length"]) // 2 + 1,
        segment_frames=int(config["train"]["segment_size"]) // int(config["data"]["hop_length"]),
        dropout=float(config["model"]["p_dropout"]),
    )
    synthesizer = SovitsConfig.from_official(config)
    networks = Synthesizer(synthesizer, sizes), Discriminators(synthesizer.version, width)
    for network in networks:
        arrange(network, half, WITHOUT_GRADIENT)
    return networks
