"""One database for all domains: SQLite in a file by default, PostgreSQL by address; tables come from migrations."""

from service.database.base import Base
from service.database.commit_outcome import CommitUnknownError, make_certain
from service.database.database import Database
from service.database.turns import DatabaseBusyError

__all__ = ["Base", "CommitUnknownError", "Database", "DatabaseBusyError", "make_certain"]
