"""Where the official program is, and how a test runs a script beside it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER, PYTHON = "GPT_SOVITS_OFFICIAL", "GPT_SOVITS_OFFICIAL_PYTHON"
"""Environment variables: a checkout of the official repository, and an interpreter with what it requires."""


def run_official(module: str, *arguments: object) -> None:
    """Run a module of ours with the official program's interpreter; skips the test where there is no such program."""
    folder = os.environ.get(FOLDER)
    if not folder:
        pytest.skip(f"the official program is not present; {FOLDER} names a checkout, {PYTHON} its interpreter")
    python = os.environ.get(PYTHON, sys.executable)
    command = [python, "-m", module, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
