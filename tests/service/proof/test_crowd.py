"""Many clients at once: short forms of ``python -m tests.service.proof same | cancel | pollers | slow | soak``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.service.proof import crowd, pollers, soak


def test_submits_with_cancels_end_in_exactly_one_state(tmp_path: Path) -> None:
    found = crowd.submits_and_cancels(tmp_path, count=25)
    assert found["good"], found


@pytest.mark.full
def test_a_hundred_threads_make_one_task(tmp_path: Path) -> None:
    found = crowd.same_task(tmp_path)
    assert found["good"], found


@pytest.mark.full
def test_a_thousand_submits_with_cancels(tmp_path: Path) -> None:
    found = crowd.submits_and_cancels(tmp_path, count=1000)
    assert found["good"], found


@pytest.mark.full
def test_pollers_and_streams_hinder_nobody(tmp_path: Path) -> None:
    found = pollers.pollers_and_streams(tmp_path)
    assert found["good"], found


@pytest.mark.full
def test_slow_clients_hinder_nobody(tmp_path: Path) -> None:
    found = crowd.slow_clients(tmp_path)
    assert found["good"], found


@pytest.mark.full
def test_ten_thousand_tasks_leave_nothing_in_memory(tmp_path: Path) -> None:
    found = soak.run(tmp_path)
    assert found["good"], found
