"""The other supported Pythons, where they are installed: every file compiles, and what needs no package is imported."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Container
from functools import cache
from pathlib import Path

import pytest

from tests.sources import python_files

ROOT = Path(__file__).parents[2]
PACKAGES = ("GPT_SoVITS", "convert", "service")
SUPPORTED = ("3.10", "3.11", "3.12")
COMPILES = """
import sys
from pathlib import Path
for name in sys.stdin.read().split():
    compile(Path(name).read_text("utf-8"), name, "exec")
"""
IMPORTS = """
import importlib, sys
sys.path.insert(0, sys.argv[1])
for name in sys.stdin.read().split():
    importlib.import_module(name)
"""


def _interpreter(version: str) -> str:
    """The Python of a version, as PATH or pyenv has it."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [str(path) for path in sorted(pyenv.glob(f"{version}.*/bin/python"))]
    for candidate in [*found, shutil.which(f"python{version}")]:
        if candidate is None:
            continue
        asked = [candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        answer = subprocess.run(asked, capture_output=True, text=True, check=False)
        if answer.stdout.strip() == version:
            return candidate
    pytest.skip(f"Python {version} is not installed")


def _files() -> list[Path]:
    return [*ROOT.glob("*.py"), *(path for package in PACKAGES for path in python_files(ROOT / package))]


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(path: Path, modules: Container[str]) -> set[str]:
    """Names that a module imports at its top, the packages that it lies in included."""
    name = _name(path)
    found = {name[:end] for end, letter in enumerate(name) if letter == "."}
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(name for alias in node.names if (name := f"{node.module}.{alias.name}") in modules)
    return found


@cache
def _light_modules() -> list[str]:
    """Modules that import nothing, over others of the project or directly, but what comes with Python."""
    files = {_name(path): path for path in _files() if path.name != "__main__.py"}
    needs = {name: _imported(path, files) for name, path in files.items()}
    light = set(files)
    while heavy := {
        name
        for name in light
        if any(need not in light and need.split(".")[0] not in sys.stdlib_module_names for need in needs[name])
    }:
        light -= heavy
    return sorted(name for name in light if name.split(".")[0] in PACKAGES)


@pytest.mark.parametrize("version", [v for v in SUPPORTED if v != f"{sys.version_info[0]}.{sys.version_info[1]}"])
def test_another_python_compiles_everything_and_imports_what_needs_no_package(version: str, tmp_path: Path) -> None:
    python, light = _interpreter(version), _light_modules()
    assert len(light) > 20, light
    for script, arguments, given in (
        (COMPILES, [], "\n".join(map(str, _files()))),
        (IMPORTS, [str(ROOT)], "\n".join(light)),
    ):
        done = subprocess.run(
            [python, "-I", "-B", "-c", script, *arguments],
            input=given, capture_output=True, text=True, cwd=tmp_path, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    print(f"Python {version}: {len(_files())} files compile, {len(light)} modules are imported")


@pytest.mark.full
@pytest.mark.parametrize("version", SUPPORTED)
def test_the_dependencies_resolve_for_every_python(version: str) -> None:
    if shutil.which("uv") is None:
        pytest.skip("uv is not installed: pip install uv")
    asked = ["uv", "pip", "compile", "-q", "--python-version", version, "--no-header", "requirements.txt"]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    assert "mindspore==" in done.stdout
