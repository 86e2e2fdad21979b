"""Does a long training keep growing? Resident memory of a small S1 training, its first steps beside its last.

    python -m tests.training.memory [--steps 2000] [--window 200]

Every new combination of lengths compiles a graph, and a graph is kept: memory grows while new buckets turn up and
should stand still afterwards. So besides the windows the largest growth between two steps of the second half is shown.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.training.test_command import Command, events


@dataclass(frozen=True)
class Growth:
    """Resident memory in MB: medians of the windows, and the most of the second half over its first step."""

    first: float
    last: float
    late: float
    steps: int


def measure(root: Path, steps: int, window: int) -> Growth:
    """Train so many steps on three recordings of different length and return what memory did."""
    command = Command(root, "s1", clips=3)
    arguments = [
        "--epochs",
        str(steps),
        "--batch-size",
        "40",
        "--checkpoint-steps",
        "200",
        "--save-every-epoch",
        "9999",
    ]
    process = command.start(*arguments)
    resident: list[float] = []
    for event in events(process):
        if event["event"] == "step":
            resident.append(event["resident_mb"])
            if len(resident) == steps:
                break
    process.kill()
    process.wait()
    half = resident[len(resident) // 2 :]
    first, last = (statistics.median(part) for part in (resident[:window], resident[-window:]))
    return Growth(first, last, max(half) - half[0], len(resident))


def main() -> None:
    """Measure and print a row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--window", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        found = measure(Path(root), options.steps, options.window)
    print(f"steps {found.steps}, MB: first {found.first:.1f}, last {found.last:.1f}, second half +{found.late:.1f}")


if __name__ == "__main__":
    main()
