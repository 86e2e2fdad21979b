"""The layout shows the architecture: imports run one way, files stay small, nothing names a machine."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# package -> the packages of ours that it may import (itself always)
ALLOWED: dict[str, set[str]] = {
    "convert": set(),
    "GPT_SoVITS.backend": {"GPT_SoVITS._environment"},
    "GPT_SoVITS.compiled": {"GPT_SoVITS.backend", "GPT_SoVITS._environment"},
    "GPT_SoVITS.layers": {"GPT_SoVITS.backend"},
    "GPT_SoVITS.native": {"GPT_SoVITS._environment"},
    "GPT_SoVITS.t2s": {"GPT_SoVITS.backend", "GPT_SoVITS.compiled", "GPT_SoVITS.layers", "GPT_SoVITS.native"},
    "GPT_SoVITS.sovits": {"GPT_SoVITS.backend", "GPT_SoVITS.compiled", "GPT_SoVITS.layers", "GPT_SoVITS.native"},
    "GPT_SoVITS.features": {"GPT_SoVITS.backend", "GPT_SoVITS.compiled", "GPT_SoVITS.layers"},
    "GPT_SoVITS.text": set(),
    "GPT_SoVITS.resources": set(),
    "GPT_SoVITS.engine": {
        "convert",
        "GPT_SoVITS.backend",
        "GPT_SoVITS.compiled",
        "GPT_SoVITS._environment",
        "GPT_SoVITS.features",
        "GPT_SoVITS.native",
        "GPT_SoVITS.resources",
        "GPT_SoVITS.sovits",
        "GPT_SoVITS.t2s",
        "GPT_SoVITS.text",
    },
    "GPT_SoVITS.say": {"GPT_SoVITS.engine", "GPT_SoVITS.resources", "GPT_SoVITS.text"},
    # The doctor looks at everything that speech uses.
    "GPT_SoVITS.doctor": {
        "convert",
        "GPT_SoVITS._environment",
        "GPT_SoVITS.backend",
        "GPT_SoVITS.compiled",
        "GPT_SoVITS.engine",
        "GPT_SoVITS.native",
        "GPT_SoVITS.resources",
        "GPT_SoVITS.say",
        "GPT_SoVITS.selftest",
        "GPT_SoVITS.t2s",
    },
    # The service computes no speech: it may know what crosses the pipe, and texts.
    "service": {"GPT_SoVITS.engine", "GPT_SoVITS.resources", "GPT_SoVITS.text", "convert"},
}


def _files(package: str) -> list[Path]:
    path = ROOT / package.replace(".", "/")
    return sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]


def _module(name: str) -> Path | None:
    """The file of a module of ours."""
    path = ROOT / name.replace(".", "/")
    return next((p for p in (path.with_suffix(".py"), path / "__init__.py") if p.is_file()), None)


def _imports(path: Path, top_level_only: bool = False) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body if top_level_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module == "GPT_SoVITS":
                yield from (f"GPT_SoVITS.{alias.name}" for alias in node.names)
            else:
                yield node.module
                modules = (f"{node.module}.{alias.name}" for alias in node.names)
                yield from (name for name in modules if _module(name) is not None)


def _within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


@pytest.mark.parametrize("package", ALLOWED)
def test_imports_run_downwards(package: str) -> None:
    for path in _files(package):
        for name in _imports(path):
            if name.split(".")[0] not in ("GPT_SoVITS", "convert", "service", "tests", "bench"):
                continue
            allowed = {package, *ALLOWED[package]}
            assert any(_within(name, other) for other in allowed), f"{path.relative_to(ROOT)} imports {name}"


def test_mindspore_is_imported_only_in_branches_that_build_graphs() -> None:
    """Whatever comes with the engine: no module of it has MindSpore at its top."""
    waiting, seen = ["GPT_SoVITS.engine.local"], set()
    while waiting:
        path = _module(waiting.pop())
        if path is None or path in seen:
            continue
        seen.add(path)
        for imported in _imports(path, top_level_only=True):
            assert not _within(imported, "mindspore"), f"{path.relative_to(ROOT)} comes with the engine"
            waiting.append(imported)
    assert ROOT / "GPT_SoVITS/sovits/synthesizer.py" in seen and ROOT / "GPT_SoVITS/features/stack.py" in seen


def test_the_reader_needs_numpy_alone() -> None:
    for path in _files("convert"):
        for name in _imports(path, top_level_only=True):
            top = name.split(".")[0]
            known = top in sys.stdlib_module_names or top in {"numpy", "convert"}
            assert known, f"{path.relative_to(ROOT)} needs {name}"


def _tracked(pattern: str = "") -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", *([pattern] if pattern else [])], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listing.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / line for line in listing.stdout.splitlines() if (ROOT / line).is_file()]


def test_modules_stay_small() -> None:
    long = {
        str(p.relative_to(ROOT)): n for p in _tracked("*.py") if (n := len(p.read_text("utf-8").splitlines())) > 420
    }
    assert not long, f"modules over about 400 lines: {long}"


def test_no_file_names_a_machine_path() -> None:
    pattern = re.compile(r"/(?:work|farm|opt/wheels)/")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in _tracked()
        if path.suffix in {".py", ".md", ".sh", ".toml", ".txt", ".html", ".js", ".css"} and path != Path(__file__)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found


def test_golden_numbers_stay_small() -> None:
    size = sum(path.stat().st_size for path in (ROOT / "tests/data/parity").rglob("*") if path.is_file())
    assert size < 15e6
