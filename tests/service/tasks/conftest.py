"""Fixtures: a queue in a temporary folder."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from service.database import Database
from tests.service.databases import Databases
from tests.service.tasks.bench import Bench, make_bench


@pytest.fixture
def database(databases: Databases, tmp_path: Path) -> Iterator[Database]:
    opened = Database(databases.url(tmp_path))
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
