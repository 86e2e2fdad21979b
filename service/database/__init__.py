"""One database for all domains: SQLite in a file by default, PostgreSQL by address; tables come from migrations."""

from service.database.base import Base
from service.database.certainty import CommitUnknownError, make_certain
from service.database.database import Database, DatabaseBusyError

__all__ = ["Base", "CommitUnknownError", "Database", "DatabaseBusyError", "make_certain"]
