"""A long training does not grow."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.memory import measure

BOUND_MB = 40.0
"""Growth allowed over 2,000 steps: graphs of buckets that turn up late, and what the allocator keeps."""


@pytest.mark.full
def test_memory_stands_still_over_two_thousand_steps(tmp_path: Path) -> None:
    found = measure(tmp_path, steps=2000, window=200)
    assert found.steps == 2000
    assert found.last - found.first < BOUND_MB and found.late < BOUND_MB / 2
