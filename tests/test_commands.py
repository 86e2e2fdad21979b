"""Commands in messages work as printed: with the running interpreter, from the project's folder."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from GPT_SoVITS import _commands
from tests.sources import python_files

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def afresh() -> Iterator[None]:
    _commands.python.cache_clear()
    yield
    _commands.python.cache_clear()


def test_a_command_runs_as_printed() -> None:
    command = _commands.module("GPT_SoVITS.resources", "list")
    done = subprocess.run(shlex.split(command), cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "hubert" in done.stdout


def test_python_on_the_path_is_called_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: sys.executable if name == "python" else None)
    assert _commands.module("service", "keys") == "python -m service keys"


def test_another_python_on_the_path_is_not_mistaken_for_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(ROOT / ".venv/bin/python"))
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    assert _commands.module("service") == ".venv/bin/python -m service"


def test_requirements_are_quoted_for_a_shell() -> None:
    assert _commands.pip_install("numpy>=1.26,<2").endswith("-m pip install 'numpy>=1.26,<2'")


def test_no_message_names_a_python_that_may_not_be_there() -> None:
    """A literal command in production code would miss where Python lies; --help's program names are no commands."""
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for room in ("GPT_SoVITS", "service", "convert")
        for path in python_files(ROOT / room)
        for line in path.read_text("utf-8").splitlines()
        if ("python -m " in line or '"pip install' in line or "'pip install" in line)
        and '"' in line
        and not any(word in line for word in ('"""', "``", "examples="))
        and path.name != "_commands.py"
    ]
    assert found == []


def test_an_extra_is_installed_without_putting_a_copy_in_the_place_of_this_folder() -> None:
    """``pip install '.[x]'`` replaces the editable installation by a copy, which no later change reaches."""
    texts = [ROOT / "webui.py", ROOT / "pyproject.toml", *ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    texts += [
        path for room in ("GPT_SoVITS", "service", "webui", "bench", "tests") for path in python_files(ROOT / room)
    ]
    copies = re.compile(r"pip(?: install|_install\()[ '\"]*\.\[")
    assert [str(path) for path in texts if path != Path(__file__) and copies.search(path.read_text("utf-8"))] == []
