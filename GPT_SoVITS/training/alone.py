"""One training at a time writes a folder: two would take turns in replacing each other's state."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from GPT_SoVITS.training.trainer import TrainingError

_LOCK = ".lock"
PATIENCE_SECONDS = 5.0
"""That a training may take to be gone after it was killed."""
_LOOK_SECONDS = 0.1


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Let nobody else train in a folder within the block; it is made if it is missing.

    However a process ends, the kernel frees the folder.

    Raises:
        TrainingError: somebody else does.
        OSError: nothing can be written there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK).open("a", encoding="ascii") as file:
        until = time.monotonic() + PATIENCE_SECONDS
        while not _locked(file):
            if time.monotonic() >= until:
                raise TrainingError(
                    f"another training writes {folder} now; wait until it has ended, or end it, and start again"
                )
            time.sleep(_LOOK_SECONDS)
        yield


def _locked(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
