"""A database that is missing beside full folders: most likely a lost one, so nobody begins anew without being asked."""

from __future__ import annotations

from pathlib import Path

from service.errors import ServiceError

REBUILD = "rebuild-from-files"
"""Secret by which the next start is asked to take over what the folders tell."""


class DatabaseLostError(ServiceError):
    """The database is new, and the folders hold the work of another one."""


def check_folders(root: Path, command: str) -> None:
    """Refuse a new database where the folders hold tasks of this program.

    Args:
        root: Folder of the service's data.
        command: Makes a new database on purpose.

    Raises:
        DatabaseLostError: they do.
    """
    count = sum(_ours(path) for folder in ("done", "error", "task") for path in (root / folder).glob("*.json"))
    if count:
        raise DatabaseLostError("database_missing", count=count, command=command)


def _ours(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return b'"format": "voice-task/' in file.read(200)
    except OSError:
        return False
