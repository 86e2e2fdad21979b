"""Sizes of the flow-matching decoder of v3 and v4, from the configuration inside a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from GPT_SoVITS.versions import VERSIONS, MelFrames

_MELS = {name: version.mel for name, version in VERSIONS.items() if version.mel is not None}
DEFAULT_DEPTH = 22
NORM_EPS = 1e-6


class CfmConfigError(ValueError):
    """The configuration does not describe a decoder that this package can build."""


@dataclass(frozen=True)
class CfmConfig:
    """Sizes of ``CFM(100, DiT(dim=1024, depth=22, heads=16, ff_mult=2, text_dim=512, conv_layers=4))``.

    Attributes:
        version: v3 or v4.
        content_channels: Channels of the content that the condition is made from.
        timbre_channels: Channels of a voice's timbre vector.
        depth: Transformer blocks.
        mel: Mel bins.
        text: Channels of the condition.
        width: Channels of the transformer.
        heads: Attention heads.
        feed_forward: Channels between the two products of a block's feed-forward part.
        text_blocks: Blocks that embed the condition.
        frequencies: Numbers that a moment of time is embedded with before its two products.
        position_kernel: Kernel of the convolutions that tell positions.
        position_groups: Groups of channels of these.
        most_positions: Positions of the condition that have an embedding of their own; later ones share the last.
        condition_layers: Gated convolutions that make the condition.
        condition_kernel: Kernel of these.
    """

    version: str
    content_channels: int = 192
    timbre_channels: int = 512
    depth: int = DEFAULT_DEPTH
    mel: int = 100
    text: int = 512
    width: int = 1024
    heads: int = 16
    feed_forward: int = 2048
    text_blocks: int = 4
    frequencies: int = 256
    position_kernel: int = 31
    position_groups: int = 16
    most_positions: int = 4096
    condition_layers: int = 8
    condition_kernel: int = 5

    def __post_init__(self) -> None:
        if self.version not in _MELS:
            raise CfmConfigError(f"version {self.version!r} is none of {', '.join(_MELS)}")
        if self.width % self.heads or self.head_dim % 2 or self.width % self.position_groups or self.text % 2:
            raise CfmConfigError(
                f"{self.width} channels do not split into {self.heads} heads and {self.position_groups} groups"
            )

    @property
    def head_dim(self) -> int:
        """Channels of an attention head."""
        return self.width // self.heads

    @property
    def frames(self) -> MelFrames:
        """Frames of the version's mel spectrograms."""
        return _MELS[self.version]

    @classmethod
    def from_official(cls, config: Mapping[str, Any], version: str | None = None) -> CfmConfig:
        """Read the configuration of an official checkpoint.

        Args:
            config: Content of a checkpoint's ``config``; ``model.dit_depth`` is ours: the number of blocks.
            version: v3 or v4 where it is known better than from ``model.version``.

        Raises:
            CfmConfigError: a key is missing, or its value is one that no such checkpoint has.
        """
        try:
            model = config["model"]
            return cls(
                version=version or str(model["version"]),
                content_channels=int(model["inter_channels"]),
                timbre_channels=int(model["gin_channels"]),
                depth=int(model.get("dit_depth", DEFAULT_DEPTH)),
            )
        except KeyError as error:
            raise CfmConfigError(f"the configuration has no {error}; is it that of a v3 or v4 checkpoint?") from error
