"""Command line: ``python -m tests.parity FOLDER [--model NAME] [--implementation KIND] [--only NAME]``."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from tests.parity.implementations import KINDS
from tests.parity.report import table
from tests.parity.runner import Result, model_folders, run_folder


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.parity", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of model folders, e.g. tests/data/parity")
    parser.add_argument("--only", default="", metavar="NAME", help="compare arrays whose name contains NAME")
    parser.add_argument("--model", default="", metavar="NAME", help="run model folders whose name contains NAME")
    parser.add_argument("--implementation", choices=KINDS, help="run this kind alone instead of all that are here")
    options = parser.parse_args(arguments)
    if not options.folder.is_dir():
        parser.error(f"{options.folder} is not a folder")
    return options


def _progress(name: str, result: Result, seconds: float) -> None:
    """Say what one folder gave that the table does not show."""
    print(f"{name}: {len(result.rows)} comparisons in {seconds:.1f} s", file=sys.stderr)
    for implementation, reason in result.absent.items():
        print(f"{name}: {implementation} did not run: {reason}", file=sys.stderr)
    if result.unchecked:
        print(f"{name}: not compared: {', '.join(result.unchecked)}", file=sys.stderr)


def main(arguments: list[str] | None = None) -> int:
    """Run the fixtures of a folder and return the exit status: 0 all hold, 1 a miss, 2 nothing to run."""
    options = _arguments(arguments)
    kinds = (options.implementation,) if options.implementation else KINDS
    narrowed = bool(options.only or options.implementation)
    results: dict[str, Result] = {}
    unknown = []
    for folder in model_folders(options.folder):
        if options.model not in folder.name:
            continue
        start = time.perf_counter()
        result = run_folder(folder, options.only, kinds)
        if result is None:
            unknown.append(folder.name)
            continue
        # A folder that was narrowed to nothing was not asked for; any other that compares nothing is a miss.
        if result.rows or result.errors or not narrowed:
            results[folder.name] = result
            _progress(folder.name, result, time.perf_counter() - start)
    return _conclude(results, unknown, narrowed)


def _conclude(results: dict[str, Result], unknown: list[str], narrowed: bool) -> int:
    """Print the table and what stands below it; return the exit status."""
    rows = [row for result in results.values() for row in result.rows]
    broken = [(f"{name} ({how})", e) for name, result in results.items() for how, e in result.errors.items()]
    if rows:
        print(table(rows))
    for name, error in broken:
        print(f"\n{name} broke:\n{error}")
    if unknown:
        print(f"\nnot known yet, not run: {', '.join(unknown)}")
    if not rows and not broken:
        print("nothing was compared")
        return 2
    held = sum(row.ok for row in rows)
    print(f"\n{held} of {len(rows)} comparisons hold" + (f", {len(broken)} implementations broke" if broken else ""))
    missed = (
        bool(result.errors or result.failures) if narrowed and not result.ok else not result.ok
        for result in results.values()
    )
    return int(any(missed))


if __name__ == "__main__":
    sys.exit(main())
