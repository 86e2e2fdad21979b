"""What a training has to know of the SoVITS weights that it begins with, without reading an array of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from convert.official import find
from convert.reader import load

OFFICIAL_ENCODER = "official"
"""The content encoder that all published weights were trained with: chinese-hubert-base."""
POSTERIOR = "enc_q."


@dataclass(frozen=True)
class SovitsBase:
    """A SoVITS file to begin with.

    Attributes:
        content_encoder: Name of the network whose features its tokens are made of.
        has_posterior: Whether it holds the posterior encoder, without which it cannot be trained further. Files
            that are made to speak leave it out.
    """

    content_encoder: str
    has_posterior: bool


def sovits_base(path: Path) -> SovitsBase:
    """Return what a SoVITS file says of itself.

    Raises:
        CheckpointError: it cannot be read.
        OSError: it cannot be opened.
    """
    official = find(load(path))
    model = official.config.get("model")
    named = model.get("content_encoder") if isinstance(model, Mapping) else None
    return SovitsBase(
        content_encoder=OFFICIAL_ENCODER if named is None else str(named),
        has_posterior=any(key.startswith(POSTERIOR) for key in official.weights),
    )
