"""PyTorch weight files to numpy arrays without PyTorch, key maps, and MindSpore checkpoints."""

from convert.errors import (
    CheckpointError,
    CorruptCheckpointError,
    UnsafeCheckpointError,
    UnsupportedCheckpointError,
    WeightsMismatchError,
)
from convert.reader import load
from convert.tree import Checkpoint
from convert.weights import Weights, open_weights

__all__ = [
    "Checkpoint",
    "CheckpointError",
    "CorruptCheckpointError",
    "UnsafeCheckpointError",
    "UnsupportedCheckpointError",
    "Weights",
    "WeightsMismatchError",
    "load",
    "open_weights",
]
