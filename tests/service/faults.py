"""Losing a database in the middle of a commit: before it holds or after, for a moment or for longer."""

from __future__ import annotations

import socket
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import event

from service.database import Database


class Cut:
    """Breaks the connection at the next commit.

    Args:
        database: Whose.
        arrives: Whether the database has carried out the commit.
        down: Whether the database cannot be reached afterwards, until :meth:`back`.
    """

    def __init__(self, database: Database, *, arrives: bool, down: bool = False) -> None:
        self._engine, self._arrives, self._down = database.engine, arrives, down
        self._error = sqlite3.OperationalError if database.is_sqlite else psycopg.OperationalError
        self._commit = self._engine.dialect.do_commit
        self._engine.dialect.do_commit = self._cut  # type: ignore[method-assign, assignment]

    def _cut(self, connection: Any) -> None:
        self._engine.dialect.do_commit = self._commit  # type: ignore[method-assign]
        if self._arrives:
            self._commit(connection)
        if self._down:
            event.listen(self._engine, "do_connect", self._refuse)
            self._engine.dispose()
        if self._error is psycopg.OperationalError:
            connection.dbapi_connection.close()
        raise self._error("disk I/O error, or the server closed the connection unexpectedly")

    def _refuse(self, *_: Any) -> None:
        raise self._error("unable to open the database, or connection refused")

    def back(self) -> None:
        """Let the database be reached again."""
        event.remove(self._engine, "do_connect", self._refuse)


class Proxy:
    """Stands between a client and a PostgreSQL server, and loses what it is told to.

    Attributes:
        folder: Where clients find it, instead of the server's.
        at_commit: Asked at every commit of a client with a function that sends it on; the client loses its connection
            when it returns True.
    """

    def __init__(self, server: Path, folder: Path) -> None:
        self.folder = folder
        self.at_commit: Callable[[Callable[[], None]], bool] | None = None
        self._server = server
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / ".s.PGSQL.5432"))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more clients."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(self._server / ".s.PGSQL.5432"))
                threading.Thread(target=self._forward, args=(client, server), daemon=True).start()
                threading.Thread(target=_pump, args=(server, client), daemon=True).start()

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(1 << 16):
                if b"COMMIT\0" in data and self.at_commit is not None:
                    lose = self.at_commit(lambda data=data: server.sendall(data))  # type: ignore[misc]
                    if lose:
                        client.shutdown(socket.SHUT_RDWR)
                        return
                else:
                    server.sendall(data)
            server.shutdown(socket.SHUT_WR)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@contextmanager
def proxied(url: str) -> Iterator[tuple[Proxy, str]]:
    """A proxy before the server of an address, and the address by way of it."""
    head, _, folder = url.partition("?host=")
    with tempfile.TemporaryDirectory(prefix="px-", dir="/tmp") as place:
        proxy = Proxy(Path(folder), Path(place))
        try:
            yield proxy, f"{head}?host={place}"
        finally:
            proxy.close()
