"""ENOSPC, EDQUOT and EIO at every write of every change: carried out or not, never half, and said in a code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.service.faulty.disk import NoCompilerError, build, environment


def _tried(tmp_path: Path, step: int, *errors: str) -> dict[str, Any]:
    try:
        library = build(tmp_path)
    except NoCompilerError as error:
        pytest.skip(str(error))
    command = [sys.executable, "-m", "tests.service.faulty", str(tmp_path / "service"), str(step), *errors]
    given = environment(library, tmp_path / "control")
    ran = subprocess.run(command, env=given, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-4000:]
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def _check(found: dict[str, Any]) -> None:
    assert not found["problems"], "\n".join([f"{len(found['problems'])} problems", *found["problems"][:40]])
    assert not found["lost"], found["lost"]
    assert all(found["counts"].values()), "every change writes something"


def test_some_writes_of_every_change(tmp_path: Path) -> None:
    _check(_tried(tmp_path, 11, "ENOSPC"))


@pytest.mark.full
def test_every_write_of_every_change(tmp_path: Path) -> None:
    found = _tried(tmp_path, 1, "ENOSPC", "EDQUOT", "EIO")
    print("\nwrites that failed, once and from one on:", json.dumps(found["counts"], ensure_ascii=False))
    _check(found)
