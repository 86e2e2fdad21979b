"""Writing a training folder in the official layout, ``logs/<exp_name>/``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from convert.errors import CheckpointError
from convert.reader import load
from convert.storage import Tensor
from convert.torch_writer import dump
from GPT_SoVITS.dataset.files import write_bytes
from GPT_SoVITS.dataset.problems import ProblemError

T = TypeVar("T")
Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class TrainingFolder:
    """Where what lies.

    Attributes:
        root: ``logs/<exp_name>``.
    """

    root: Path

    @property
    def texts(self) -> Path:
        """Names, phonemes, word2ph and normalised texts."""
        return self.root / "2-name2text.txt"

    @property
    def semantic(self) -> Path:
        """Names and semantic tokens."""
        return self.root / "6-name2semantic.tsv"

    def bert(self, name: str) -> Path:
        """Phoneme features of a Chinese text, (1024, phonemes)."""
        return self.root / "3-bert" / f"{name}.pt"

    def hubert(self, name: str) -> Path:
        """Content features, (1, 768, frames)."""
        return self.root / "4-cnhubert" / f"{name}.pt"

    def wave(self, name: str) -> Path:
        """The recording, 32 kHz 16-bit mono WAV whatever its name ends with."""
        return self.root / "5-wav32k" / name

    def speaker(self, name: str) -> Path:
        """Speaker embedding, (1, 20480)."""
        return self.root / "7-sv_cn" / f"{name}.pt"

    @property
    def folders(self) -> list[Path]:
        """Every folder of it."""
        files = (self.bert("x"), self.hubert("x"), self.wave("x"), self.speaker("x"))
        return [self.root, *(path.parent for path in files)]


def write_tensor(path: Path, array: Array) -> None:
    """Write an array as ``torch.save`` writes a tensor, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    content = BytesIO()
    dump(np.ascontiguousarray(array), content)
    write_bytes(path, content.getvalue())


def read_tensor(path: Path) -> Array:
    """Return the one tensor of a ``.pt`` file; nothing in it is executed.

    Raises:
        ProblemError: it is damaged, or none.
    """
    try:
        tree = load(path).tree
    except (CheckpointError, OSError) as error:
        raise ProblemError("features_unreadable", reason=f"{path.name}: {error}") from error
    if not isinstance(tree, Tensor):
        raise ProblemError("features_unreadable", reason=f"{path.name} holds a {type(tree).__name__}")
    return np.asarray(tree.array())


def in_parts(items: Sequence[T], parts: int) -> list[T]:
    """Return items in the order that the official program has when it divides the work.

    Each of its processes takes every ``parts``-th item; what they made is joined one process after the other.
    """
    return [item for part in range(parts) for item in items[part::parts]]


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write a text file whose lines all end, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    write_bytes(path, "".join(f"{line}\n" for line in lines).encode())
