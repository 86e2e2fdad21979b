"""The service in a scratch folder behind real HTTP, and the databases it must work with."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy import create_engine, text

from GPT_SoVITS.engine.fake import FakeEngine
from service.app import create_app, open_database
from service.settings import ENVIRONMENT, PREFIX, Settings, load_settings


@dataclass(frozen=True)
class Running:
    """A service that answers over TCP.

    Attributes:
        client: Talks to it.
        app: The application; ``app.state.container`` has everything.
        engine: The one it speaks with.
        settings: Its settings.
    """

    client: httpx.Client
    app: FastAPI
    engine: FakeEngine
    settings: Settings

    @property
    def root(self) -> Path:
        """Its folder."""
        return self.settings.root

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return str(self.client.base_url).rstrip("/")


class _Server(uvicorn.Server):
    async def main_loop(self) -> None:
        """Notice the end sooner than the original, which looks ten times a second."""
        while not self.should_exit:
            await asyncio.sleep(0.005)

    def wait(self) -> int:
        """Return the port once it listens."""
        until = time.monotonic() + 30
        while not self.started:
            assert time.monotonic() < until and not self.should_exit, "the service did not start"
            time.sleep(0.005)
        port: int = self.servers[0].sockets[0].getsockname()[1]
        return port


@contextmanager
def listening(app: FastAPI) -> Iterator[str]:
    """Serve an application on a free port of the loopback; yields its address."""
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=0,
        log_config=None,
        access_log=False,
        lifespan="on",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    server = _Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.wait()}"
    finally:
        server.should_exit = True
        thread.join(timeout=30)
        assert not thread.is_alive(), "the service did not stop"


Starter = Callable[..., Running]


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied: migrating takes longer than most tests."""
    folder = tmp_path_factory.mktemp("database")
    open_database(load_settings(root=folder)).close()
    return folder / "service.db"


@pytest.fixture
def start(tmp_path: Path, empty_database: Path) -> Iterator[Starter]:
    """Start a service: ``start(engine=FakeEngine(...), port=..., text_limit=...)``; several may run at once."""
    with ExitStack() as stack:

        def begin(engine: FakeEngine | None = None, **given: Any) -> Running:
            fake = engine or FakeEngine()
            values = {"root": tmp_path / "service", "host": "127.0.0.1", **given}
            settings = load_settings(**values)
            if settings.database_url is None and not (settings.root / "service.db").exists():
                settings.root.mkdir(parents=True, exist_ok=True)
                shutil.copy(empty_database, settings.root / "service.db")
            app = create_app(settings, fake)
            stack.callback(fake.close, 1.0)
            address = stack.enter_context(listening(app))
            client = stack.enter_context(httpx.Client(base_url=address, timeout=30, trust_env=False))
            return Running(client, app, fake, settings)

        yield begin


@pytest.fixture
def running(start: Starter) -> Running:
    """A service with default settings."""
    return start()


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests see default settings whatever the environment holds."""
    names = {name for entries in ENVIRONMENT.values() for name, _ in entries}
    for name in list(os.environ):
        if name.startswith(PREFIX) or name in names:
            monkeypatch.delenv(name)


# --- databases ---


def _postgres_programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    program = shutil.which("initdb")
    return Path(program).parent if program else None


def _as_other_user(folder: Path) -> list[str]:
    """PostgreSQL refuses to run as root: return the words before a command that run it as somebody else."""
    if os.geteuid() != 0:
        return []
    user = next((u for u in pwd.getpwall() if u.pw_name in ("postgres", "nobody")), None)
    if user is None or shutil.which("setpriv") is None:
        pytest.skip("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


@contextmanager
def _postgres(folder: Path) -> Iterator[str]:
    programs = _postgres_programs()
    if programs is None:
        pytest.skip("no PostgreSQL server is installed (Debian: apt-get install postgresql)")
    prefix = _as_other_user(folder)
    data = folder / "data"
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.STDOUT, "cwd": folder}
    subprocess.run(
        [*prefix, programs / "initdb", "-D", data, "-A", "trust", "-U", "tests", "-E", "UTF8", "--locale=C", "-N"],
        check=True,
        **quiet,
    )
    options = ["-c", "fsync=off", "-c", "listen_addresses=", "-k", str(folder), "-c", "max_connections=200"]
    server = subprocess.Popen([*prefix, programs / "postgres", "-D", data, *options], **quiet)
    url = f"postgresql+psycopg://tests@/{{}}?host={folder}"
    try:
        _wait_for(url.format("postgres"), server)
        yield url
    finally:
        server.terminate()
        server.wait(timeout=20)


def _wait_for(url: str, server: subprocess.Popen[Any]) -> None:
    engine = create_engine(url)
    until = time.monotonic() + 30
    while True:
        try:
            with engine.connect():
                break
        except Exception:
            assert server.poll() is None and time.monotonic() < until, "PostgreSQL did not start"
            time.sleep(0.05)
    engine.dispose()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Callable[[], AbstractContextManager[str]]]:
    """Makes empty PostgreSQL databases: ``with postgres() as url``. Skips where no server can be started."""
    # A socket's path must be short, and its folder open to the server's user.
    folder = Path(subprocess.check_output(["mktemp", "-d", "/tmp/pg-XXXXXX"], text=True).strip())
    numbers = iter(range(10_000))
    try:
        with _postgres(folder) as url:

            @contextmanager
            def database() -> Iterator[str]:
                name = f"tests{next(numbers)}"
                admin = create_engine(url.format("postgres"), isolation_level="AUTOCOMMIT")
                with admin.connect() as connection:
                    connection.execute(text(f"CREATE DATABASE {name}"))
                yield url.format(name)
                with admin.connect() as connection:
                    connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
                admin.dispose()

            yield database
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database, once of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'tests.db'}"
        return
    with request.getfixturevalue("postgres")() as url:
        yield url
