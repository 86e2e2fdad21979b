"""Style and types of the whole project, beside the other tests instead of before them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def _run(*arguments: str) -> None:
    done = subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode and f"No module named {arguments[0]}" in done.stderr:
        pytest.skip(f"{arguments[0]} is not installed: bash install.sh --dev")
    assert done.returncode == 0, f"\n{done.stdout}{done.stderr}"


def test_types_hold() -> None:
    cache = () if (ROOT / ".mypy_cache").is_dir() else ("--cache-dir", os.devnull)  # a run of its own never reads one
    _run("mypy", *cache)


def test_style_is_followed() -> None:
    _run("ruff", "check", ".")


def test_the_layout_of_the_code_is_the_formatters() -> None:
    _run("ruff", "format", "--check", ".")


def test_the_newest_section_of_the_changelog_is_of_this_version() -> None:
    project = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    sections = re.findall(r"^## (\S+)(?: \(\d{4}-\d\d-\d\d\))?$", changelog, re.MULTILINE)
    assert project is not None
    assert project[1] in sections[:2] and sections[0] in ("Unreleased", project[1])
