"""One process of a service on a broker, to be killed: ``python -m tests.service.proof.node BROKER DATABASE ROOT``."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

from service import logs
from service.database import Database
from tests.service.broker.bench import bench


def main(arguments: list[str]) -> int:
    """Take messages and work until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m tests.service.proof.node", description=__doc__)
    parser.add_argument("broker")
    parser.add_argument("database")
    parser.add_argument("root", type=Path)
    parser.add_argument("--idle", action="store_true", help="take messages, and work on none")
    parser.add_argument("--seconds-per-step", type=float, default=0.05)
    parser.add_argument("--lease", type=float, default=4.0)
    given = parser.parse_args(arguments)
    stop = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stop.set())
    logs.configure("warning", "text", lambda: "")
    settings = {"lease_seconds": given.lease, "heartbeat_seconds": given.lease / 5, "sweep_seconds": 1.0}
    with bench(
        given.broker,
        Database(given.database),
        given.root,
        works=not given.idle,
        seconds_per_step=given.seconds_per_step,
        **settings,
    ):
        stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
