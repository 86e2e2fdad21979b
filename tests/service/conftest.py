"""The service in a scratch folder behind real HTTP, and the databases it must work with."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from GPT_SoVITS.testing.fake import FakeEngine
from service.app import create_app
from service.http.connections import ConnectionLimits, protocol
from service.settings import ENVIRONMENT, PREFIX, Settings, load_settings
from tests.conftest import NO_STARTER
from tests.service.databases import Databases, PostgresDatabases, SqliteDatabases
from tests.service.postgresql import NoServerError, postgres_server
from tests.service.serving import ThreadServer, http_client


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


# Small, so that tests reach them.
CONNECTIONS = ConnectionLimits(connections=400)


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
        http=protocol(CONNECTIONS),
    )
    with ThreadServer(config).running() as port:
        yield f"http://127.0.0.1:{port}"


Starter = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path, databases: Databases) -> Iterator[Starter]:
    """Start a service: ``start(engine=FakeEngine(...), port=..., text_limit=...)``; several may run at once."""
    with ExitStack() as stack:

        def begin(engine: FakeEngine | None = None, **given: Any) -> Running:
            fake = engine or FakeEngine()
            values = {"root": tmp_path / "service", "host": "127.0.0.1", **given}
            settings = load_settings(**databases.settings(values["root"]), **values)
            app = create_app(settings, fake)
            stack.callback(fake.close, 1.0)
            address = stack.enter_context(listening(app))
            http = stack.enter_context(http_client(address))
            return Running(http, app, fake, settings)

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
        if (name.startswith(PREFIX) and name != NO_STARTER) or name in names:
            monkeypatch.delenv(name)


# --- databases ---

KINDS = ("sqlite", "postgresql")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let whoever calls choose the database of all tests of the service."""
    parser.addoption("--database", choices=(*KINDS, "both"), help="run every test of the service on this database")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what depends on the database on both kinds, unless one was chosen."""
    asked = metafunc.config.getoption("database", None)
    both = metafunc.definition.get_closest_marker("both_databases") is not None and asked is None
    if "databases" in metafunc.fixturenames and (both or asked == "both"):
        metafunc.parametrize("databases", KINDS, indirect=True)


@pytest.fixture(scope="session")
def databases_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Databases]]:
    """Return a new maker of databases of a kind. Skips what asks for PostgreSQL where no server can be started."""
    with ExitStack() as stack:

        @cache
        def made(kind: str) -> Databases:
            if kind == "sqlite":
                return SqliteDatabases(tmp_path_factory.mktemp("database") / "service.db")
            return PostgresDatabases(stack.enter_context(postgres_server()))

        def databases(kind: str) -> Databases:
            try:
                return made(kind).apart()
            except NoServerError as error:
                pytest.skip(str(error))

        yield databases


@pytest.fixture(scope="module")
def shared_databases(databases_of: Callable[[str], Databases], pytestconfig: pytest.Config) -> Iterator[Databases]:
    """Makes databases that the tests of a module share; of one kind."""
    asked = pytestconfig.getoption("database", None)
    found = databases_of("postgresql" if asked == "postgresql" else "sqlite")
    yield found
    found.close()


@pytest.fixture
def databases(
    request: pytest.FixtureRequest, databases_of: Callable[[str], Databases], pytestconfig: pytest.Config
) -> Iterator[Databases]:
    """Makes databases; modules marked ``both_databases`` run with each kind in turn."""
    found = databases_of(getattr(request, "param", None) or pytestconfig.getoption("database", None) or "sqlite")
    yield found
    found.close()
