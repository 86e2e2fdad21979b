"""PyTorch weight files to numpy arrays without PyTorch, key maps, and MindSpore checkpoints."""

from convert.errors import (
    CheckpointError,
    ConfigurationError,
    CorruptCheckpointError,
    NotFiniteError,
    UnsafeCheckpointError,
    UnsupportedCheckpointError,
    WeightsMismatchError,
)
from convert.identity import Identity, identify
from convert.reader import load
from convert.tree import Checkpoint
from convert.weights import Base, Weights, open_weights

__all__ = [
    "Base",
    "Checkpoint",
    "CheckpointError",
    "ConfigurationError",
    "CorruptCheckpointError",
    "Identity",
    "NotFiniteError",
    "UnsafeCheckpointError",
    "UnsupportedCheckpointError",
    "Weights",
    "WeightsMismatchError",
    "identify",
    "load",
    "open_weights",
]
