"""Speed and memory of every network beside PyTorch: same weights, same inputs, one run.

    python -m bench.networks [--case NAME ...] [--rounds 5] [--torch-python PATH]

Each engine lives in its own process, a new one per case; they take turns, round after round, so that a slow minute of
the machine hits
both. Printed are the minimum and the spread of each, and the ratio of the minima. PyTorch is needed for this command
only (``pip install -e '.[bench]'``, or another interpreter that has it).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
ROW = "{:18s} {:>26s} {:>26s} {:>6s} {:>12s} {:>9s} {:>10s}"
FIXTURES = ROOT / "tests/data/parity"
CASES = (
    "prefill", "decode_step", "flow", "generator", "reference_encoder", "hubert", "roberta", "speaker_verifier",
)  # fmt: skip


class Engine:
    """A worker process of one engine."""

    def __init__(self, name: str, python: str, threads: int) -> None:
        self.name = name
        self.process = subprocess.Popen(
            [python, "-m", "bench.worker", name, str(threads)],
            cwd=ROOT,
            env={**os.environ, "OMP_NUM_THREADS": str(threads)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, **request: Any) -> dict[str, Any]:
        """Send a request and wait for its answer."""
        assert self.process.stdin is not None and self.process.stdout is not None
        print(json.dumps(request), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"the {self.name} worker ended with {self.process.wait()}; its message is above")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End the worker."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=60)


@dataclass(frozen=True)
class Measurement:
    """Milliseconds of one engine on one case."""

    milliseconds: list[float]
    memory_mb: float
    first_s: float
    busy: list[float]
    peak_mb: float

    @property
    def best(self) -> float:
        """The fastest run."""
        return min(self.milliseconds)

    def __str__(self) -> str:
        ordered = sorted(self.milliseconds)
        return f"{self.best:8.1f} ({ordered[len(ordered) // 2]:.1f}, {ordered[-1]:.1f})"


def measure(
    case: str,
    pythons: tuple[str, str],
    threads: int,
    rounds: int,
    repeats: int,
    fixtures: Path,
    names: tuple[str, str] = ("mindspore", "torch"),
) -> tuple[list[Measurement], float]:
    """Load a case in both engines, let them take turns; return the figures and the largest relative difference."""
    engines = [Engine(name, python, threads) for name, python in zip(names, pythons, strict=True)]
    loaded = [engine.ask(do="load", case=case, fixtures=str(fixtures)) for engine in engines]
    turns: list[list[dict[str, Any]]] = [[] for _ in engines]
    for _ in range(rounds):
        for engine, own in zip(engines, turns, strict=True):
            own.append(engine.ask(do="run", repeats=repeats))
    for engine in engines:
        engine.close()
    first, second = ([np.asarray(o) for o in answer["outputs"]] for answer in loaded)
    scale = max(float(np.abs(b).max()) for b in second)
    difference = max(float(np.abs(a - b).max()) for a, b in zip(first, second, strict=True)) / scale
    return [
        Measurement(
            [1e3 * s for turn in own for s in turn["seconds"]],
            answer["memory_mb"],
            answer["first_s"],
            [s for turn in own for s in turn["busy"]],
            own[-1]["peak_mb"],
        )
        for own, answer in zip(turns, loaded, strict=True)
    ], difference


def main() -> None:
    """Run the comparison and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", action="append", choices=CASES, help="only these (repeatable)")
    parser.add_argument("--rounds", type=int, default=5, help="turns per engine (default 5)")
    parser.add_argument("--repeats", type=int, default=3, help="runs per turn (default 3)")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--torch-python", default=sys.executable, help="interpreter that has PyTorch and transformers")
    parser.add_argument("--fixtures", type=Path, default=FIXTURES)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    pythons = (sys.executable, options.torch_python)
    print(
        f"milliseconds: minimum (median, maximum) of {options.rounds * options.repeats} runs, {options.threads} threads"
    )
    print(ROW.format("case", "MindSpore", "PyTorch", "ratio", "memory MB", "compile s", "difference"))
    figures: dict[str, Any] = {}
    for case in options.case or CASES:
        (ours, theirs), difference = measure(
            case, pythons, options.threads, options.rounds, options.repeats, options.fixtures
        )
        ratio = ours.best / theirs.best
        memory = f"{ours.memory_mb:.0f}/{theirs.memory_mb:.0f}"
        row = (case, str(ours), str(theirs), f"{ratio:.2f}", memory, f"{ours.first_s:.1f}", f"{difference:.1e}")
        print(ROW.format(*row), flush=True)
        figures[case] = {"mindspore_ms": ours.milliseconds, "torch_ms": theirs.milliseconds, "ratio": ratio,
                         "memory_mb": [ours.memory_mb, theirs.memory_mb], "difference": difference}  # fmt: skip
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
