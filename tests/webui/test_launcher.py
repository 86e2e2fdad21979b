"""The launcher as people start it: a service of its own, and nothing that goes to another machine."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import httpx
import psutil
import pytest

pytest.importorskip("gradio", reason="Gradio is not installed: pip install -e '.[webui]'")

from tests.waiting import eventually
from tests.webui.sites import client_of
from webui.serving import listening

pytestmark = pytest.mark.full
# Run by each Python process that begins: notes which other machines it asks for.
_NOTING = """
import os, sys

def note(event, arguments):
    if event == "socket.connect":
        host = arguments[1][0] if isinstance(arguments[1], tuple) else ""
    elif event == "socket.getaddrinfo":
        host = arguments[0] or ""
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    if host not in ("", "localhost", "0.0.0.0", "::", "::1") and not host.startswith("127."):
        with open(os.environ["NOTED"], "a") as file:
            file.write(f"{sys.argv[:2]} {host}\\n")

sys.addaudithook(note)
"""
_LAUNCHER = Path(__file__).parents[2] / "webui.py"


def _environment(folder: Path | None = None) -> dict[str, str]:
    """Return an environment as a user has it: analytics and downloads are not switched off by a variable.

    Args:
        folder: Where other machines that are asked for are noted, in ``noted``.
    """
    ours = ("GPT_SOVITS", "GRADIO", "HF_", "PYTHONPATH")
    found = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    if folder is None:
        return found
    (folder / "sitecustomize.py").write_text(_NOTING)
    return {**found, "PYTHONPATH": str(folder), "NOTED": str(folder / "noted")}


def test_the_launcher_says_that_the_service_cannot_be_reached() -> None:
    ended = subprocess.run(
        [sys.executable, str(_LAUNCHER), "--service", "http://127.0.0.1:9", "--port", "0"],
        capture_output=True, text=True, check=False, env=_environment(), timeout=120,
    )  # fmt: skip
    assert ended.returncode == 1 and ended.stderr.startswith("error: ")


def test_whoever_asks_for_another_machine_is_noted(tmp_path: Path) -> None:
    asking = "import socket; asked = socket.socket(); asked.setblocking(False); asked.connect_ex(('192.0.2.1', 9))"
    subprocess.run([sys.executable, "-c", asking], check=True, env=_environment(tmp_path))
    assert "192.0.2.1" in (tmp_path / "noted").read_text()


def test_the_launcher_starts_a_service_starts_it_again_and_ends_it(tmp_path: Path) -> None:
    watched, root = tmp_path / "watched", tmp_path / "root"
    watched.mkdir()
    root.mkdir()
    with closing(listening("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    service = f"http://127.0.0.1:{port}/healthz"
    command = [
        sys.executable,
        str(_LAUNCHER),
        "--port",
        "0",
        "--service-port",
        str(port),
        "--root",
        str(root),
        "--label-port",
        "0",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=_environment(watched))
    try:
        assert process.stdout is not None
        url = next(line for line in process.stdout if "local URL" in line).split()[-1]
        child = psutil.Process(process.pid).children()[0]
        client = client_of(url)
        assert client.predict(api_name="/change_label").endswith(("已开启", "is Opened"))
        assert client.config["footer_links"] == ["api"]
        child.kill()
        eventually(lambda: _answers(service) and psutil.Process(process.pid).children()[0].pid != child.pid, 120)
        process.terminate()
        assert process.wait(60) == 0
        assert not _answers(service)
        assert not (watched / "noted").exists(), (watched / "noted").read_text()
    finally:
        process.kill()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False
