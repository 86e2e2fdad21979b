"""What the service's code never does, whoever changes it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sources import python_files

ROOT = Path(__file__).parents[3]
ROOMS = (
    "service",
    *(f"GPT_SoVITS/{room}" for room in ("audio", "engine", "inference", "process", "scheduler", "testing")),
)
FILES = sorted([*(path for room in ROOMS for path in python_files(ROOT / room)), ROOT / "api_ms.py"])
_IMPORTS = {"pickle", "cPickle", "dill", "joblib", "shelve", "marshal", "torch", "commands", "pty", "xml", "xmlrpc"}
_CALLS = {
    "eval",
    "exec",
    "compile",
    "__import__",
    "os.system",
    "os.popen",
    "yaml.load",
    "tempfile.mktemp",
    "yaml.unsafe_load",
}


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _found(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (f"import {alias.name}" for alias in node.names if alias.name.split(".")[0] in _IMPORTS)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in _IMPORTS:
            yield f"from {node.module}"
        elif isinstance(node, ast.Call):
            if _name(node.func) in _CALLS:
                yield _name(node.func)
            shell = next((word for word in node.keywords if word.arg == "shell"), None)
            if shell is not None and not (isinstance(shell.value, ast.Constant) and shell.value.value is False):
                yield "shell="
            if _name(node.func).endswith("allow_pickle"):
                yield "allow_pickle"


# The pipe to the engine's process carries pickles between two processes of ours, never anything of a client's.
_PIPE = {"GPT_SoVITS/process"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_shell_no_evaluation_no_pickle(path: Path) -> None:
    own = path.relative_to(ROOT).as_posix()
    found = [each for each in _found(path) if not (own.startswith(tuple(_PIPE)) and each == "import pickle")]
    assert found == []
