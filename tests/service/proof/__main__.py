"""``python -m tests.service.proof kill --kills 200``: run a proof in its long form and print its figures."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
from pathlib import Path

from tests.service.proof import bodies, crowd, kill, pollers, soak, uploads, voices

NAMES = ("kill", "same", "cancel", "pollers", "slow", "soak", "uploads", "bodies", "voices")


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
    parser.add_argument("--root", type=Path, help="an empty folder; default: a temporary one")
    given = parser.parse_args(arguments)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        root = given.root or Path(folder)
        if given.name == "kill":
            figures = kill.run(root, given.kills, given.seed)
            print(figures.shown())
            return 0 if figures.good else 1
        runs = {
            "same": lambda: crowd.same_task(root),
            "cancel": lambda: crowd.submits_and_cancels(root, given.count, given.seed),
            "pollers": lambda: pollers.pollers_and_streams(
                root, given.count, given.count // 5, given.seconds, given.busy
            ),
            "slow": lambda: crowd.slow_clients(root, given.count // 2, given.seconds),
            "soak": lambda: soak.run(root, given.count * 10),
            "uploads": lambda: uploads.run(root, given.count * 10, given.seed),
            "bodies": lambda: bodies.run(root),
            "voices": lambda: voices.run(root, given.count // 5, seed=given.seed),
        }
        found = runs[given.name]()
        print(json.dumps(found, ensure_ascii=False, indent=1))
        return 0 if found["good"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
