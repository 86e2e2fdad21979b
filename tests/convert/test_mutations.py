"""Mutated weight files: a typed error or a finding, within a second and 100 MB each."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def run(count: int, seed: int) -> None:
    command = [sys.executable, "-m", "tests.convert.mutations", str(count), "--seed", str(seed)]
    done = subprocess.run(
        command, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=1800, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
def test_mutated_files_are_refused_with_a_typed_error_or_read() -> None:
    run(1500, 0)


@pytest.mark.full
@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
@pytest.mark.parametrize("seed", range(1, 5))
def test_mutated_files_are_refused_with_a_typed_error_or_read_for_long(seed: int) -> None:
    run(25_000, seed)
