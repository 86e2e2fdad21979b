"""No task is spoken with another's voice, seed or weights: short form of ``python -m tests.service.proof voices``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.service.proof import voices


def test_outputs_equal_solo_runs_while_weights_are_switched(tmp_path: Path) -> None:
    found = voices.run(tmp_path, tasks=24, real=False, pause=0.05)
    assert found["good"], found
    assert found["switches"] >= 2


@pytest.mark.full
def test_so_they_do_on_the_real_engine(tmp_path: Path) -> None:
    found = voices.run(tmp_path)
    assert found["good"], found
