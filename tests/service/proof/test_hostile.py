"""What clients should not send does no harm: short forms of ``python -m tests.service.proof uploads | bodies``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.service.proof import bodies, uploads


def test_mutated_uploads_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    found = uploads.run(tmp_path, count=40, seed=1)
    assert found["good"], found
    assert len(found["answers"]) >= 3


@pytest.mark.full
def test_ten_thousand_mutated_uploads(tmp_path: Path) -> None:
    found = uploads.run(tmp_path)
    assert found["good"], found


@pytest.mark.full
def test_endless_bodies_and_clips_are_refused_at_their_limit(tmp_path: Path) -> None:
    found = bodies.run(tmp_path)
    assert found["good"], found
