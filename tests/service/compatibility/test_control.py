"""``/control`` restarts and ends a real server process, where the configuration allows it."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.waiting import eventually

ROOT = Path(__file__).parents[3]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _patiently(look: Callable[[], float]) -> Callable[[], float]:
    """Look, and see nothing while the service does not answer."""

    def answer() -> float:
        try:
            return look()
        except httpx.HTTPError:
            return 0.0

    return answer


def test_restart_serves_again_in_the_same_process_and_exit_ends_it(tmp_path: Path) -> None:
    config, port = tmp_path / "config.yaml", _free_port()
    config.write_text(f"allow_control: true\nroot: {tmp_path / 'root'}\nwarm_up: false\n", encoding="utf-8")
    command = [sys.executable, "api_v2.py", "-p", str(port), "--config", str(config)]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        client = httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=10)

        def started() -> float:
            text = client.get("/metrics").text
            line = next(each for each in text.splitlines() if each.startswith("service_started_seconds "))
            return float(line.split()[1])

        first = eventually(_patiently(started), 120)
        assert client.get("/control", params={"command": "restart"}).json() == {"message": "success"}
        eventually(lambda: _patiently(started)() > first, 120)
        assert server.poll() is None
        client.get("/control", params={"command": "exit"})
        assert server.wait(60) == 0
    finally:
        server.kill()
        server.wait()
