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
from convert.weights import Identity, Weights, identify, open_weights

__all__ = [
    "Checkpoint",
    "CheckpointError",
    "CorruptCheckpointError",
    "Identity",
    "UnsafeCheckpointError",
    "UnsupportedCheckpointError",
    "Weights",
    "WeightsMismatchError",
    "identify",
    "load",
    "open_weights",
]
