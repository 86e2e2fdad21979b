"""How files come from one process to another: by one folder for all, or carried (:mod:`service.objects.carrier`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

Mark = str
"""Says which content a file has to have: its size, its SHA-256, and a number that no other mark has.

The database keeps it with the file's name. So a copy that is stale, cut or changed is never taken for the file.
"""


class FileCarrier:
    """All processes share one folder: nothing is carried, and what the database names is there.

    Paths lie below the root folder. Threads may share it.

    Attributes:
        apart: Whether each process has a folder of its own, so that a file of another may be missing here.
    """

    apart = False

    def publish(self, path: Path, content: Path | None = None) -> Mark | None:
        """Let others find a file, before the commit that names it.

        Args:
            path: Its name.
            content: Where it lies now, if it does not have its name yet.

        Returns:
            Its mark; None where the name alone says it all.

        Raises:
            StorageAwayError: it cannot be kept now; nothing has changed.
        """
        return None

    def fetch(self, path: Path, mark: Mark | None) -> Path:
        """Let a file be here, with the content that its mark says; return its path.

        Args:
            path: Its name.
            mark: What the database says; None takes what lies here.

        Raises:
            FileLostError: it is nowhere, or is not what it should be.
            StorageAwayError: it cannot be brought now.
        """
        return path

    def trusted(self, path: Path, mark: Mark | None) -> bool:
        """Whether a file that was kept before is there and may be used as it is; it is brought where it must be.

        Raises:
            StorageAwayError: it cannot be brought now.
        """
        return path.is_file()

    def mark_of(self, path: Path) -> Mark | None:
        """Return the mark of a file that lies here and was carried; None for others."""
        return None

    def spare(self, path: Path) -> None:
        """A file here can be made again: it may go when room is needed."""

    def is_spare(self, path: Path) -> bool:
        """Whether a file here is only a copy, or can be made again: nobody misses it."""
        return False

    def confirm(self, path: Path, mark: Mark | None) -> bool:
        """Whether what was published is still kept.

        Raises:
            StorageAwayError: nobody knows now.
        """
        return True

    def withdraw(self, path: Path, mark: Mark | None) -> None:
        """Take back what was published and is not named. Never fails: a sweep finds what stays."""

    def forget_others(self, path: Path, mark: Mark | None) -> None:
        """Remove what is kept under a name, except for one; None keeps nothing. Never fails, as above."""

    def forget_below(self, folder: Path) -> None:
        """Remove everything that is kept below a folder.

        Raises:
            StorageAwayError: it cannot be removed now.
        """

    def sweep(self, folder: Path, unnamed: Callable[[Sequence[str]], set[str]]) -> int:
        """Remove what an interrupted commit or removal left.

        What is young stays: its commit may be on its way.

        Args:
            folder: Below this.
            unnamed: Returns those of many paths below the folder that nothing in the database names any more. A path
                is a file's name and its mark: ``<name>/<mark>``.

        Returns:
            How many.
        """
        return 0
