"""Why a service cannot start is told in a line, before anything was changed."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from service.database import Database
from service.database.migrate import migrate
from service.server import StartError, check_folders
from service.settings import load_settings
from tests.service.proof.harness import free_port
from tests.service.serving import http_client
from tests.waiting import eventually

PROJECT = Path(__file__).parents[3]
SPOILT = b"neither a folder nor a database" * 100


def command(root: Path, port: int) -> list[str]:
    """What starts the service."""
    where = ["--host", "127.0.0.1", "--port", str(port), "--root", str(root)]
    return [sys.executable, "api_ms.py", *where, "--device-target", "CPU"]


def start(root: Path, port: int = 0) -> subprocess.CompletedProcess[str]:
    """Start the service and wait for its end."""
    return subprocess.run(command(root, port), cwd=PROJECT, capture_output=True, text=True, timeout=120)


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = start(tmp_path / "root", taken.getsockname()[1])
    assert ended.returncode == 1
    assert "error: cannot listen on 127.0.0.1" in ended.stderr and "Traceback" not in ended.stderr
    assert not (tmp_path / "root").exists(), "nothing was opened"


def test_an_interruption_from_the_keyboard_ends_it_in_silence(tmp_path: Path) -> None:
    port = free_port()
    process = subprocess.Popen(
        command(tmp_path / "root", port), cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    with http_client(f"http://127.0.0.1:{port}") as client:

        def answers() -> bool:
            with contextlib.suppress(httpx.HTTPError):
                return client.get("/healthz").status_code == 200
            assert process.poll() is None
            return False

        eventually(answers, 120)
    process.send_signal(signal.SIGINT)
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 0 and "Traceback" not in told


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.write_bytes(SPOILT)
    ended = start(root)
    assert ended.returncode == 1
    assert "error: the service cannot use its folder" in ended.stderr and "Traceback" not in ended.stderr
    assert root.read_bytes() == SPOILT


# What follows is told in the same way; only the look at the folders is taken.


@pytest.mark.parametrize("name", ["done", "service.db"])
def test_a_folder_or_database_within_that_is_none(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(SPOILT)
    with pytest.raises(StartError, match="the service cannot use its folder"):
        check_folders(load_settings(root=tmp_path))
    assert (tmp_path / name).read_bytes() == SPOILT


def test_a_database_of_a_later_version(tmp_path: Path) -> None:
    database = Database.in_folder(tmp_path)
    migrate(database)
    with database.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = 'later'"))
    database.close()
    with pytest.raises(StartError, match="revision later"):
        check_folders(load_settings(root=tmp_path))
