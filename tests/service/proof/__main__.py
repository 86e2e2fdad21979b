"""``python -m tests.service.proof kill --kills 200``: run a proof in its long form and print its figures."""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.service.postgresql import PostgresServer, postgres_server
from tests.service.proof import bodies, connections, crowd, kill, pollers, soak, uploads, voices

NAMES = ("kill", "same", "cancel", "pollers", "slow", "soak", "uploads", "bodies", "voices", "connections")


def main(arguments: list[str]) -> int:
    """Return 0 when the promise is kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.service.proof", description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument(
        "--count", type=int, default=1000, help="how large the other proofs are: pollers; a tenth of the uploads"
    )
    parser.add_argument("--seconds", type=float, default=30.0, help="how long pollers and slow clients stay")
    parser.add_argument("--busy", type=int, default=0, help="processes that compute beside the pollers")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--database", help="of kill, same, cancel, pollers, soak; postgresql starts one")
    parser.add_argument("--servers", type=int, default=1, help="API processes to be killed; needs a --database")
    parser.add_argument("--root", type=Path, help="an empty folder; default: a temporary one")
    given = parser.parse_args(arguments)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder, _database(given.database) as (url, server):
        root = given.root or Path(folder)
        settings: dict[str, Any] = {"database_url": url} if url else {}
        if given.name == "kill":
            figures = kill.run(root, given.kills, given.seed, servers=given.servers, database=url, server=server)
            print(figures.shown())
            return 0 if figures.good else 1
        runs: dict[str, Callable[[], dict[str, Any]]] = {
            "same": lambda: crowd.same_task(root, **settings),
            "cancel": lambda: crowd.submits_and_cancels(root, given.count, given.seed, **settings),
            "pollers": lambda: pollers.pollers_and_streams(
                root, given.count, given.count // 5, given.seconds, given.busy, **settings
            ),
            "slow": lambda: crowd.slow_clients(root, given.count // 2, given.seconds),
            "soak": lambda: soak.run(root, given.count * 10, **settings),
            "connections": lambda: connections.run(root),
            "uploads": lambda: uploads.run(root, given.count * 10, given.seed),
            "bodies": lambda: bodies.run(root),
            "voices": lambda: voices.run(root, given.count // 5, seed=given.seed),
        }
        found = runs[given.name]()
        print(json.dumps(found, ensure_ascii=False, indent=1))
        return 0 if found["good"] else 1


@contextlib.contextmanager
def _database(asked: str | None) -> Iterator[tuple[str | None, PostgresServer | None]]:
    """Yield the address of an empty database, and the server if it is ours; no address is the file in the folder."""
    if asked != "postgresql":
        yield asked, None
        return
    with postgres_server() as server:
        yield server.address(server.create()), server


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
