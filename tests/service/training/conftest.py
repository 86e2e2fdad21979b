"""Fixtures: a queue of trainings, on each database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.database import Database
from tests.service.databases import Databases
from tests.service.training.bench import TrainingBench, bench
from tests.service.training.http import serving

__all__ = ["TrainingBench", "bench", "serving"]


@pytest.fixture
def database(databases: Databases, tmp_path: Path) -> Iterator[Database]:
    opened = Database(databases.url(tmp_path))
    yield opened
    opened.close()
