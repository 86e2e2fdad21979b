"""One training at a time writes a folder: two would take turns in replacing each other's state."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from convert.locks import locked_within
from GPT_SoVITS.training.trainer import TrainingError

_LOCK = ".lock"
PATIENCE_SECONDS = 5.0
"""That a training may take to be gone after it was killed."""


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Let nobody else train in a folder within the block; it is made if it is missing.

    However a process ends, the kernel frees the folder.

    Raises:
        TrainingError: somebody else does.
        OSError: nothing can be written there.
    """
    with locked_within(folder / _LOCK, PATIENCE_SECONDS) as held:
        if not held:
            raise TrainingError(
                f"another training writes {folder} now; wait until it has ended, or end it, and start again"
            )
        yield
