"""Fixtures: a queue on SQLite in a temporary folder."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from service.database import Database
from tests.service.tasks.bench import Bench, make_bench, open_database


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """SQLite; modules that ask for ``database_url`` get it and PostgreSQL in turn."""
    asked = "database_url" in request.fixturenames
    opened = open_database(request.getfixturevalue("database_url") if asked else f"sqlite:///{tmp_path / 'queue.db'}")
    yield opened
    opened.close()


@pytest.fixture
def bench(tmp_path: Path, database: Database) -> Iterator[Bench]:
    made = make_bench(tmp_path, database)
    yield made
    made.engine.close(timeout=1)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as threads:
        yield threads
