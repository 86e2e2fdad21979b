"""Command line: ``python -m tests.precision FOLDER [--model NAME]``."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.parity.implementations import GRAPH
from tests.parity.report import Report
from tests.parity.runner import find_check, model_folders
from tests.precision import decoder
from tests.precision.simulation import LARGEST, simulated_float16


@dataclass(frozen=True)
class Error:
    """How far one array is from the official float32 numbers."""

    array: str
    largest: float
    relative_rms: float


@dataclass
class PrecisionReport(Report):
    """Takes the comparisons of a parity check as measurements instead of verdicts."""

    errors: list[Error] = field(default_factory=list)
    exact: list[tuple[str, float]] = field(default_factory=list)

    def close(
        self,
        array: str,
        actual: npt.NDArray[Any],
        expected: npt.NDArray[Any],
        atol: npt.NDArray[Any] | float = 1e-4,
        rtol: float = 0.0,
    ) -> None:
        """Record the largest and the relative root-mean-square error."""
        actual = np.asarray(actual, np.float64)
        if actual.shape != expected.shape:
            self.errors.append(Error(array, float("nan"), float("nan")))
            return
        difference = actual - expected
        scale = float(np.sqrt(np.mean(np.square(expected, dtype=np.float64)))) or 1.0
        rms = float(np.sqrt(np.mean(np.square(difference))))
        self.errors.append(Error(array, float(np.abs(difference).max()), rms / scale))

    def equal(self, array: str, actual: object, expected: object) -> None:
        """Record the share of integers that agree."""
        a, e = np.asarray(actual).ravel(), np.asarray(expected).ravel()
        shared = min(a.size, e.size)
        self.exact.append((array, float((a[:shared] == e[:shared]).sum()) / max(a.size, e.size, 1)))


def _run(folder: Path) -> None:
    check = find_check(folder.name)
    if check is None or GRAPH not in check.implementations:
        return
    run = decoder.compare if folder.name.startswith("t2s_v") else check.run
    report = PrecisionReport(folder.name, implementation=GRAPH)
    with simulated_float16() as headroom:
        run(folder, report)
    if not headroom.value:
        return  # nothing of this folder runs in MindSpore
    print(f"\n{folder.name}: largest activation {headroom.value:.3g} of {LARGEST:.0f} in {headroom.cell}")
    for error in report.errors:
        print(f"  {error.array:28s} largest error {error.largest:.2e}   relative rms {error.relative_rms:.2e}")
    for name, share in report.exact:
        print(f"  {name:28s} {share:.1%} of the integers agree")


def main(arguments: list[str] | None = None) -> int:
    """Run the simulation over the folders that have networks."""
    parser = argparse.ArgumentParser(prog="python -m tests.precision", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="", help="only folders whose name contains this")
    options = parser.parse_args(arguments)
    for folder in model_folders(options.folder):
        if options.model in folder.name:
            _run(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
