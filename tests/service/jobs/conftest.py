"""Fixtures: a queue that counts, on each database."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from service.database import Database
from service.threads import Offload, offload_to
from tests.service.databases import Databases


@pytest.fixture
def database(databases: Databases, tmp_path: Path) -> Iterator[Database]:
    opened = Database(databases.url(tmp_path))
    yield opened
    opened.close()


@pytest.fixture
def offload() -> Iterator[Offload]:
    with ThreadPoolExecutor(8) as threads:
        yield offload_to(threads)
