"""requirements.txt and pyproject.toml say the same; the launch scripts say how they are used."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_requirements_are_the_projects_dependencies() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = re.search(r"^dependencies = \[\n(.*?)^\]", project, re.DOTALL | re.MULTILINE)
    assert block is not None
    dependencies = re.findall(r'^  "([^"]+)"', block[1], re.MULTILINE)
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    listed = [line.partition("#")[0].strip() for line in lines]
    assert dependencies
    assert sorted(filter(None, listed)) == sorted(dependencies)


@pytest.mark.parametrize("script", ["install.sh", "run.sh", "test.sh", ".ci/run"])
def test_scripts_parse_and_can_be_run(script: str) -> None:
    path = ROOT / script
    assert path.stat().st_mode & 0o111, f"{script} is not executable"
    subprocess.run(["bash", "-n", path], check=True)


@pytest.mark.parametrize(("script", "option"), [("install.sh", "--ascend"), ("run.sh", "--fetch")])
def test_help_names_the_options_and_installs_nothing(script: str, option: str) -> None:
    done = subprocess.run(["bash", ROOT / script, "--help"], capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout.startswith("Usage: ") and option in done.stdout


def test_an_unknown_option_is_refused() -> None:
    done = subprocess.run(["bash", ROOT / "install.sh", "--bogus"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert "unknown option --bogus" in done.stderr


def test_here_needs_an_active_environment() -> None:
    arguments = ["env", "-u", "VIRTUAL_ENV", "-u", "CONDA_PREFIX", "bash", str(ROOT / "install.sh"), "--here"]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert "--here needs an active environment" in done.stderr
