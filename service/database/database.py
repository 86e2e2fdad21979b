"""Connections and sessions, the same for SQLite and PostgreSQL."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event, make_url, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from service.database.commit_outcome import Marks
from service.database.reserve import Reserve
from service.database.turns import Turns, busy

CLIENT_PATIENCE_S = 5.0
"""So long a request waits for other writers before it is told to come again."""
WORKER_PATIENCE_S = 30.0
"""So long waits what keeps finished work or says that a worker lives."""
_WAITING = "gpt_sovits_waiting"
_SILENCE = {
    "connect_timeout": 10,
    "keepalives_idle": 20,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
"""Limits of libpq, in seconds, the last in milliseconds: a server that vanished is noticed within half a minute. TCP
alone takes a quarter of an hour. What the address names itself counts more."""
_TURNS = 7_239_421_190
"""Any number that nobody else in a PostgreSQL database locks."""


class Database:
    """Opens sessions. Every method blocks: call it off the event loop. Threads may share it.

    Args:
        url: SQLAlchemy address; ``sqlite:///<file>`` or ``postgresql+psycopg://...``.

    Attributes:
        patience: Seconds that a client's transaction waits for other writers.
        reserve: Room for removing things from a full disk.
    """

    def __init__(self, url: str) -> None:
        self.url = _with_driver(url)
        self.is_sqlite = make_url(self.url).get_backend_name() == "sqlite"
        self.reserve = _reserve(self.url)
        self.reserve.give_up()  # opening needs a little room too
        self.engine = _sqlite(self.url) if self.is_sqlite else _server(self.url)
        self.patience = CLIENT_PATIENCE_S
        # SQLite has one writer at a time: a fair wait here instead of polling for its lock there.
        self._turns = Turns()
        self._marks = Marks(partial(self._transaction, CLIENT_PATIENCE_S), self.is_sqlite)

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
    def writing(self, patience: float | None = None) -> Iterator[Session]:
        """A session whose block is one transaction: committed, and on disk, at its end; undone by an exception.

        Args:
            patience: Seconds to wait for other writers; None is what a client waits.

        Raises:
            DatabaseBusyError: other writers did not let go.
            CommitUnknownError: only after :func:`service.database.make_certain`; every other error means undone.
        """
        committing = False
        try:
            with self._transaction(self.patience if patience is None else patience) as session:
                self._marks.offer(session)
                yield session
                session.flush()
                committing = True
        except Exception as error:
            if isinstance(error, OperationalError | InterfaceError):
                self._turns.trouble()
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

    def writing_patiently(self) -> AbstractContextManager[Session]:
        """As :meth:`writing`, for what has been worked for: other writers are waited for much longer."""
        return self.writing(WORKER_PATIENCE_S)

    @contextmanager
    def removing(self) -> Iterator[Session]:
        """As :meth:`writing`, for what gives room back: it works on a full disk too."""
        self.reserve.give_up()
        try:
            with self.writing() as session:
                yield session
        finally:
            self.reserve.fill()

    def troubled(self, seconds: float) -> bool:
        """Whether writing was held up within the last so many seconds, so that silence of others tells nothing."""
        return self._turns.troubled(seconds)

    @contextmanager
    def _transaction(self, patience: float) -> Iterator[Session]:
        if not self.is_sqlite:
            with Session(self.engine, expire_on_commit=False) as session, session.begin():
                self._begin(session)
                yield session
            return
        with self._turns.next(patience, only_look=patience <= self.patience) as left:
            connection = self.engine.connect().execution_options(**{_WAITING: left})
            with connection, Session(connection, expire_on_commit=False) as session, session.begin():
                self._begin(session)
                yield session

    def _begin(self, session: Session) -> None:
        """Begin to write, and take note of how long others kept it waiting."""
        asked = time.monotonic()
        try:
            session.connection()
        except OperationalError as error:
            if self.is_sqlite and "is locked" in str(error):
                self._turns.waited_in_vain()
                raise busy() from error
            raise
        self._turns.waited(time.monotonic() - asked)

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


def _reserve(url: str) -> Reserve:
    """Return the room that is kept for a file; where there is none, on a server or in memory, nothing is kept."""
    address = make_url(url)
    file = address.database if address.get_backend_name() == "sqlite" else None
    if not file or file == ":memory:":
        return Reserve(Path(os.devnull))
    return Reserve(Path(f"{file}-reserve"))


def _server(url: str) -> Engine:
    limits = {name: value for name, value in _SILENCE.items() if name not in make_url(url).query}
    pool: dict[str, Any] = {"pool_size": 10, "max_overflow": 30, "pool_pre_ping": True, "pool_recycle": 1800}
    engine = create_engine(url, connect_args=limits, **pool)
    event.listen(engine, "connect", _prepare_server)
    return engine


def _prepare_server(connection: Any, _record: Any) -> None:
    # A machine that vanishes in the middle of a transaction would hold its locks until TCP gives up, for hours.
    connection.autocommit = True
    connection.execute(f"SET idle_in_transaction_session_timeout = '{WORKER_PATIENCE_S:.0f}s'")
    connection.autocommit = False


def _sqlite(url: str) -> Engine:
    engine = create_engine(
        url, pool_size=10, max_overflow=40, connect_args={"timeout": CLIENT_PATIENCE_S, "check_same_thread": False}
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # Transactions begin where _begin_sqlite says so, not where the driver guesses.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes the lock at once: a transaction that reads first and writes later could fail half-way.
    waiting: float | None = connection.get_execution_options().get(_WAITING)
    if waiting is None:
        connection.exec_driver_sql("BEGIN")
        return
    connection.exec_driver_sql(f"PRAGMA busy_timeout={waiting * 1e3:.0f}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")
