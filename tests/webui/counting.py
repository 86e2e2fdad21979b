"""A service whose steps only count, as a process to be killed: ``python -m tests.webui.counting ROOT PORT``."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvicorn

from GPT_SoVITS.testing.fake import FakeEngine
from service.app import create_app
from service.settings import load_settings
from tests.service.serving import http_client
from tests.service.training.bench import fake_steps, networks
from tests.waiting import eventually


@contextmanager
def counting_service(root: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run it within a block, once it answers; killed at the end, if not before."""
    command = [sys.executable, "-m", "tests.webui.counting", str(root), str(port)]
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    try:
        with http_client(f"http://127.0.0.1:{port}", 5.0) as client:
            eventually(lambda: process.poll() is not None or _answers(client), seconds=120)
        assert process.poll() is None, "the service did not start"
        yield process
    finally:
        process.kill()
        process.wait()


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/healthz").status_code == 200
    except httpx.HTTPError:
        return False


def main(root: Path, port: int) -> None:
    """Serve until killed."""
    fake_steps(setattr)
    networks(root)
    app = create_app(load_settings(root=root, host="127.0.0.1", port=port, log_level="warning"), FakeEngine())
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
