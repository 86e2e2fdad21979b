"""``/control`` restarts and ends a real server process, where the configuration allows it."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[3]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _until(condition: Callable[[], Any], seconds: float = 90) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if found := condition():
                return found
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")


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

        first = _until(started)
        assert client.get("/control", params={"command": "restart"}).json() == {"message": "success"}
        _until(lambda: started() > first)
        assert server.poll() is None
        client.get("/control", params={"command": "exit"})
        assert server.wait(60) == 0
    finally:
        server.kill()
        server.wait()
