"""Why a service cannot start is told in a line, before anything was changed."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]


def start(root: Path, port: int = 0) -> subprocess.CompletedProcess[str]:
    """Start the service and wait for its end."""
    command = [sys.executable, "api_ms.py", "--host", "127.0.0.1", "--port", str(port), "--root", str(root)]
    return subprocess.run(
        [*command, "--device-target", "CPU"], cwd=PROJECT, capture_output=True, text=True, timeout=120
    )


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = start(tmp_path / "root", taken.getsockname()[1])
    assert ended.returncode == 1
    assert "error: cannot listen on 127.0.0.1" in ended.stderr and "Traceback" not in ended.stderr
    assert not (tmp_path / "root").exists(), "nothing was opened"


@pytest.mark.parametrize("name", ["", "done", "service.db"])
def test_a_folder_or_database_that_is_none(tmp_path: Path, name: str) -> None:
    root = tmp_path / "root"
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_bytes(b"neither a folder nor a database" * 100)
    ended = start(root)
    assert ended.returncode == 1
    assert "error: the service cannot use its folder" in ended.stderr and "Traceback" not in ended.stderr
    assert (root / name).read_bytes().startswith(b"neither")
