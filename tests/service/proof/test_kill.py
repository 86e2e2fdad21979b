"""Nothing accepted is lost, whatever is killed: the short form of ``python -m tests.service.proof kill``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.service.postgresql import NoServerError, postgres_server
from tests.service.proof import kill

CALM: dict[str, Any] = {"waiting": 6, "pace": 0.5, "rest": 0.2, "longest_pause": 1.0}
"""For the quick run: fewer tasks of longer segments, so that a kill finds as many under way and less is checked."""


def _on_postgres(root: Path, kills: int, **how: Any) -> kill.Figures:
    try:
        with postgres_server() as server:
            return kill.run(root, kills, database=server.address(server.create()), server=server, **how)
    except NoServerError as error:
        pytest.skip(str(error))


def test_nothing_accepted_is_lost_when_api_and_engine_are_killed(tmp_path: Path) -> None:
    figures = kill.run(tmp_path, kills=3, seed=48, **CALM)
    assert figures.good, figures.shown()
    assert figures.kills.keys() == {"api", "both", "engine"} and figures.accepted >= kill.LEAST_ACCEPTED
    assert not figures.spoken_after_commit


def test_nor_when_the_database_is_killed_under_two_servers(tmp_path: Path) -> None:
    figures = _on_postgres(tmp_path, kills=3, seed=153, servers=2, **CALM)
    assert figures.good, figures.shown()
    assert figures.kills.keys() == {"api", "both", "database"} and figures.accepted >= kill.LEAST_ACCEPTED


@pytest.mark.full
def test_forty_kills_of_anything_under_two_servers(tmp_path: Path) -> None:
    figures = _on_postgres(tmp_path, kills=40, servers=2)
    assert figures.good, figures.shown()


@pytest.mark.full
def test_two_hundred_kills(tmp_path: Path) -> None:
    figures = kill.run(tmp_path, kills=200)
    assert figures.good, figures.shown()
    assert not figures.spoken_after_commit
