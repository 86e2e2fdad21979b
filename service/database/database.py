"""Connections and sessions, the same for SQLite and PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event, make_url, text
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from service.database.certainty import Marks
from service.errors import UnavailableError

BUSY_TIMEOUT_S = 30.0
_WRITING = "gpt_sovits_writing"
_TURNS = 7_239_421_190
"""Any number that nobody else in a PostgreSQL database locks."""


class DatabaseBusyError(UnavailableError):
    """Another transaction held the database for too long."""


class Database:
    """Opens sessions. Every method blocks: call it off the event loop. Threads may share it.

    Args:
        url: SQLAlchemy address; ``sqlite:///<file>`` or ``postgresql+psycopg://...``.
    """

    def __init__(self, url: str) -> None:
        self.url = _with_driver(url)
        self.is_sqlite = make_url(self.url).get_backend_name() == "sqlite"
        self.engine = _sqlite(self.url) if self.is_sqlite else _server(self.url)
        # SQLite has one writer at a time: a fair wait here instead of polling for its lock there.
        self._turn = threading.Lock()
        self._marks = Marks(self._transaction, self.is_sqlite)

    @classmethod
    def in_folder(cls, folder: Path) -> Database:
        """Open the file that serves when no address is configured."""
        folder.mkdir(parents=True, exist_ok=True)
        return cls(f"sqlite:///{folder / 'service.db'}")

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for reading: what it sees is one moment's state on SQLite, each statement's on PostgreSQL."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session whose block is one transaction: committed, and on disk, at its end; undone by an exception.

        Raises:
            DatabaseBusyError: other writers did not let go.
            CommitUnknownError: only after :func:`service.database.make_certain`; every other error means undone.
        """
        committing = False
        try:
            with self._transaction() as session:
                self._marks.offer(session)
                yield session
                session.flush()
                committing = True
        except Exception as error:
            if not committing or not self._marks.holds(session, error):
                raise
        self._marks.committed(session)

    @contextmanager
    def writing_by_turns(self) -> Iterator[Session]:
        """As :meth:`writing`, one block after another among all servers: for what looks first, and then makes."""
        with self.writing() as session:
            if not self.is_sqlite:  # there every writer waits for the others
                session.execute(text("SELECT pg_advisory_xact_lock(:turns)"), {"turns": _TURNS})
            yield session

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        if not self.is_sqlite:
            with Session(self.engine, expire_on_commit=False) as session, session.begin():
                yield session
            return
        if not self._turn.acquire(timeout=BUSY_TIMEOUT_S):
            raise DatabaseBusyError("the database is busy: another transaction has not ended", retry_after=5)
        try:
            connection = self.engine.connect().execution_options(**{_WRITING: True})
            with connection, Session(connection, expire_on_commit=False) as session, session.begin():
                yield session
        finally:
            self._turn.release()

    def check(self) -> None:
        """Raise an error of the database unless it answers."""
        with self.engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close all connections; SQLite's journal goes into the file."""
        self._marks.close()
        if self.is_sqlite:
            with self.engine.connect() as connection:
                connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        self.engine.dispose()


def _with_driver(url: str) -> str:
    """Return an address with the driver that is installed: most write postgres://, which names none."""
    scheme, separator, rest = url.partition("://")
    if scheme in ("postgres", "postgresql"):
        return f"postgresql+psycopg{separator}{rest}"
    return url


def _server(url: str) -> Engine:
    engine = create_engine(url, pool_size=10, max_overflow=30, pool_pre_ping=True, pool_recycle=1800)
    event.listen(engine, "connect", _prepare_server)
    return engine


def _prepare_server(connection: Any, _record: Any) -> None:
    # A machine that vanishes in the middle of a transaction would hold its locks until TCP gives up, for hours.
    connection.autocommit = True
    connection.execute(f"SET idle_in_transaction_session_timeout = '{BUSY_TIMEOUT_S:.0f}s'")
    connection.autocommit = False


def _sqlite(url: str) -> Engine:
    engine = create_engine(
        url, pool_size=10, max_overflow=40, connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False}
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # Transactions begin where _begin_sqlite says so, not where the driver guesses.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_TIMEOUT_S * 1e3:.0f}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes the lock at once: a transaction that reads first and writes later could fail half-way.
    writing = connection.get_execution_options().get(_WRITING, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
