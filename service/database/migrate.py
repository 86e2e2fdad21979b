"""Bringing a database to the tables of this version."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from service.database.database import Database
from service.errors import ServiceError


class DatabaseTooNewError(ServiceError):
    """The database was made by a later version of this program."""


def migrate(database: Database, begin: Callable[[], None] = lambda: None) -> None:
    """Bring the database up to date; nothing happens when it is. Several processes may do so at once.

    Args:
        database: The database.
        begin: Called before the tables of a new one are made; what it raises leaves it as it was.

    Raises:
        DatabaseTooNewError: it is ahead of this program.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    scripts = ScriptDirectory.from_config(config)
    with database.writing_by_turns() as session:
        connection = session.connection()
        found = _revision(connection)
        if found == scripts.get_current_head():
            return
        if found is not None and found not in {script.revision for script in scripts.walk_revisions()}:
            raise DatabaseTooNewError("database_too_new", revision=found)
        if found is None:
            begin()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
