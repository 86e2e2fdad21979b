"""A flow-matching decoder small enough to compile in seconds, with random weights under official names."""

from __future__ import annotations

from typing import Any

import numpy as np

from GPT_SoVITS.cfm.config import CfmConfig
from GPT_SoVITS.cfm.shapes import ESTIMATOR, condition_shapes, estimator_shapes

Array = np.ndarray[Any, np.dtype[Any]]
SMALL = CfmConfig(
    version="v4",
    content_channels=6,
    timbre_channels=5,
    depth=2,
    mel=7,
    text=8,
    width=32,
    heads=4,
    feed_forward=24,
    text_blocks=2,
    frequencies=10,
    position_kernel=5,
    position_groups=4,
    condition_layers=2,
)


def random_arrays(config: CfmConfig = SMALL, seed: int = 0) -> dict[str, Array]:
    """Return weights of moderate size for every parameter, the estimator's with their prefix."""
    rng = np.random.default_rng(seed)
    shapes = {ESTIMATOR + name: shape for name, shape in estimator_shapes(config).items()} | condition_shapes(config)
    return {
        name: (rng.standard_normal(shape) * (1.0 / np.sqrt(np.prod(shape[1:])) if len(shape) > 1 else 0.3)).astype(
            np.float32
        )
        for name, shape in shapes.items()
    }
