"""Opening what a process of the service stands on, with HTTP or without."""

from __future__ import annotations

from GPT_SoVITS import _commands
from service.database import Database
from service.database.migrate import migrate
from service.database.rebuilding import check_folders
from service.settings import Settings


def open_database(settings: Settings, *, rebuild: bool = False) -> Database:
    """Open the configured database and bring its tables up to date.

    Args:
        settings: Of the service.
        rebuild: Whether a new database may be made beside folders that hold tasks.

    Raises:
        DatabaseLostError: the folders hold tasks, and the database is new.
    """
    if settings.database_url is not None:
        database = Database(settings.database_url.get_secret_value())
    else:
        database = Database.in_folder(settings.root)

    def begin() -> None:
        if not rebuild:
            check_folders(settings.root, _commands.module("service", "rebuild"))

    try:
        migrate(database, begin)
    except BaseException:
        database.engine.dispose()
        raise
    database.reserve.fill()
    return database
