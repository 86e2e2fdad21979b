"""Shared by the converter's tests: where the fixtures lie, and networks small enough to convert in a moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convert.expected import expected_keys
from tests.convert.torchfile import Namespace

PARITY = Path(__file__).parents[1] / "data" / "parity"
CHECKPOINTS = PARITY / "checkpoints"

T2S_MODEL = {
    "vocab_size": 17,
    "phoneme_vocab_size": 732,
    "embedding_dim": 8,
    "hidden_dim": 8,
    "head": 2,
    "linear_units": 32,
    "n_layer": 2,
    "dropout": 0,
    "EOS": 16,
    "random_bert": 0,
}
SOVITS_MODEL = {
    "inter_channels": 4,
    "hidden_channels": 4,
    "filter_channels": 8,
    "n_heads": 2,
    "n_layers": 2,
    "kernel_size": 3,
    "p_dropout": 0.1,
    "resblock": "1",
    "resblock_kernel_sizes": [3, 7],
    "resblock_dilation_sizes": [[1, 3], [1, 3]],
    "upsample_rates": [4, 2],
    "upsample_initial_channel": 8,
    "upsample_kernel_sizes": [8, 4],
    "gin_channels": 4,
    "semantic_frame_rate": "25hz",
}

Arrays = dict[str, np.ndarray[Any, Any]]


def random_state(kind: str, config: dict[str, Any], prefix: str = "", dtype: type = np.float16) -> Arrays:
    """An official state dict (weight norm unfolded, training parts included) of random values."""
    rng = np.random.default_rng(0)
    shapes = expected_keys(kind, config, training=True)
    return {prefix + key: rng.standard_normal(shape, dtype=np.float32).astype(dtype) for key, shape in shapes.items()}


@pytest.fixture
def t2s_content() -> dict[str, Any]:
    """Content of a small but complete GPT weight file."""
    config = {"model": dict(T2S_MODEL), "inference": {"top_k": 15}}
    return {"weight": random_state("t2s", config, "model."), "config": config, "info": "GPT-e1"}


def sovits_content(version: str) -> dict[str, Any]:
    """Content of a small but complete SoVITS weight file, as ``savee`` makes it: without the posterior encoder."""
    model = SOVITS_MODEL | {"version": version}
    data = {"filter_length": 2048, "sampling_rate": 32000}
    state = random_state("sovits", {"model": model, "data": data})
    weight = {key: array for key, array in state.items() if "enc_q" not in key}
    return {"weight": weight, "config": Namespace(model=Namespace(**model), data=Namespace(**data)), "info": "x"}
