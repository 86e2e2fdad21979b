"""``python -m tests.service.proof.on_broker restarts --times 20``: proofs with RabbitMQ, PostgreSQL and processes."""

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

from tests.service.postgresql import postgres_server
from tests.service.proof import storm as storms
from tests.service.proof.storm import Storm
from tests.service.rabbitmq import rabbit_server

NAMES = ("restarts", "away", "database", "kills", "cut-off", "partition", "duplicates", "backlog")


@contextlib.contextmanager
def storm_in(root: Path) -> Iterator[Storm]:
    """A storm on servers of its own."""
    with rabbit_server() as rabbit, postgres_server() as postgres:
        storm = Storm(root, rabbit, postgres)
        try:
            yield storm
        finally:
            storm.close()


def run(name: str, root: Path, *, count: int, times: int, seconds: float, seed: int = 0) -> dict[str, Any]:
    """Run one proof and return its figures; ``good`` says whether the promise is kept."""
    proofs: dict[str, Callable[[Storm], dict[str, Any]]] = {
        "restarts": lambda storm: storms.restarts(storm, count, times),
        "away": lambda storm: storms.away(storm, count, seconds),
        "database": lambda storm: storms.database_restarts(storm, count, times),
        "kills": lambda storm: storms.kills(storm, count, times, seed),
        "cut-off": lambda storm: storms.cut_off(storm, count),
        "partition": lambda storm: storms.partition(storm, count),
        "duplicates": lambda storm: storms.duplicates(storm, count),
        "backlog": lambda storm: storms.backlog(storm, count),
    }
    with storm_in(root) as storm:
        return proofs[name](storm)


def main(arguments: list[str]) -> int:
    """Return 0 when the promise is kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.service.proof.on_broker", description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--count", type=int, default=500, help="jobs")
    parser.add_argument("--times", type=int, default=20, help="restarts or kills")
    parser.add_argument("--seconds", type=float, default=600.0, help="how long the broker is away")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--root", type=Path, help="an empty folder; default: a temporary one")
    given = parser.parse_args(arguments)
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        found = run(
            given.name,
            given.root or Path(folder),
            count=given.count,
            times=given.times,
            seconds=given.seconds,
            seed=given.seed,
        )
    print(json.dumps(found, ensure_ascii=False, indent=1))
    return 0 if found["good"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
