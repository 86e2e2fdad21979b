"""The layout shows the architecture: imports run one way, files stay small, nothing names a machine."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.layout_rules import SERVICE
from tests.sources import python_files

ROOT = Path(__file__).parents[1]
# package -> the packages of ours that it may import (itself always)
ALLOWED: dict[str, set[str]] = {
    "convert": set(),
    "GPT_SoVITS.versions": set(),
    "GPT_SoVITS.backend": {"GPT_SoVITS._environment"},
    "GPT_SoVITS.compiled": {"GPT_SoVITS.backend", "GPT_SoVITS._environment"},
    "GPT_SoVITS.layers": {"GPT_SoVITS.backend"},
    "GPT_SoVITS.native": {"GPT_SoVITS._environment", "GPT_SoVITS.layers.products"},
    "GPT_SoVITS.execution": {"GPT_SoVITS.backend", "GPT_SoVITS.native", "GPT_SoVITS.versions"},
    "GPT_SoVITS.t2s": {
        "GPT_SoVITS.backend",
        "GPT_SoVITS.compiled",
        "GPT_SoVITS.execution",
        "GPT_SoVITS.layers",
        "GPT_SoVITS.native",
    },
    "GPT_SoVITS.sovits": {
        "GPT_SoVITS.backend",
        "GPT_SoVITS.compiled",
        "GPT_SoVITS.execution",
        "GPT_SoVITS.layers",
        "GPT_SoVITS.native",
        "GPT_SoVITS.versions",
    },
    "GPT_SoVITS.cfm": {
        "GPT_SoVITS.backend",
        "GPT_SoVITS.compiled",
        "GPT_SoVITS.execution",
        "GPT_SoVITS.features.errors",
        "GPT_SoVITS.features.mel",
        "GPT_SoVITS.features.resample",
        "GPT_SoVITS.features.spectrogram",
        "GPT_SoVITS.layers",
        "GPT_SoVITS.native",
        "GPT_SoVITS.sovits",
        "GPT_SoVITS.versions",
    },
    "GPT_SoVITS.bandwidth": {
        "GPT_SoVITS.features.errors",
        "GPT_SoVITS.features.mel",
        "GPT_SoVITS.features.resample",
        "GPT_SoVITS.features.spectrogram",
        "GPT_SoVITS.layers",
        "GPT_SoVITS.sovits",
    },
    "GPT_SoVITS.vocoders": {
        "GPT_SoVITS.backend",
        "GPT_SoVITS.compiled",
        "GPT_SoVITS.execution",
        "GPT_SoVITS.layers",
        "GPT_SoVITS.native",
        "GPT_SoVITS.sovits",
    },
    "GPT_SoVITS.features": {"GPT_SoVITS.backend", "GPT_SoVITS.compiled", "GPT_SoVITS.layers"},
    "GPT_SoVITS.starter": set(),
    "GPT_SoVITS.text": {"GPT_SoVITS.versions"},
    "GPT_SoVITS.resources": {"GPT_SoVITS.versions"},
    # A request carries the sampler's own parameters; the interface needs nothing else of the networks.
    "GPT_SoVITS.engine": {"GPT_SoVITS.t2s.sampling", "GPT_SoVITS.versions"},
    "GPT_SoVITS.audio": {"GPT_SoVITS.engine", "GPT_SoVITS.features", "GPT_SoVITS.text"},
    "GPT_SoVITS.scheduler": {"GPT_SoVITS.engine", "GPT_SoVITS.t2s", "GPT_SoVITS.text"},
    "GPT_SoVITS.inference": {
        "convert",
        "GPT_SoVITS.backend",
        "GPT_SoVITS.bandwidth",
        "GPT_SoVITS.cfm",
        "GPT_SoVITS.compiled",
        "GPT_SoVITS.execution",
        "GPT_SoVITS.layers",
        "GPT_SoVITS._environment",
        "GPT_SoVITS.audio",
        "GPT_SoVITS.engine",
        "GPT_SoVITS.features",
        "GPT_SoVITS.native",
        "GPT_SoVITS.resources",
        "GPT_SoVITS.scheduler",
        "GPT_SoVITS.sovits",
        "GPT_SoVITS.starter",
        "GPT_SoVITS.t2s",
        "GPT_SoVITS.text",
        "GPT_SoVITS.versions",
        "GPT_SoVITS.vocoders",
    },
    "GPT_SoVITS.process": {
        "GPT_SoVITS._environment",
        "GPT_SoVITS._owner",
        "GPT_SoVITS.engine",
        "GPT_SoVITS.inference",
        "GPT_SoVITS.text.userdict",
    },
    "GPT_SoVITS.opening": {"GPT_SoVITS.engine", "GPT_SoVITS.inference", "GPT_SoVITS.process"},
    "GPT_SoVITS.tts": {
        "GPT_SoVITS._environment",
        "GPT_SoVITS.audio",
        "GPT_SoVITS.engine",
        "GPT_SoVITS.opening",
        "GPT_SoVITS.resources",
        "GPT_SoVITS.starter",
        "GPT_SoVITS.t2s",
        "GPT_SoVITS.text",
    },
    "GPT_SoVITS.training": {
        "convert",
        "GPT_SoVITS._environment",
        "GPT_SoVITS._owner",
        "GPT_SoVITS.backend",
        "GPT_SoVITS.cfm",
        "GPT_SoVITS.compiled",
        "GPT_SoVITS.events",
        "GPT_SoVITS.features",
        "GPT_SoVITS.layers",
        "GPT_SoVITS.native",
        "GPT_SoVITS.sovits",
        "GPT_SoVITS.t2s",
        "GPT_SoVITS.text",
        "GPT_SoVITS.versions",
    },
    # Features come from the engine's own networks, so that a voice is trained on what it will speak from.
    "GPT_SoVITS.dataset": {
        "convert",
        "GPT_SoVITS.audio",
        "GPT_SoVITS.backend",
        "GPT_SoVITS.engine",
        "GPT_SoVITS.events",
        "GPT_SoVITS.features",
        "GPT_SoVITS.inference",
        "GPT_SoVITS.layers",
        "GPT_SoVITS.resources",
        "GPT_SoVITS.separation",
        "GPT_SoVITS.sovits",
        "GPT_SoVITS.text",
        "GPT_SoVITS.versions",
    },
    "GPT_SoVITS.separation": {"convert", "GPT_SoVITS.compiled", "GPT_SoVITS.layers"},
    "GPT_SoVITS.events": set(),
    "GPT_SoVITS.testing": {"GPT_SoVITS.engine", "GPT_SoVITS.text"},
    "GPT_SoVITS.say": {
        "convert",
        "GPT_SoVITS.audio",
        "GPT_SoVITS.engine",
        "GPT_SoVITS.inference",
        "GPT_SoVITS.opening",
        "GPT_SoVITS.resources",
        "GPT_SoVITS.starter",
        "GPT_SoVITS.text",
        "GPT_SoVITS.tts",
        "GPT_SoVITS.versions",
    },
    # The doctor looks at everything that speech uses.
    "GPT_SoVITS.doctor": {
        "convert",
        "GPT_SoVITS._environment",
        "GPT_SoVITS.backend",
        "GPT_SoVITS.cfm",
        "GPT_SoVITS.compiled",
        "GPT_SoVITS.audio",
        "GPT_SoVITS.engine",
        "GPT_SoVITS.execution",
        "GPT_SoVITS.inference",
        "GPT_SoVITS.native",
        "GPT_SoVITS.resources",
        "GPT_SoVITS.say",
        "GPT_SoVITS.selftest",
        "GPT_SoVITS.t2s",
        "GPT_SoVITS.versions",
    },
    "GPT_SoVITS.selftest": {
        "convert",
        "GPT_SoVITS.backend",
        "GPT_SoVITS.cfm",
        "GPT_SoVITS.compiled",
        "GPT_SoVITS.features",
        "GPT_SoVITS.resources",
        "GPT_SoVITS.sovits",
        "GPT_SoVITS.t2s",
        "GPT_SoVITS.versions",
        "GPT_SoVITS.vocoders",
    },
    "GPT_SoVITS.convert": {"convert"},
    "GPT_SoVITS._environment": set(),
    "GPT_SoVITS._commands": set(),
    "GPT_SoVITS._owner": set(),
    # The page reaches the service over HTTP.
    "webui": set(),
    # The service computes no speech: it may know what crosses the pipe, and texts.
    "service": {
        "GPT_SoVITS.audio",
        # Lists and the words of problems; the steps themselves are processes that it starts.
        "GPT_SoVITS.dataset.labels",
        "GPT_SoVITS.dataset.problems",
        "GPT_SoVITS.engine",
        "GPT_SoVITS.process",
        "GPT_SoVITS.resources",
        "GPT_SoVITS.starter",
        "GPT_SoVITS.testing",
        "GPT_SoVITS.text",
        "GPT_SoVITS.versions",
        "convert",
    },
}

# Imports nothing of ours: how commands are written in messages.
EVERYWHERE = {"GPT_SoVITS._commands"}


def _files(package: str) -> list[Path]:
    path = ROOT / package.replace(".", "/")
    return python_files(path) if path.is_dir() else [path.with_suffix(".py")]


@cache
def _import_statements(path: Path, top_level_only: bool = False) -> tuple[ast.Import | ast.ImportFrom, ...]:
    """The statements of a file that import; each file is read once."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if top_level_only else ast.walk(tree)
    return tuple(node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom))


@cache
def _module(name: str) -> Path | None:
    """The file of a module of ours."""
    path = ROOT / name.replace(".", "/")
    return next((p for p in (path.with_suffix(".py"), path / "__init__.py") if p.is_file()), None)


def _imports(path: Path, top_level_only: bool = False) -> Iterator[str]:
    for node in _import_statements(path, top_level_only):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif node.module:
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
            if name.split(".")[0] not in ("GPT_SoVITS", "convert", "service", "webui", "tests", "bench", "tools"):
                continue
            allowed = {package, *ALLOWED[package], *EVERYWHERE}
            assert any(_within(name, other) for other in allowed), f"{path.relative_to(ROOT)} imports {name}"


@cache
def _modules(package: str) -> dict[str, Path]:
    """Name -> file of every module of a package."""
    found = {}
    for path in python_files(ROOT / package):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def _imported_modules(path: Path, modules: dict[str, Path]) -> set[str]:
    """The modules that a file imports, anywhere in it; of a package only what is taken from it."""
    found = set()
    for node in _import_statements(path):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif node.module:
            inner = {alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            found |= {full if full in modules else node.module for full in inner.values()}
    return found & modules.keys()


def _circles(graph: dict[str, set[str]]) -> list[set[str]]:
    """Every greatest set of nodes that reach each other."""
    reach = {node: set(targets) for node, targets in graph.items()}
    for through in graph:
        for node in graph:
            if through in reach[node]:
                reach[node] |= reach[through]
    found: list[set[str]] = []
    for node in graph:
        circle = {other for other in reach[node] if node in reach[other]} | {node}
        if len(circle) > 1 and circle not in found:
            found.append(circle)
    return found


@pytest.mark.parametrize("package", ["service", "GPT_SoVITS", "convert", "webui"])
def test_no_files_import_each_other_in_a_circle(package: str) -> None:
    modules = _modules(package)
    assert _circles({name: _imported_modules(path, modules) - {name} for name, path in modules.items()}) == []


def _room(name: str, package: str) -> str:
    """The folder of a package, or the file right below it, that a module lies in."""
    return ".".join(name.split(".")[: package.count(".") + 2])


@pytest.mark.parametrize("package", ["service", "GPT_SoVITS", "GPT_SoVITS.text", "webui"])
def test_no_folders_import_each_other_in_a_circle(package: str) -> None:
    modules = {name: path for name, path in _modules(package.split(".")[0]).items() if _within(name, package)}
    graph: dict[str, set[str]] = {}
    for name, path in modules.items():
        room = _room(name, package)
        graph.setdefault(room, set()).update({_room(other, package) for other in _imported_modules(path, modules)})
    for room, rooms in graph.items():
        rooms -= {room, package}
    assert _circles(graph) == []


def _rooms_of_service() -> set[str]:
    names = [name for name in _modules("service") if name != "service"]
    return {_room(name, "service") for name in names}


def test_every_folder_of_the_service_has_a_rule() -> None:
    assert _rooms_of_service() == SERVICE.keys()


@pytest.mark.parametrize("room", SERVICE)
def test_folders_of_the_service_import_what_they_may(room: str) -> None:
    modules = _modules("service")
    for name, path in modules.items():
        if _within(name, room):
            for imported in _imported_modules(path, modules):
                other = _room(imported, "service")
                assert other in {room, *SERVICE[room]}, f"{path.relative_to(ROOT)} imports {imported}"


def test_every_room_of_the_library_has_a_rule() -> None:
    rooms = [
        path for path in (ROOT / "GPT_SoVITS").iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()
    ]
    missing = {path.stem for path in rooms if f"GPT_SoVITS.{path.stem}" not in ALLOWED} - {"__init__"}
    assert not missing, f"say in ALLOWED what these may import: {missing}"


def test_mindspore_is_imported_only_in_branches_that_build_graphs() -> None:
    """Whatever comes with the engine: no module of it has MindSpore at its top."""
    waiting, seen = ["GPT_SoVITS.inference.local"], set()
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
    assert size < 20.5e6
