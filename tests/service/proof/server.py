"""The service as a process to be killed: ``python -m tests.service.proof.server ROOT PORT [SETTING=VALUE ...]``."""

from __future__ import annotations

import sys
from pathlib import Path

import uvicorn

from GPT_SoVITS.engine.messages import EngineSettings
from GPT_SoVITS.process import start as process
from GPT_SoVITS.process.supervisor import Patience, RemoteEngine
from GPT_SoVITS.testing.fake import FAKE_WEIGHTS
from service.app import create_app
from service.http.connections import ConnectionLimits, allow_more_files, protocol
from service.server import keep_memory_together
from service.settings import load_settings

_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[3]); "
    "from tests.service.proof.child import main; main(int(sys.argv[1]), int(sys.argv[2]))"
)


def main(root: Path, port: int, given: dict[str, str]) -> None:
    """Serve until killed."""
    keep_memory_together()
    process._BOOT = _BOOT
    # Killed as often as here, a real engine would be given up for a while.
    patience = Patience(pauses=(0.0, 0.1), storm=1_000_000)
    engine = RemoteEngine(EngineSettings(weights=FAKE_WEIGHTS), patience)
    settings = load_settings(root=root, host="127.0.0.1", port=port, log_level="warning", **given)
    uvicorn.run(
        create_app(settings, engine),
        host="127.0.0.1",
        port=port,
        log_level="warning",
        access_log=False,
        backlog=4096,
        timeout_graceful_shutdown=5,
        http=protocol(allow_more_files(ConnectionLimits(connections=settings.connections))),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), dict(pair.split("=", 1) for pair in sys.argv[3:]))
