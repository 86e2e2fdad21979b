"""A PostgreSQL server of one's own in a scratch folder, for tests and proofs; it may be killed like anything else."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import create_engine, text

# The disk is not waited for: the processes die here, the machine does not.
_OPTIONS = ("fsync=off", "full_page_writes=off", "max_connections=200", "listen_addresses=", "autovacuum_naptime=10")


class NoServerError(Exception):
    """No server can be started here; the message says why."""


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    program = found[-1] if found else shutil.which("initdb")
    if program is None:
        raise NoServerError("no PostgreSQL server is installed (bash install.sh --dev)")
    return Path(program).parent


def _as_other_user(folder: Path) -> list[str]:
    """PostgreSQL refuses to run as root: return the words before a command that run it as somebody else."""
    if os.geteuid() != 0:
        return []
    user = next((u for u in pwd.getpwall() if u.pw_name in ("postgres", "nobody")), None)
    if user is None or shutil.which("setpriv") is None:
        raise NoServerError("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


class PostgresServer:
    """See the module; made by :func:`postgres_server`.

    Args:
        folder: Empty; its path is short, since the socket lies in it.

    Raises:
        NoServerError: none can be started here.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._programs = folder, _programs()
        self._prefix = _as_other_user(folder)
        self._quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.STDOUT, "cwd": folder}
        self._numbers = iter(range(1_000_000))
        make = ["initdb", "-D", str(self._data), "-A", "trust", "-U", "tests", "-E", "UTF8", "--locale=C", "-N"]
        subprocess.run(self._command(make), check=True, **self._quiet)
        self.start()

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def address(self, name: str) -> str:
        """Return the address of a database."""
        return f"postgresql+psycopg://tests@/{name}?host={self._folder}"

    def _command(self, words: list[str]) -> list[str]:
        return [*self._prefix, str(self._programs / words[0]), *words[1:]]

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = [word for option in _OPTIONS for word in ("-c", option)]
        command = ["postgres", "-D", str(self._data), "-k", str(self._folder), *options]
        self._process = subprocess.Popen(self._command(command), **self._quiet)
        until = time.monotonic() + 60
        while not self._answers():
            assert self._process.poll() is None and time.monotonic() < until, "PostgreSQL did not start"
            time.sleep(0.02)

    def _answers(self) -> bool:
        with contextlib.suppress(Exception):
            self._run("SELECT 1")
            return True
        return False

    def kill(self) -> None:
        """kill -9 of all its processes."""
        server = psutil.Process(self._process.pid)
        processes = [server, *server.children(recursive=True)]
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self._process.wait()
        psutil.wait_procs(processes, timeout=30)

    def create(self, template: str = "template0") -> str:
        """Make a database as a copy of another, which nobody is connected to; return its name."""
        name = f"tests{next(self._numbers)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever uses it."""
        self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _run(self, statement: str) -> None:
        engine = create_engine(self.address("postgres"), isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as connection:
                connection.execute(text(statement))
        finally:
            engine.dispose()


@contextlib.contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A running server, gone with its data afterwards.

    Raises:
        NoServerError: none can be started here.
    """
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    server = None
    try:
        server = PostgresServer(folder)
        yield server
    finally:
        if server is not None:
            server.kill()
        shutil.rmtree(folder, ignore_errors=True)
