"""Nothing accepted is lost, whatever is killed: the short form of ``python -m tests.service.proof kill``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.service.proof import kill


def test_nothing_accepted_is_lost_when_api_and_engine_are_killed(tmp_path: Path) -> None:
    figures = kill.run(tmp_path, kills=4, seed=3, longest_pause=1.0)
    assert figures.good, figures.shown()
    assert figures.accepted >= 5
    assert figures.most_spoken_again_per_kill <= 1


@pytest.mark.full
def test_two_hundred_kills(tmp_path: Path) -> None:
    figures = kill.run(tmp_path, kills=200)
    assert figures.good, figures.shown()
    assert figures.most_spoken_again_per_kill <= 1
