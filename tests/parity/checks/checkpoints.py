"""Weight files: sound ones are read to the bit, malicious and corrupt ones are refused."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from convert import CheckpointError, load
from tests.parity.report import Report

FOLDERS = "checkpoints"
_ABSOLUTE_PATH = re.compile(r"/[\w./-]+")


def fingerprint(array: np.ndarray[Any, Any]) -> str:
    """SHA-256 of the values as contiguous little-endian float32."""
    return hashlib.sha256(np.ascontiguousarray(array, dtype="<f4").tobytes()).hexdigest()


def differences(path: Path, entry: dict[str, Any]) -> list[str]:
    """Read a sound file and list what differs from its entry in ``expected.json``."""
    checkpoint = load(path)
    tensors = {
        name: {"shape": list(tensor.shape), "dtype": tensor.dtype, "sha256_f32": fingerprint(tensor.array())}
        for name, tensor in checkpoint.tensors()
    }
    # A path object is read as its text.
    values = {k: v["repr"] if isinstance(v, dict) else v for k, v in entry["values"].items()}
    found = []
    for wanted, actual in ((entry["tensors"], tensors), (values, dict(checkpoint.values()))):
        names = wanted.keys() | actual.keys()
        found += [name for name in sorted(names) if name not in wanted or name not in actual]
        found += [name for name in sorted(wanted.keys() & actual.keys()) if wanted[name] != actual[name]]
    return found


@contextmanager
def watched() -> Iterator[list[str]]:
    """Replace the usual ways to run something by ones that only take note; yields what was called."""
    calls: list[str] = []

    def note(name: str) -> Any:
        return lambda *_args, **_kwargs: calls.append(name)

    with (
        mock.patch.object(os, "system", note("os.system")),
        mock.patch.object(subprocess, "Popen", note("subprocess.Popen")),
        mock.patch("builtins.eval", note("eval")),
        mock.patch("builtins.exec", note("exec")),
        mock.patch("pathlib.Path.touch", note("Path.touch")),
    ):
        yield calls


def markers(entry: dict[str, Any]) -> list[Path]:
    """Files that the malicious ones would leave behind if they ran, as the entry's demand names them."""
    return [Path(name) for name in _ABSOLUTE_PATH.findall(entry.get("must", "")) if name.count("/") > 1]


def refusal(path: Path, entry: dict[str, Any]) -> tuple[bool, str]:
    """Return whether a file is refused by a typed error with nothing run on the way, and how."""
    before = [marker.exists() for marker in markers(entry)]
    with watched() as calls:
        try:
            load(path)
        except CheckpointError as error:
            outcome, refused = type(error).__name__, True
        else:
            outcome, refused = "was read", False
    if calls or [marker.exists() for marker in markers(entry)] != before:
        return False, f"ran {calls or 'a command'}"
    return refused, outcome


def run(folder: Path, report: Report) -> None:
    """Check every file that ``expected.json`` names."""
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    for name, entry in expected.items():
        if not report.wants(name):
            continue
        if entry["kind"] == "ok":
            differing = differences(folder / name, entry)
            count = len(entry["tensors"]) + len(entry["values"])
            report.verdict(
                name, not differing, f"{len(differing)} of {count} differ" if differing else f"{count} equal"
            )
        else:
            ok, detail = refusal(folder / name, entry)
            report.verdict(name, ok, detail)
