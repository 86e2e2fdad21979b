"""Databases for tests, of both kinds: empty ones, and ones with all tables, copied since migrating takes long."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, Protocol

from service.database import Database
from service.database.migrate import migrate
from tests.service.postgresql import PostgresServer


class Databases(Protocol):
    """Makes databases; what belongs to one folder is one database."""

    def url(self, folder: Path, *, tables: bool = True) -> str:
        """Return the address of a folder's database, made at the first call.

        Args:
            folder: Whose; need not exist.
            tables: Whether a new one has all tables, or none.
        """

    def settings(self, root: Path) -> dict[str, Any]:
        """Return settings with which a service in a folder uses the folder's database."""

    def copy(self, folder: Path, target: Path) -> None:
        """Give a copy of a folder, made by the caller, a copy of the folder's database; nobody uses it meanwhile."""

    def drop(self, folder: Path) -> None:
        """Remove a folder's database, whoever uses it."""

    def apart(self) -> Databases:
        """Return another maker of the same kind, that knows nothing of what this one made."""

    def close(self) -> None:
        """Remove everything that this one made."""


def _migrated(url: str) -> None:
    database = Database(url)
    migrate(database)
    database.close()


class SqliteDatabases:
    """Files in the folders, where a service without settings looks for them.

    Args:
        template: What is copied; made where it is missing.
    """

    def __init__(self, template: Path) -> None:
        self._template = template
        if not template.exists():
            _migrated(f"sqlite:///{template}")

    def url(self, folder: Path, *, tables: bool = True) -> str:
        """See :class:`Databases`."""
        path = folder / "service.db"
        if tables and not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(self._template, path)
        return f"sqlite:///{path}"

    def settings(self, root: Path) -> dict[str, Any]:
        """See :class:`Databases`."""
        self.url(root)
        return {}

    def copy(self, folder: Path, target: Path) -> None:
        """See :class:`Databases`; it came with the folder."""

    def drop(self, folder: Path) -> None:
        """See :class:`Databases`; it goes with its folder."""

    def apart(self) -> SqliteDatabases:
        """See :class:`Databases`."""
        return SqliteDatabases(self._template)

    def close(self) -> None:
        """See :class:`Databases`; they go with their folders."""


class PostgresDatabases:
    """Databases of one server.

    Args:
        server: Runs.
        template: Name of the database that is copied; None makes it.
    """

    def __init__(self, server: PostgresServer, template: str | None = None) -> None:
        self._server = server
        self._names: dict[Path, str] = {}
        if template is None:
            template = server.create()
            _migrated(server.address(template))
        self._template = template

    def url(self, folder: Path, *, tables: bool = True) -> str:
        """See :class:`Databases`."""
        if folder not in self._names:
            self._names[folder] = self._server.create(self._template) if tables else self._server.create()
        return self._server.address(self._names[folder])

    def settings(self, root: Path) -> dict[str, Any]:
        """See :class:`Databases`."""
        return {"database_url": self.url(root)}

    def copy(self, folder: Path, target: Path) -> None:
        """See :class:`Databases`."""
        self._names[target] = self._server.create(self._names[folder])

    def drop(self, folder: Path) -> None:
        """See :class:`Databases`."""
        if (name := self._names.pop(folder, None)) is not None:
            self._server.drop(name)

    def apart(self) -> PostgresDatabases:
        """See :class:`Databases`."""
        return PostgresDatabases(self._server, self._template)

    def close(self) -> None:
        """See :class:`Databases`."""
        for folder in list(self._names):
            self.drop(folder)
