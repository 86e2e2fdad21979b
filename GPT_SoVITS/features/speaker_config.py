"""Sizes of an ERes2NetV2, read from the constructor arguments of the official class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from GPT_SoVITS.features.errors import FeatureError

CLIP = 20.0
"""Upper limit of the activation inside the blocks."""
STAGES = 4
REDUCTION = 4
"""Channels of an attentive fusion are this many times fewer inside."""


@dataclass(frozen=True)
class SpeakerConfig:
    """Sizes of an ERes2NetV2. The defaults are those of the official ``pretrained_eres2netv2w24s4ep4``.

    Attributes:
        base_width: Width of a branch of a block, in 64ths of the block's channels.
        scale: Branches per block.
        expansion: Output channels of a block relative to its inner ones.
        channels: Channels of the first stage; each further stage has twice as many.
        mel_bins: Height of the input.
        blocks: Blocks in each of the four stages.
        embedding_size: Size of the projected embedding (which voices do not use).
    """

    base_width: int = 24
    scale: int = 4
    expansion: int = 4
    channels: int = 64
    mel_bins: int = 80
    blocks: tuple[int, ...] = (3, 4, 6, 3)
    embedding_size: int = 192

    @classmethod
    def from_official(cls, config: Mapping[str, Any]) -> SpeakerConfig:
        """Read the constructor arguments of the official class (absent ones as in the released checkpoint).

        Raises:
            FeatureError: there are not four stages.
        """
        names = {
            "baseWidth": "base_width",
            "scale": "scale",
            "expansion": "expansion",
            "m_channels": "channels",
            "feat_dim": "mel_bins",
            "embedding_size": "embedding_size",
        }
        sizes = {ours: int(config[theirs]) for theirs, ours in names.items() if theirs in config}
        blocks = tuple(config.get("num_blocks", cls.blocks))
        if len(blocks) != STAGES:
            raise FeatureError(f"num_blocks {blocks} has {len(blocks)} stages, ERes2NetV2 has {STAGES}; correct it")
        return cls(**sizes, blocks=blocks)

    def planes(self, stage: int) -> int:
        """Inner channels of a stage, 0 to 3."""
        return self.channels * 2**stage

    def stage_channels(self, stage: int) -> int:
        """Output channels of a stage."""
        return self.planes(stage) * self.expansion

    def branch_width(self, stage: int) -> int:
        """Channels of one branch of a block."""
        return self.planes(stage) * self.base_width // 64

    @property
    def embedding_dim(self) -> int:
        """Size of the embedding voices use: channels times height of the last map (20480)."""
        height = self.mel_bins
        for _ in range(STAGES - 1):
            height = (height + 1) // 2
        return self.stage_channels(STAGES - 1) * height
